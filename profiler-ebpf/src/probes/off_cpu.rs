//! Off-CPU stacks: where threads waited, for how long, and who ended the wait.
//!
//! The waker decides whether a wait is kept, since it knows its length. It reads the sleeper's
//! stack in the kernel, which stands still, and the user code of the running thread. The sleeper
//! reads the stack of its user code itself when its system call returns: its memory belongs to
//! another address space before.
//!
//! Hooks: `sys_exit`, after the program of system calls; `sched_waking` calls it too.
//! Writes: `WAIT_SAMPLER`, `OPEN_WAITS`, `WAIT_RETURNS`, `WAITS`, by `wait_stack.rs` the stacks,
//! and by `wait_object.rs` files and peers.

use crate::config::{KEEPS_STACKS, OFF_CPU_STACKS, OFF_REGS_DI};
use crate::hook::{Access, Args, Object, hooks};
use crate::maps::{OPEN_WAITS, WAIT_RETURNS, WAIT_SAMPLER, WAITS, count, entry, slot};
use crate::probes::stack::{KERNEL, USER};
use crate::probes::wait_object::wait_object;
use crate::probes::wait_stack::{OF_SLEEPER, sleep_stack, user_stack, waker_stack};
use crate::track::{Tracked, current};
use aya_ebpf::helpers::generated::bpf_get_prandom_u32;
use core::ffi::c_void;
use profiler_common::numbers::FUTEX;
use profiler_common::off_cpu::{Kept, NO_CALL, WAKER_INTERRUPT, WAKER_TIMER, timed_out};
use profiler_common::thread::{FLAG_IN_SYSCALL, OFF_CPU, OFF_CPU_MIGRATED};
use profiler_common::{OpenWait, Slot, WaitKey, WaitSum};

/// Decides about the wait that this wake-up ends. `waker` is the running thread, if it is tracked,
/// and `waker_id` stands for it in any case.
#[inline(always)]
pub fn woken<A: Access>(
    ctx: *mut c_void,
    (wakee, task): (Tracked, Object<A>),
    (waker, waker_id): (Option<Tracked>, u32),
    now: u64,
) {
    let state = wakee.state().get();
    if OFF_CPU_STACKS.load() == 0 || state != OFF_CPU && state != OFF_CPU_MIGRATED {
        return;
    }
    let Some(sampler) = WAIT_SAMPLER.get_ptr_mut(0) else {
        return;
    };
    // SAFETY: the entry is this CPU's own, and interrupts are off.
    let sampler = unsafe { &mut *sampler };
    // SAFETY: the helper takes no argument and cannot fail.
    let random = unsafe { bpf_get_prandom_u32() };
    let length = now.saturating_sub(wakee.since_ns().get());
    let Some(kept) = sampler.judge(length, random, now) else {
        return;
    };
    if let Some(open) = slot(&OPEN_WAITS, wakee.slot().get()) {
        keep(ctx, open, (wakee, task), (waker, waker_id), kept);
    }
}

/// Adds a kept wait to the open one of its thread, with the stacks that are known at the wake-up.
#[inline(always)]
fn keep<A: Access>(
    ctx: *mut c_void,
    open: Slot<'static, OpenWait>,
    (wakee, task): (Tracked, Object<A>),
    (waker, waker_id): (Option<Tracked>, u32),
    kept: Kept,
) {
    // A thread that runs outside of a system call was interrupted.
    let (waker, waker_id) = match waker {
        Some(waker) if !waker.has(FLAG_IN_SYSCALL) => (None, WAKER_INTERRUPT),
        waker => (waker, waker_id),
    };
    let same = open.serial().get() == wakee.serial().get() && open.waker().get() == waker_id;
    let more = open.off_cpu_ns().get() != 0;
    if more && !same {
        // It waited several times in one call, or outside of one. Its stack of user code and its
        // descriptor are known at the end of a call only.
        close(open, (0, 0), open.nr().get());
    }
    let adds = more && same;
    if !adds {
        open.off_cpu_ns().set(0);
        open.waits().set(0);
        open.kept().set(0);
    }
    let sleep = if KEEPS_STACKS.load() & KERNEL != 0 {
        sleep_stack(task)
    } else {
        0
    };
    let waker_stack = match waker {
        Some(waker) if KEEPS_STACKS.load() & USER != 0 => waker_stack(ctx, waker),
        _ => 0,
    };
    open.off_cpu_ns().add(kept.off_cpu_ns);
    open.waits().add(kept.waits);
    open.kept().add(1);
    open.sleep().set(sleep);
    open.waker_stack().set(waker_stack);
    open.serial().set(wakee.serial().get());
    open.waker().set(waker_id);
    let waker_nr = match waker {
        Some(waker) => waker.syscall_nr().get(),
        None => NO_CALL,
    };
    open.waker_nr().set(waker_nr);
    let nr = if wakee.has(FLAG_IN_SYSCALL) {
        wakee.syscall_nr().get()
    } else {
        NO_CALL
    };
    open.nr().set(nr);
}

