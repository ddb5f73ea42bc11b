//! Adds events to the timeline. Without a timeline the verifier removes every call.

use crate::config::{TIMELINE, TIMELINE_ENTRIES};
use crate::maps::{TIMELINE_EVENTS, TIMELINE_HEADS, slot, window_start};
use crate::track::{Tracked, now};
use aya_ebpf::helpers::bpf_get_smp_processor_id;
use profiler_common::slot::fetch_add;
use profiler_common::timeline::{Event, EventKind, LEAST_STOLEN_NS};

/// Whether there is a timeline.
#[inline(always)]
pub fn is_on() -> bool {
    TIMELINE.load() == 1
}

/// Adds an event of a thread.
#[inline(always)]
pub fn add(kind: EventKind, tid: u32, now: u64, (first, second): (u64, u64)) {
    if is_on() && window_start().is_some() {
        push(now, u64::from(tid) << 32 | kind as u64, first, second);
    }
}

/// Adds an event of a thread that happens now.
#[inline(always)]
pub fn add_now(kind: EventKind, thread: Tracked, numbers: (u64, u64)) {
    if is_on() {
        add(kind, thread.tid().get(), now(), numbers);
    }
}

/// Returns how long a thread had a CPU without running, up to its last switch-out but for an
/// unknown constant; 0 without a timeline, and before the first switch-out.
#[inline(always)]
pub fn idle_on_cpu(thread: Tracked) -> u64 {
    match is_on() && thread.exec_ns().get() != 0 {
        true => {
            let had = thread.on_cpu_at_switch_out_ns().get();
            had.wrapping_sub(thread.exec_ns().get())
        }
        false => 0,
    }
}

/// Adds to the timeline how long a thread had its CPU without running since the switch-out before.
#[inline(always)]
pub fn add_stolen(thread: Tracked, before: u64, now: u64) {
    if !is_on() || before == 0 {
        return;
    }
    let stolen = idle_on_cpu(thread).wrapping_sub(before) as i64;
    if stolen >= LEAST_STOLEN_NS as i64 {
        let numbers = (stolen as u64, 0);
        add(EventKind::Stolen, thread.tid().get(), now, numbers);
    }
}

/// Not inlined: a BPF function takes at most five words, and a program calls it in several places.
#[inline(never)]
fn push(time_ns: u64, tid_and_kind: u64, first: u64, second: u64) -> u64 {
    let Some(head) = TIMELINE_HEADS.get_ptr_mut(0) else {
        return 0;
    };
    // An interrupt may add events between two steps of this one, so the place is taken in one.
    // SAFETY: a look-up in a map gives aligned memory that outlives the program's run.
    let place = unsafe { fetch_add(head, 1) } as u32;
    // SAFETY: the helper takes no argument and cannot fail.
    let cpu = unsafe { bpf_get_smp_processor_id() };
    let entries = TIMELINE_ENTRIES.load();
    let index = cpu * entries + (place & (entries - 1));
    if let Some(event) = slot(&TIMELINE_EVENTS, index) {
        event.store(Event {
            time_ns,
            tid: (tid_and_kind >> 32) as u32,
            kind: tid_and_kind as u32,
            first,
            second,
        });
    }
    0
}
