//! Frames of Python code, from the list that CPython keeps.
//!
//! Hooks: none; `cpu_clock` calls it by `stack.rs`, `sched_waking` and `sys_exit` by
//! `wait_stack.rs`.
//! Writes: `PYTHON_STACKS`, `PYTHON_SCRATCH`.

use crate::maps::{HAS_PYTHON, PYTHON_SCRATCH, PYTHON_STACKS, PYTHON_THREADS, slot};
use crate::probes::site::user;
use aya_ebpf::bindings::BPF_NOEXIST;
use profiler_common::Slot;
use profiler_common::call_stack::mix;
use profiler_common::python::PYTHON_MARK;

/// Where Python frames are read to. Programs that may interrupt each other use different places.
#[repr(u32)]
#[derive(Clone, Copy)]
pub enum Scratch {
    /// That of CPU samples.
    Sample = 0,
    /// That of wakers.
    Waker = 1,
    /// That of sleepers.
    Sleeper = 2,
}

/// Keeps the Python frames of the running thread, and returns the hash of its stack with them:
/// `hash` itself where the thread runs no Python.
///
/// The thread may be in the middle of a change of the list. So the loader keeps only addresses that
/// are code objects.
#[inline(always)]
pub fn add(tid: u32, tgid: u32, hash: u64, scratch: Scratch) -> u64 {
    add_python_stack(tid.into(), tgid.into(), hash, scratch as u64)
}

/// Does the work of [`add`]. A global function, which the kernel verifies once.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn add_python_stack(tid: u64, tgid: u64, hash: u64, scratch: u64) -> u64 {
    if slot(&HAS_PYTHON, 0).is_none_or(|has: Slot<'_, u64>| has.load() == 0) {
        return hash;
    }
    let (tid, tgid, scratch) = (tid as u32, tgid as u32, scratch as u32);
    let Some(thread) = PYTHON_THREADS.get_ptr(tid) else {
        return hash;
    };
    // SAFETY: a look-up in a map gives aligned memory that outlives the program's run. The loader
    // changes it while a thread begins Python, and a torn value leads to no code object.
    let thread = unsafe { thread.read_volatile() };
    let Some(scratch) = PYTHON_SCRATCH.get_ptr_mut(scratch) else {
        return hash;
    };
    // SAFETY: the entry is this CPU's own, and no program interrupts another one that uses it.
    let stack = unsafe { &mut *scratch };
    let holder = match thread.holder {
        0 => thread.state,
        holder => user(thread.state.wrapping_add(holder.into())),
    };
    let mut frame: u64 = user(holder.wrapping_add(thread.frame.into()));
    let mut with_python = mix(hash, PYTHON_MARK);
    let mut length = 0;
    for place in &mut stack.code {
        if frame == 0 {
            break;
        }
        let mut code: u64 = user(frame.wrapping_add(thread.code.into()));
        if thread.entry != 0 {
            let entry: u8 = user(frame.wrapping_add(thread.entry.into()));
            code |= u64::from(entry & 1);
        }
        *place = code;
        with_python = mix(with_python, code);
        length += 1;
        frame = user(frame.wrapping_add(thread.previous.into()));
    }
    if length == 0 {
        return hash;
    }
    (stack.tgid, stack.length) = (tgid, length);
    let stack = &*stack;
    if PYTHON_STACKS.get_ptr(with_python).is_none() {
        let _ = PYTHON_STACKS.insert(with_python, stack, BPF_NOEXIST.into());
    }
    with_python
}
