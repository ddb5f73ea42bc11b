//! Events of a language runtime, from its own functions: Go's scheduler, allocator and collector.
//!
//! Hooks: uprobes on Go's functions, in instrumented rounds only, since each hit traps the target.
//! Writes: `RUNTIME_EVENTS`.

use crate::maps::{RUNTIME_EVENTS, window_start};
use crate::registers::go_argument;
use aya_ebpf::macros::uprobe;
use aya_ebpf::programs::ProbeContext;
use profiler_common::GoEvent;

/// Makes a program for each event, which may sit on several functions.
macro_rules! counters {
    ($($event:ident => $program:ident;)*) => {$(
        #[uprobe]
        pub fn $program(_ctx: ProbeContext) -> u32 {
            count(GoEvent::$event, 1);
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
    Collected => go_collected;
}

/// Counts an allocation and its size, the first argument of every function that allocates.
#[uprobe]
pub fn go_allocated(ctx: ProbeContext) -> u32 {
    count(GoEvent::Allocated, 1);
    count(GoEvent::AllocatedByte, go_argument(ctx.regs.cast()));
    0
}

/// Needs no filter: the uprobe is in the target's memory alone.
#[inline(always)]
fn count(event: GoEvent, by: u64) {
    if window_start().is_some()
        && let Some(count) = RUNTIME_EVENTS.get_ptr_mut(event as u32)
    {
        // SAFETY: a look-up in a map gives aligned memory that outlives the program's run.
        let before = unsafe { count.read() };
        // SAFETY: the same memory; the slot is this CPU's own.
        unsafe { count.write(before.wrapping_add(by)) };
    }
}
