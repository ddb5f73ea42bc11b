//! Call stacks of CPU samples, by frame pointers, and of Python by its own list of frames.
//!
//! Hooks: none; `cpu_clock` calls it.
//! Writes: `STACKS`, `STACK_COUNTS`, `STACK_SCRATCH`, and by `python.rs` `PYTHON_STACKS`.

use crate::config::{GC_THREAD_COMM, KEEPS_STACKS};
use crate::maps::{GC_BURSTS, STACK_COUNTS, STACK_SCRATCH, STACKS, count, slot, tally};
use crate::probes::python;
use crate::probes::site::user;
use crate::track::Tracked;
use aya_ebpf::EbpfContext;
use aya_ebpf::bindings::{BPF_F_USER_STACK, BPF_NOEXIST};
use aya_ebpf::helpers::generated::bpf_get_stack;
use aya_ebpf::programs::PerfEventContext;
use profiler_common::StackKey;
use profiler_common::call_stack::{HASH_SEED, IN_GC, KERNEL_FRAMES, USER_FRAMES, mix};
use profiler_common::thread::FLAG_READ;

/// Bit of `config::KEEPS_STACKS`: stacks of user code.
const USER: u8 = 1;
/// Bit of `config::KEEPS_STACKS`: stacks of the kernel.
const KERNEL: u8 = 2;

/// Counts a sample by its call stack. `kernel`: it was taken in the kernel. `stack_pointer` is that
/// of the user code, 0 where it is not known.
#[inline(always)]
pub fn add(ctx: &PerfEventContext, thread: Tracked, flags: u32, kernel: bool, stack_pointer: u64) {
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
    thread.change_flags(FLAG_READ, 0);
    stack.user_len = if wanted & USER != 0 {
        frames(ctx, &mut stack.user, BPF_F_USER_STACK.into())
    } else {
        0
    };
    stack.kernel_len = if kernel && wanted & KERNEL != 0 {
        frames(ctx, &mut stack.kernel, 0)
    } else {
        0
    };
    stack.top = if stack_pointer == 0 {
        0
    } else {
        user(stack_pointer)
    };
    let hash = hash_of(
        &stack.kernel[..],
        stack.kernel_len,
        hash_of(&stack.user[..], stack.user_len, mix(HASH_SEED, stack.top)),
    );
    let hash = match wanted & USER {
        0 => hash,
        _ => python::add(thread.tid().get(), thread.tgid().get(), hash),
    };
    thread.change_flags(0, FLAG_READ);
    let stack = &*stack;
    if STACKS.get_ptr(hash).is_none()
        && STACKS.insert(hash, stack, BPF_NOEXIST.into()).is_err()
        && STACKS.get_ptr(hash).is_none()
    {
        count(|counters| counters.lost_stacks += 1);
        return;
    }
    let key = StackKey {
        hash,
        serial: thread.serial().get(),
        flags: flags | if collects_garbage() { IN_GC } else { 0 },
    };
    tally(&STACK_COUNTS, &key, |counters| counters.lost_stacks += 1);
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
