//! Garbage collections: when a thread begins one and when it is done.
//!
//! Hooks: uprobe and uretprobe on a function that V8 and CPython call once for each collection;
//! uprobes where HotSpot begins and ends collections and safepoints.
//! Writes: `GC_CALLS`, `GC_OPEN`, `THREADS`, and by `timeline` events.

use crate::maps::{GC_CALLS, GC_OPEN};
use crate::timeline;
use crate::track::{Tracked, current, now};
use aya_ebpf::macros::{uprobe, uretprobe};
use aya_ebpf::programs::{ProbeContext, RetProbeContext};
use profiler_common::gc_calls::{COLLECTIONS, GcCall, SAFEPOINTS, key};
use profiler_common::timeline::EventKind;

/// A thread begins to collect.
#[uprobe]
pub fn gc_begin(_ctx: ProbeContext) -> u32 {
    if let Some(thread) = current() {
        begin(thread, COLLECTIONS);
    }
    0
}

/// A thread is done. A collection that began before the window is not known and does not count.
#[uretprobe]
pub fn gc_end(_ctx: RetProbeContext) -> u32 {
    if let Some(thread) = current() {
        end(thread, COLLECTIONS);
    }
    0
}

/// A thread is done: a place in code that it passes then.
#[uprobe]
pub fn gc_ended(_ctx: ProbeContext) -> u32 {
    if let Some(thread) = current() {
        end(thread, COLLECTIONS);
    }
    0
}

/// The JVM begins to stop the program's threads.
#[uprobe]
pub fn safepoint_begin(_ctx: ProbeContext) -> u32 {
    if let Some(thread) = current() {
        begin(thread, SAFEPOINTS);
    }
    0
}

/// The program's threads may run again.
#[uprobe]
pub fn safepoint_ended(_ctx: ProbeContext) -> u32 {
    if let Some(thread) = current() {
        end(thread, SAFEPOINTS);
    }
    0
}

#[inline(always)]
fn begin(thread: Tracked, of: u32) {
    let key = key(thread.serial().get(), of);
    if let Some(open) = GC_OPEN.get_ptr_mut(key) {
        // SAFETY: the entry is this thread's own, and an entry of a preallocated hash stays in
        // place.
        unsafe { (*open).inner += 1 };
        return;
    }
    let now = now();
    timeline::add(EventKind::GcBegin, thread.tid().get(), now, (of.into(), 0));
    let call = GcCall {
        began_ns: now,
        on_cpu_ns: thread.on_cpu_at(now),
        syscall_ns: thread.syscall_ns().get(),
        faults: faults(thread),
        inner: 0,
    };
    // Without room the collection does not count, since its end finds no beginning.
    let _ = GC_OPEN.insert(key, call, 0);
}

#[inline(always)]
fn end(thread: Tracked, of: u32) {
    let key = key(thread.serial().get(), of);
    let Some(open) = GC_OPEN.get_ptr_mut(key) else {
        return;
    };
    // SAFETY: the entry is this thread's own, and an entry of a preallocated hash stays in place.
    let call = unsafe { &mut *open };
    if !call.returns() {
        return;
    }
    if let Some(calls) = GC_CALLS.get_ptr_mut(of) {
        let now = now();
        let (on_cpu_ns, faults) = (thread.on_cpu_at(now), faults(thread));
        timeline::add(EventKind::GcEnd, thread.tid().get(), now, (of.into(), 0));
        // SAFETY: the entry is this CPU's own, and no program interrupts this one.
        let calls = unsafe { &mut *calls };
        calls.add(call, now, on_cpu_ns, faults);
        if of == COLLECTIONS {
            let outside_ns = call.outside_syscalls_ns(on_cpu_ns, thread.syscall_ns().get());
            thread.gc_ns().add(outside_ns);
            thread.gc_faults().add(call.faults_until(faults));
        }
    }
    let _ = GC_OPEN.remove(key);
}

#[inline(always)]
fn faults(thread: Tracked) -> u32 {
    let user = thread.faults_user().get();
    user.wrapping_add(thread.faults_kernel().get())
}
