//! Garbage collections: when a thread begins one and when it is done.
//!
//! Hooks: uprobe and uretprobe on a function that V8 and CPython call once for each collection.
//! Writes: `GC_CALLS`, `GC_OPEN`.

use crate::maps::{GC_CALLS, GC_OPEN};
use crate::track::{Tracked, current, now};
use aya_ebpf::macros::{uprobe, uretprobe};
use aya_ebpf::programs::{ProbeContext, RetProbeContext};
use profiler_common::gc_calls::GcCall;

/// A thread begins to collect.
#[uprobe]
pub fn gc_begin(_ctx: ProbeContext) -> u32 {
    if let Some(thread) = current() {
        begin(thread);
    }
    0
}

/// A thread is done. A collection that began before the window is not known and does not count.
#[uretprobe]
pub fn gc_end(_ctx: RetProbeContext) -> u32 {
    if let Some(thread) = current() {
        end(thread);
    }
    0
}

#[inline(always)]
fn begin(thread: Tracked) {
    let serial = thread.serial().get();
    if let Some(open) = GC_OPEN.get_ptr_mut(serial) {
        // SAFETY: the entry is this thread's own, and an entry of a preallocated hash stays in
        // place.
        unsafe { (*open).inner += 1 };
        return;
    }
    let now = now();
    let call = GcCall {
        began_ns: now,
        on_cpu_ns: thread.on_cpu_at(now),
        faults: faults(thread),
        inner: 0,
    };
    // Without room the collection does not count, since its end finds no beginning.
    let _ = GC_OPEN.insert(serial, call, 0);
}

#[inline(always)]
fn end(thread: Tracked) {
    let serial = thread.serial().get();
    let Some(open) = GC_OPEN.get_ptr_mut(serial) else {
        return;
    };
    // SAFETY: the entry is this thread's own, and an entry of a preallocated hash stays in place.
    let call = unsafe { &mut *open };
    if !call.returns() {
        return;
    }
    if let Some(calls) = GC_CALLS.get_ptr_mut(0) {
        let now = now();
        // SAFETY: the entry is this CPU's own, and no program interrupts this one.
        let calls = unsafe { &mut *calls };
        calls.add(call, now, thread.on_cpu_at(now), faults(thread));
    }
    let _ = GC_OPEN.remove(serial);
}

#[inline(always)]
fn faults(thread: Tracked) -> u32 {
    let user = thread.faults_user().get();
    user.wrapping_add(thread.faults_kernel().get())
}