hooks! {
    "sys_exit" => returned as sys_exit_wait, sys_exit_wait_raw;
}

/// Notes that a kept wait of the thread has ended, for `sys_exit_wait`, which runs next. That is a
/// separate program, since the verifier limits the instructions and the stack of each program.
#[inline(always)]
pub fn note_end(thread: Tracked) {
    if OFF_CPU_STACKS.load() == 0 {
        return;
    }
    if let Some(open) = slot(&OPEN_WAITS, thread.slot().get())
        && open.off_cpu_ns().get() != 0
        && let Some(note) = WAIT_RETURNS.get_ptr_mut(0)
    {
        // SAFETY: the number is this CPU's own.
        unsafe { note.write_volatile(thread.slot().get() + 1) };
    }
}

/// Returns the running thread, if `sys_exit` has noted an ended wait of it. A thread that was
/// migrated since leaves its wait open.
#[inline(always)]
fn noted() -> Option<Tracked> {
    let note = WAIT_RETURNS.get_ptr_mut(0)?;
    // SAFETY: the number is this CPU's own.
    let noted = unsafe { note.read_volatile() };
    if noted == 0 {
        return None;
    }
    // SAFETY: as above.
    unsafe { note.write_volatile(0) };
    current().filter(|thread| thread.slot().get() + 1 == noted)
}

/// Counts the kept wait of a system call that returns.
#[inline(always)]
fn returned<A: Access>(args: Args<A>) {
    let Some(thread) = noted() else { return };
    let Some(open) = slot(&OPEN_WAITS, thread.slot().get()) else {
        return;
    };
    if open.serial().get() != thread.serial().get() {
        // Its thread has ended, and this one has its slot.
        return close(open, (0, 0), open.nr().get());
    }
    let (registers, result) = (args.object::<0>(), args.word::<1>());
    let nr = thread.syscall_nr().get();
    if timed_out(nr, result) {
        open.waker().set(WAKER_TIMER);
        open.waker_stack().set(0);
        open.waker_nr().set(NO_CALL);
    }
    let stack = if KEEPS_STACKS.load() & USER != 0 {
        user_stack(args.context(), thread, registers, OF_SLEEPER)
    } else {
        0
    };
    let object = if nr == FUTEX {
        registers.read(OFF_REGS_DI.load())
    } else {
        wait_object(args.address::<0>(), thread.slot().get().into())
    };
    close(open, (stack, object), nr);
}

/// Counts an open wait, with the hash of the stack of the sleeper's user code and the object that
/// it waited for.
#[inline(always)]
fn close(open: Slot<'static, OpenWait>, (stack, object): (u64, u64), nr: u32) {
    let off_cpu_ns = open.off_cpu_ns().replace(0);
    let (waits, kept) = (open.waits().get(), u64::from(open.kept().get()));
    let key = &WaitKey {
        stack,
        sleep: open.sleep().get(),
        waker_stack: open.waker_stack().get(),
        object,
        serial: open.serial().get(),
        waker: open.waker().get(),
        nr,
        waker_nr: open.waker_nr().get(),
    };
    if let Some(sum) = entry(&WAITS, key) {
        sum.off_cpu_ns().add_shared(off_cpu_ns);
        sum.waits().add_shared(waits);
        sum.kept().add_shared(kept);
        return;
    }
    let sum = WaitSum {
        off_cpu_ns,
        waits,
        kept,
    };
    if WAITS.insert(key, sum, 0).is_err() {
        count(|counters| counters.lost_waits += 1);
    }
}
