//! Call stacks of CPU samples, by frame pointers, and of Python by its own list of frames.
//!
//! Hooks: none; `cpu_clock` calls it.
//! Writes: `STACKS`, `STACK_SCRATCH`, and by `python.rs` `PYTHON_STACKS`.

use crate::config::{GC_THREAD_COMM, KEEPS_STACKS, KERNEL_STACK_EVERY, STACK_MASK};
use crate::maps::{GC_BURSTS, STACK_SCRATCH, STACKS, STACKS_HALF, count, slot};
use crate::probes::python::{self, Scratch};
use crate::probes::site::user;
use crate::registers::{CALLS_PUSH, return_address};
use crate::track::Tracked;
use aya_ebpf::EbpfContext;
use aya_ebpf::bindings::BPF_F_USER_STACK;
use aya_ebpf::helpers::generated::{bpf_get_prandom_u32, bpf_get_stack};
use aya_ebpf::programs::PerfEventContext;
use profiler_common::call_stack::{
    CALLERS_UNREAD, HASH_SEED, IN_GC, KERNEL_FRAMES, STACK_PROBES, USER_FRAMES, mix, stack_key,
};
use profiler_common::{CallStack, Slot, StackEntry};

/// Bit of `config::KEEPS_STACKS`: stacks of user code.
pub const USER: u8 = 1;
/// Bit of `config::KEEPS_STACKS`: stacks of the kernel.
pub const KERNEL: u8 = 2;

/// Where user code was interrupted, or entered the kernel.
#[derive(Clone, Copy)]
pub struct UserCode {
    /// Its instruction.
    pub ip: u64,
    /// Its stack pointer.
    pub sp: u64,
    /// Its frame pointer.
    pub bp: u64,
}

/// Returns whether call stacks are kept.
#[inline(always)]
pub fn are_kept() -> bool {
    KEEPS_STACKS.load() != 0
}

/// Counts a sample by its call stack. `kernel` is the interrupted address there, if it was taken in
/// the kernel. `code` is absent where this kernel does not show the registers of user code.
#[inline(always)]
pub fn add(
    ctx: &PerfEventContext,
    thread: Tracked,
    flags: u32,
    kernel: Option<u64>,
    code: Option<UserCode>,
) {
    let wanted = KEEPS_STACKS.load();
    if wanted == 0 {
        return;
    }
    let Some(scratch) = STACK_SCRATCH.get_ptr_mut(0) else {
        return;
    };
    // SAFETY: the entry is this CPU's own, and no sample interrupts another.
    let stack = unsafe { &mut *scratch };
    // A page fault while the stack is read looks at the flag: a chain of frame pointers may end
    // anywhere.
    let outer = thread.begin_read();
    let mut hash = HASH_SEED;
    stack.user_len = match code {
        _ if wanted & USER == 0 => 0,
        Some(code) => walk(code, &mut stack.user, &mut hash),
        None => {
            let length = frames(ctx, &mut stack.user, BPF_F_USER_STACK.into());
            hash = hash_of(&stack.user[..], length, hash);
            length
        }
    };
    let (kernel_len, unread) = match kernel {
        Some(address) if wanted & KERNEL != 0 => kernel_frames(ctx, &mut stack.kernel, address),
        _ => (0, 0),
    };
    stack.kernel_len = kernel_len;
    stack.top = match code {
        Some(code) if CALLS_PUSH => user(code.sp),
        _ => 0,
    };
    let hash = hash_of(
        &stack.kernel[..],
        stack.kernel_len,
        mix(mix(hash, stack.user_len.into()), stack.top),
    );
    let hash = match wanted & USER {
        0 => hash,
        _ => {
            let (tid, tgid) = (thread.tid().get(), thread.tgid().get());
            python::add(tid, tgid, hash, Scratch::Sample)
        }
    };
    thread.end_read(outer);
    let sample = Sample {
        hash,
        serial: thread.serial().get(),
        flags: flags | unread | if collects_garbage() { IN_GC } else { 0 },
    };
    store(sample, stack);
}

/// A sample beside the frames of its stack.
#[derive(Clone, Copy)]
struct Sample {
    hash: u64,
    serial: u32,
    flags: u32,
}

/// Reads the frames of the kernel, or keeps the interrupted address alone; returns how many frames
/// there are, and a flag for the sample.
#[inline(always)]
fn kernel_frames<const N: usize>(
    ctx: &PerfEventContext,
    place: &mut [u64; N],
    address: u64,
) -> (u32, u32) {
    if reads_callers() {
        return (frames(ctx, place, 0), 0);
    }
    place[0] = address;
    (1, CALLERS_UNREAD)
}

