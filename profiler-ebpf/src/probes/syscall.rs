//! System calls: count, failures, on-CPU and blocked time of each; event loops; goroutines.
//!
//! Hooks: `sys_enter`, `sys_exit`.
//! Writes: `THREADS` (system call under way), `CALLS`, `SYSCALLS`, `ERRORS`, `EVENT_LOOPS`, and by
//! `probes::site` `MEMORY_STACKS`. By `probes::off_cpu` it notes kept waits, and by `timeline`
//! events.

use crate::config::{GOROUTINE_PAIRING, OFF_REGS_G, OFF_REGS_NR, PAIRING, WALKS_STACKS};
use crate::hook::{Access, Args, hooks};
use crate::maps::{
    CALLS, ERRORS, EVENT_LOOPS, FREE_EVENT_LOOPS, SYSCALLS, count, entry, slot, tally,
};
use crate::probes::fault::account_faults;
use crate::probes::off_cpu;
use crate::probes::site::add_memory_call;
use crate::probes::socket::datagrams::add_datagrams;
use crate::probes::socket::splice::{moves_pages, splice_moved};
use crate::timeline;
use crate::track::{Tracked, current, in_slot, now};
use profiler_common::call_site::{manages_memory, populates_memory};
use profiler_common::event_loop::{NO_ROW, NO_ROW_LEFT, waits_for_events};
use profiler_common::syscall::{
    CallTime, HOT_SYSCALLS, error_key, hot_index, key, moves_data, names_a_peer,
};
use profiler_common::thread::{FLAG_FAULT_OPEN, FLAG_FAULTS_BASE, FLAG_IN_SYSCALL};
use profiler_common::timeline::EventKind;
use profiler_common::{EventLoop, Slot, SyscallStat};

hooks! {
    "sys_enter" => enter as sys_enter, sys_enter_raw;
    "sys_exit" => leave as sys_exit, sys_exit_raw;
}

/// Results above this are negated error numbers.
const MAX_ERRNO: u64 = 4095;

#[inline(always)]
fn enter<A: Access>(args: Args<A>) {
    let Some(thread) = current() else { return };
    let (nr, now) = (args.word::<1>() as u32, now());
    // The first look gives the count that all later ones are compared with.
    if thread.has(FLAG_FAULT_OPEN) || !thread.has(FLAG_FAULTS_BASE) {
        account_faults(slot_of(thread));
    }
    if PAIRING.load() == GOROUTINE_PAIRING && moves_data(nr) {
        run_goroutine(thread, args.object::<0>().read(OFF_REGS_G.load()));
    }
    if waits_for_events(nr)
        && let Some(event_loop) = event_loop_of(thread)
    {
        event_loop.end_iteration(now);
    }
    thread.enter(nr, now);
    timeline::add(EventKind::Enter, thread.tid().get(), now, (nr.into(), 0));
}

/// Calls of Go's scheduler are left out, so that a goroutine that waits and goes on is no switch.
#[inline(always)]
fn run_goroutine(thread: Tracked, goroutine: u64) {
    let before = thread.goroutine().replace(goroutine);
    if before != goroutine && before != 0 {
        count(|counters| counters.goroutine_switches += 1);
    }
}

#[inline(always)]
fn leave<A: Access>(args: Args<A>) {
    let Some(thread) = current() else { return };
    if !thread.returns() {
        return;
    }
    if !thread.has(FLAG_IN_SYSCALL) {
        // Entered before it was first seen.
        let nr: u32 = args.object::<0>().read(OFF_REGS_NR.load());
        thread.syscall_nr().set(nr);
    }
    let now = now();
    let nr = thread.syscall_nr().get();
    if thread.has(FLAG_FAULT_OPEN) || populates_memory(nr) {
        account_faults(slot_of(thread));
    }
    let took = thread.exit(now);
    let result = args.word::<1>();
    let numbers = (nr.into(), result);
    timeline::add(EventKind::Exit, thread.tid().get(), now, numbers);
    let failed = result > u64::MAX - MAX_ERRNO;
    if waits_for_events(nr) {
        begin_loop_iteration(slot_of(thread), now, result, took.blocked_ns);
    }
    record(thread, took, if failed { 0 } else { result });
    if took.blocked_ns != 0 {
        off_cpu::note_end(thread);
    }
    // Read again: the verifier would follow the rest once for each number that it has met.
    let (nr, result) = (thread.syscall_nr().get(), args.word::<1>());
    if result > u64::MAX - MAX_ERRNO {
        let key = error_key(nr, result.wrapping_neg() as u32);
        tally(&ERRORS, &key, |counters| counters.lost_syscalls += 1);
    } else if moves_pages(nr) && result != 0 {
        splice_moved(args.address::<0>(), slot_of(thread), nr.into(), result);
    } else if names_a_peer(nr) {
        account_datagrams(args, thread, result);
    } else if WALKS_STACKS.load() == 1 && manages_memory(nr) {
        add_memory_call(args.address::<0>(), slot_of(thread), result);
    }
}

