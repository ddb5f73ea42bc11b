//! What a language's runtime does, from its own functions: Go's scheduler. Source: uprobes, in rounds that are recorded for
//! that alone, since each hit costs the target a trap.

use crate::maps::{RUNTIME_EVENTS, window_start};
use aya_ebpf::macros::uprobe;
use aya_ebpf::programs::ProbeContext;
use profiler_common::GoEvent;

/// Makes a program for each event, which may sit on several functions.
macro_rules! counters {
    ($($event:ident => $program:ident;)*) => {$(
        #[uprobe]
        pub fn $program(_ctx: ProbeContext) -> u32 {
            count(GoEvent::$event);
            0
        }
    )*};
}

counters! {
    Made => go_made;
    Ended => go_ended;
    Parked => go_parked;
    Readied => go_readied;
    Executed => go_executed;
    Allocated => go_allocated;
    Collected => go_collected;
}

/// The probe is for the target's memory alone, so that whoever comes here is the target.
#[inline(always)]
fn count(event: GoEvent) {
    if window_start().is_some()
        && let Some(count) = RUNTIME_EVENTS.get_ptr_mut(event as u32)
    {
        // SAFETY: the slot is this CPU's own.
        unsafe { *count += 1 };
    }
}
