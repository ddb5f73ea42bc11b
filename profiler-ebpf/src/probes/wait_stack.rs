//! The stacks of a kept wait.
//!
//! Hooks: none; `off_cpu.rs` calls it.
//! Writes: `WAIT_STACKS`, `SLEEP_STACKS`, `WAIT_SCRATCH`, `SLEEP_SCRATCH`, and by `python.rs`
//! `PYTHON_STACKS`.

use crate::config::{OFF_REGS_BP, OFF_REGS_SP, READS_REGISTERS};
use crate::hook::{Access, Direct, Object};
use crate::maps::{SLEEP_SCRATCH, SLEEP_STACKS, WAIT_SCRATCH, WAIT_STACKS, count};
use crate::probes::python::{self, Scratch};
use crate::probes::site::is_return_address;
use crate::track::Tracked;
use aya_ebpf::bindings::{BPF_F_USER_STACK, BPF_NOEXIST};
use aya_ebpf::helpers::generated::{
    bpf_get_current_task_btf, bpf_get_stack, bpf_probe_read_user, bpf_task_pt_regs,
};
use core::ffi::c_void;
use profiler_common::WaitStack;
use profiler_common::call_stack::{HASH_SEED, mix};
use profiler_common::off_cpu::{NEAR_WORDS, SLEEP_FRAMES};
use profiler_common::slot::opaque;

/// Entry of the scratch space of a waker, which may interrupt a system call's return.
const OF_WAKER: u32 = 0;
/// Entry of the scratch space of a sleeper.
pub const OF_SLEEPER: u32 = 1;

/// Keeps the stack in the kernel of a task that sleeps; returns its hash, or 0 without one.
#[inline(always)]
pub fn sleep_stack<A: Access>(task: Object<A>) -> u64 {
    let Some(scratch) = SLEEP_SCRATCH.get_ptr_mut(0) else {
        return 0;
    };
    // SAFETY: the entry is this CPU's own, and interrupts are off.
    let stack = unsafe { &mut *scratch };
    stack.length = A::task_stack(task, &mut stack.frames);
    if stack.length == 0 {
        return 0;
    }
    let hash = hash_of_sleep();
    // SAFETY: as above.
    let stack = unsafe { &*scratch };
    if SLEEP_STACKS.get_ptr(hash).is_none()
        && SLEEP_STACKS
            .insert(hash, stack, BPF_NOEXIST.into())
            .is_err()
        && SLEEP_STACKS.get_ptr(hash).is_none()
    {
        count(|counters| counters.lost_wait_stacks += 1);
        return 0;
    }
    hash
}

/// Returns the hash of the stack in this CPU's scratch space. A global function, which the kernel
/// verifies once: a loop that may end early is followed by as many ways through the rest.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn hash_of_sleep() -> u64 {
    let Some(scratch) = SLEEP_SCRATCH.get_ptr_mut(0) else {
        return 0;
    };
    // SAFETY: the entry is this CPU's own, and interrupts are off.
    let stack = unsafe { &*scratch };
    let mut hash = mix(HASH_SEED, stack.length.into());
    for place in 0..SLEEP_FRAMES {
        if place as u32 >= stack.length {
            break;
        }
        hash = mix(hash, stack.frames[place]);
    }
    hash
}

/// Keeps the user code of the running thread, which wakes another; returns the hash of its stack.
#[inline(always)]
pub fn waker_stack(ctx: *mut c_void, waker: Tracked) -> u64 {
    if READS_REGISTERS.load() == 0 {
        return 0;
    }
    // SAFETY: the helper takes no argument and cannot fail.
    let task = unsafe { bpf_get_current_task_btf() };
    // SAFETY: the helper takes a task, which the helper before returned.
    let registers = unsafe { bpf_task_pt_regs(task) };
    let registers: Object<Direct> = Object::at(registers as *const u8);
    user_stack(ctx, waker, registers, OF_WAKER)
}