/// Slot of a thread, as global functions take it. They read all that rare calls need: the verifier
/// follows them once, and not after each of the ways that lead to them.
#[inline(always)]
fn slot_of(thread: Tracked) -> u64 {
    thread.slot().get().into()
}

/// Adds the datagrams of a call to their peers. Most calls over sockets move none.
#[inline(always)]
fn account_datagrams<A: Access>(args: Args<A>, thread: Tracked, result: u64) {
    let bytes = thread.datagram_bytes().replace(0);
    if bytes != 0 {
        add_datagrams(args.address::<0>(), slot_of(thread), result, bytes.into());
    }
}

/// Begins an iteration of a thread's event loop, after a wait that gave `result`. A global
/// function, which the kernel verifies once.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn begin_loop_iteration(slot: u64, now: u64, result: u64, blocked_ns: u64) -> u64 {
    if let Some(thread) = in_slot(slot as u32) {
        let events = (result <= u64::MAX - MAX_ERRNO).then_some(result);
        begin_iteration(thread, now, events, blocked_ns != 0);
    }
    0
}

#[inline(always)]
fn begin_iteration(thread: Tracked, now: u64, events: Option<u64>, slept: bool) {
    if thread.event_loop_row().get() == NO_ROW {
        take_row(thread);
    }
    if let Some(event_loop) = event_loop_of(thread) {
        event_loop.begin_iteration(now, events, slept);
    }
}

#[inline(always)]
fn take_row(thread: Tracked) {
    let row = FREE_EVENT_LOOPS.pop().ok().flatten();
    let row = row.map_or(NO_ROW_LEFT, |row| row as u16);
    thread.event_loop_row().set(row);
    if let Some(event_loop) = event_loop_of(thread) {
        event_loop.serial().set(thread.serial().get());
    }
}

#[inline(always)]
fn event_loop_of(thread: Tracked) -> Option<Slot<'static, EventLoop>> {
    let row = thread.event_loop_row().get();
    if row == NO_ROW {
        return None;
    }
    slot(&EVENT_LOOPS, row.into())
}

#[inline(always)]
fn record(thread: Tracked, took: CallTime, result: u64) {
    let nr = thread.syscall_nr().get();
    let key = key(thread.serial().get(), nr);
    let stat = match hot_index(nr) {
        Some(index) => slot(&CALLS, row_of(thread) + index),
        None => entry(&SYSCALLS, key),
    };
    if let Some(stat) = stat {
        stat.add(took, result);
    } else if SYSCALLS
        .insert(key, SyscallStat::of(took, result), 0)
        .is_err()
    {
        count(|counters| counters.lost_syscalls += 1);
    }
}

/// Ends the work of an io_uring worker, which is one call of the thread.
#[inline(always)]
pub fn end_worker(thread: Tracked, now: u64) {
    let took = thread.exit(now);
    record(thread, took, 0);
}

/// First index of a thread's row in `CALLS`.
#[inline(always)]
fn row_of(thread: Tracked) -> u32 {
    thread.slot().get() * HOT_SYSCALLS.len() as u32
}

/// Copies an ending thread's row of `CALLS` to `SYSCALLS`, and clears it for the next thread.
#[inline(always)]
pub fn keep_hot_syscalls(thread: Tracked) {
    for (index, nr) in (row_of(thread)..).zip(HOT_SYSCALLS) {
        let Some(stat) = slot(&CALLS, index) else {
            return;
        };
        if stat.count().get() == 0 {
            continue;
        }
        let key = key(thread.serial().get(), nr);
        if SYSCALLS.insert(key, stat.load(), 0).is_err() {
            count(|counters| counters.lost_syscalls += 1);
        }
        stat.store(SyscallStat::default());
    }
}