/// Whether this sample in the kernel keeps its callers there.
#[inline(always)]
fn reads_callers() -> bool {
    let every = KERNEL_STACK_EVERY.load();
    // SAFETY: the helper takes no argument and cannot fail.
    every < 2 || unsafe { bpf_get_prandom_u32() }.is_multiple_of(every)
}

/// Counts a sample, and keeps its stack if it is new.
#[inline(always)]
fn store(sample: Sample, stack: &CallStack) {
    let key = stack_key(sample.hash, sample.serial, sample.flags);
    match find(key) {
        Some(Found::Samples(entry)) => entry.count().add_shared(1),
        Some(Found::Free(entry)) => {
            keep(entry, sample, stack);
            // From here on, other samples find it.
            entry.key().set(key);
        }
        None => count(|counters| counters.lost_stacks += 1),
    }
}

/// An entry of the table.
enum Found {
    /// That of the samples with a key.
    Samples(Slot<'static, StackEntry>),
    /// A free one, which no other program gets.
    Free(Slot<'static, StackEntry>),
}

/// Finds the entry of a key, or a free one.
#[inline(always)]
fn find(key: u64) -> Option<Found> {
    let mask = STACK_MASK.load();
    let half: Slot<'_, u64> = slot(&STACKS_HALF, 0)?;
    let start = (half.load() as u32 & 1) * (mask + 1);
    let first = (key >> 32) as u32;
    for step in 0..STACK_PROBES {
        let entry = slot(&STACKS, start + (first.wrapping_add(step) & mask))?;
        let held = entry.key().get();
        if held == key {
            return Some(Found::Samples(entry));
        }
        if held == 0 && entry.claims().fetch_add(1) == 0 {
            return Some(Found::Free(entry));
        }
    }
    None
}

/// Writes a stack and its first sample to an entry that no other sample finds yet.
#[inline(always)]
fn keep(entry: Slot<'_, StackEntry>, sample: Sample, stack: &CallStack) {
    entry.count().set(1);
    entry.hash().set(sample.hash);
    entry.serial().set(sample.serial);
    entry.flags().set(sample.flags);
    entry.top().set(stack.top);
    entry.user_len().set(stack.user_len);
    entry.kernel_len().set(stack.kernel_len);
    for (index, frame) in stack.user.iter().enumerate() {
        if index as u32 >= stack.user_len {
            break;
        }
        if let Some(place) = entry.user().at(index) {
            place.set(*frame);
        }
    }
    for (index, frame) in stack.kernel.iter().enumerate() {
        if index as u32 >= stack.kernel_len {
            break;
        }
        if let Some(place) = entry.kernel().at(index) {
            place.set(*frame);
        }
    }
}

/// Reads frames, innermost first; returns how many there are.
#[inline(always)]
fn frames<const N: usize>(ctx: &PerfEventContext, place: &mut [u64; N], flags: u64) -> u32 {
    const WORD: u32 = size_of::<u64>() as u32;
    let size = N as u32 * WORD;
    // SAFETY: the helper writes at most `size` bytes, which `place` has.
    let read = unsafe { bpf_get_stack(ctx.as_ptr(), place.as_mut_ptr().cast(), size, flags) };
    // It fails where there is no user stack, as for a thread of the kernel.
    if read > 0 { read as u32 / WORD } else { 0 }
}

/// Follows frame pointers from the innermost frame outward, as `bpf_get_stack` does, and adds each
/// frame to the hash. The helper reads the stack to another buffer first and clears the rest of
/// `place`: memory that no cache holds. Returns how many frames there are.
#[inline(always)]
fn walk<const N: usize>(code: UserCode, place: &mut [u64; N], hash: &mut u64) -> u32 {
    let (mut at, mut frame, mut length) = (code.ip, code.bp, 0);
    for place in place {
        if at == 0 {
            break;
        }
        *place = at;
        *hash = mix(*hash, at);
        length += 1;
        // A chain ends with 0. A read there would fault: longer than the whole walk.
        if frame == 0 {
            break;
        }
        [frame, at] = user(frame);
        at = return_address(at);
    }
    length
}

#[inline(always)]
fn hash_of(frames: &[u64], length: u32, seed: u64) -> u64 {
    let mut hash = mix(seed, length.into());
    for (place, frame) in frames.iter().enumerate() {
        if place as u32 >= length {
            break;
        }
        hash = mix(hash, *frame);
    }
    hash
}

/// Whether a gc thread is awake.
#[inline(always)]
fn collects_garbage() -> bool {
    GC_THREAD_COMM.load() != 0 && slot(&GC_BURSTS, 0).is_some_and(|bursts| bursts.is_active())
}

const _: () = assert!(USER_FRAMES + KERNEL_FRAMES < 128);