/// Keeps the user code of the running thread; returns the hash of its stack, or 0 without one.
#[inline(always)]
pub fn user_stack<A: Access>(
    ctx: *mut c_void,
    thread: Tracked,
    registers: Object<A>,
    scratch: u32,
) -> u64 {
    let Some(place) = WAIT_SCRATCH.get_ptr_mut(scratch) else {
        return 0;
    };
    // SAFETY: the entry is this CPU's own. A waker runs with interrupts off, and only a waker
    // interrupts a sleeper.
    let stack = unsafe { &mut *place };
    // A page fault while the stack is read looks at the flag.
    let outer = thread.begin_read();
    read_chain(ctx, stack);
    let hash = read_top(
        scratch.into(),
        registers.read(OFF_REGS_SP.load()),
        registers.read(OFF_REGS_BP.load()),
    );
    let python = if scratch == OF_WAKER {
        Scratch::Waker
    } else {
        Scratch::Sleeper
    };
    let hash = python::add(thread.tid().get(), thread.tgid().get(), hash, python);
    thread.end_read(outer);
    // SAFETY: as above; `read_top` has ended.
    let stack = unsafe { &*place };
    if WAIT_STACKS.get_ptr(hash).is_none()
        && WAIT_STACKS.insert(hash, stack, BPF_NOEXIST.into()).is_err()
        && WAIT_STACKS.get_ptr(hash).is_none()
    {
        count(|counters| counters.lost_wait_stacks += 1);
        return 0;
    }
    hash
}

/// Looks for return addresses on top of the stack, and returns the hash of all in this CPU's
/// scratch space. A global function, as [`hash_of_sleep`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn read_top(scratch: u64, top: u64, frame: u64) -> u64 {
    let Some(place) = WAIT_SCRATCH.get_ptr_mut(scratch as u32) else {
        return 0;
    };
    // SAFETY: as in the only caller, which does not use its reference meanwhile.
    let stack = unsafe { &mut *place };
    read_near(top, frame, stack);
    hash_of(stack)
}

#[inline(always)]
fn read_chain(ctx: *mut c_void, stack: &mut WaitStack) {
    const WORD: u32 = size_of::<u64>() as u32;
    let size = size_of_val(&stack.chain) as u32;
    let place = stack.chain.as_mut_ptr().cast();
    // SAFETY: the helper writes at most `size` bytes, which the chain has.
    let read = unsafe { bpf_get_stack(ctx, place, size, BPF_F_USER_STACK.into()) };
    stack.chain_len = if read > 0 { read as u32 / WORD } else { 0 };
}

/// Looks for return addresses on top of the stack, up to the frame that the frame pointer shows. A
/// register that points elsewhere is no frame pointer.
#[inline(always)]
fn read_near(top: u64, frame: u64, stack: &mut WaitStack) {
    let size = size_of_val(&stack.near) as u32;
    let place = stack.near.as_mut_ptr().cast();
    // SAFETY: the helper writes `size` bytes, which the array has. Where it fails, it clears them.
    let _ = unsafe { bpf_probe_read_user(place, size, top as *const _) };
    let below = frame.wrapping_sub(top);
    let limit = if below.is_multiple_of(8) && below < NEAR_BYTES {
        below
    } else {
        NEAR_BYTES
    };
    for index in 0..NEAR_WORDS {
        let word = stack.near[index] & mask_below(index as u64 * 8, limit);
        if !may_be_code(word, top) || is_return_address(word) == 0 {
            stack.near[index] = 0;
        }
    }
}

/// Bytes of the words on top of the stack.
const NEAR_BYTES: u64 = (NEAR_WORDS * size_of::<u64>()) as u64;

/// Returns all ones if `place` is below `limit`, else 0. Without a branch: the verifier would
/// follow each way through the loop for itself.
#[inline(always)]
fn mask_below(place: u64, limit: u64) -> u64 {
    opaque((place.wrapping_sub(limit) as i64 >> 63) as usize) as u64
}

/// Whether a word may be an address of code: no small number, no address of the kernel, and none
/// near the stack.
#[inline(always)]
fn may_be_code(word: u64, top: u64) -> bool {
    const LOWEST: u64 = 1 << 16;
    const HIGHEST: u64 = 1 << 47;
    const STACK: u64 = 1 << 16;
    (LOWEST..HIGHEST).contains(&word) && word.wrapping_sub(top.wrapping_sub(STACK)) > 2 * STACK
}

#[inline(always)]
fn hash_of(stack: &WaitStack) -> u64 {
    let mut hash = mix(HASH_SEED, stack.chain_len.into());
    for word in &stack.near {
        hash = mix(hash, *word);
    }
    for (place, frame) in stack.chain.iter().enumerate() {
        if place as u32 >= stack.chain_len {
            break;
        }
        hash = mix(hash, *frame);
    }
    hash
}
