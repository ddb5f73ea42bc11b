//! Events of a language runtime, from its own functions: Go's scheduler, allocator and collector.
//!
//! Hooks: uprobes on Go's functions, in instrumented rounds only, since each hit traps the target.
//! Writes: `RUNTIME_EVENTS`, `PARKED`, `GOROUTINE_WAITS`, `GOROUTINE_STACKS`.

use crate::maps::go::{GOROUTINE_STACKS, GOROUTINE_WAITS, PARKED, RUNTIME_EVENTS};
use crate::maps::{entry, window_start};
use crate::registers::{go_argument, go_third_argument, goroutine};
use crate::track::now;
use aya_ebpf::bindings::{BPF_F_USER_STACK, BPF_NOEXIST};
use aya_ebpf::macros::uprobe;
use aya_ebpf::programs::ProbeContext;
use aya_ebpf::programs::tracing::StackIdContext;
use profiler_common::go::NO_STACK;
use profiler_common::{GoEvent, ParkedAt, ParkedBy, ParkedSum};

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
    Collected => go_collected;
}

/// Counts an allocation and its size, the first argument of every function that allocates.
#[uprobe]
pub fn go_allocated(ctx: ProbeContext) -> u32 {
    count(GoEvent::Allocated, 1);
    count(GoEvent::AllocatedByte, go_argument(ctx.regs.cast()));
    0
}

/// A goroutine begins to wait. The third argument of `gopark` is the reason.
#[uprobe]
pub fn go_parked(ctx: ProbeContext) -> u32 {
    count(GoEvent::Parked, 1);
    if window_start().is_none() {
        return 0;
    }
    let parked = ParkedAt {
        since_ns: now(),
        // Go's `waitReason` has one byte, and the rest of the register may hold anything.
        reason: go_third_argument(ctx.regs.cast()) as u32 & 0xff,
        stack: stack(&ctx),
    };
    // A full map loses the wait. The recorder compares the counts.
    let _ = PARKED.insert(goroutine(ctx.regs.cast()), parked, 0);
    0
}

/// A goroutine makes the one in the first argument ready.
#[uprobe]
pub fn go_readied(ctx: ProbeContext) -> u32 {
    count(GoEvent::Readied, 1);
    end_wait(&ctx, true);
    0
}

/// A thread begins to execute the goroutine in the first argument. It ends the waits that no
/// goroutine ended: those for the network, which a poll ends.
#[uprobe]
pub fn go_executed(ctx: ProbeContext) -> u32 {
    count(GoEvent::Executed, 1);
    end_wait(&ctx, false);
    0
}

/// Adds the wait of the goroutine in the first argument, if it waited.
#[inline(always)]
fn end_wait(ctx: &ProbeContext, has_waker: bool) {
    let waited = go_argument(ctx.regs.cast());
    let Some(parked) = PARKED.get_ptr(waited) else {
        return;
    };
    // SAFETY: a look-up in a map gives aligned memory that outlives the program's run.
    let parked = unsafe { parked.read() };
    if PARKED.remove(waited).is_err() {
        return;
    }
    let key = ParkedBy {
        reason: parked.reason,
        stack: parked.stack,
        by: if has_waker { stack(ctx) } else { NO_STACK },
    };
    let length = now().saturating_sub(parked.since_ns);
    if entry(&GOROUTINE_WAITS, key).is_none() {
        // Another CPU may have added it since.
        let _ = GOROUTINE_WAITS.insert(key, ParkedSum::default(), BPF_NOEXIST.into());
    }
    if let Some(sum) = entry(&GOROUTINE_WAITS, key) {
        sum.count().add_shared(1);
        sum.wait_ns().add_shared(length);
    }
}

/// Returns the number of the stack of the running goroutine.
#[inline(always)]
fn stack(ctx: &ProbeContext) -> u32 {
    let id = ctx.get_stackid(&GOROUTINE_STACKS, BPF_F_USER_STACK.into());
    id.map_or(NO_STACK, |id| id as u32)
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
