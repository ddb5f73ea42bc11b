//! Track events of threads: page faults, collections, and arrows from waker to wakee.

use super::tracks::{Flow, Track, Tracks};
use crate::Error;
use recording::Timeline;
use recording::timeline::{Event, EventKind, PREEMPTED, SAFEPOINTS, WAKER_THREAD};
use std::collections::{HashMap, HashSet};

/// Writes page faults and collections. One that began before the timeline has no beginning in it.
pub(super) fn write(events: &[&Event], tracks: &mut Tracks<'_>) -> Result<(), Error> {
    let mut open = HashSet::new();
    for event in events {
        let collection = (event.tid, event.first);
        let track = Track::Collections(event.tid);
        match EventKind::of(event.kind) {
            Some(EventKind::Fault) => {
                let track = Track::Thread(event.tid);
                tracks.instant(event.time_ns, track, "page fault", Flow::None)?;
            }
            Some(EventKind::GcBegin) if open.insert(collection) => {
                let name = match event.first == u64::from(SAFEPOINTS) {
                    true => "safepoint",
                    false => "garbage collection",
                };
                tracks.begin(event.time_ns, track, name, Flow::None)?;
            }
            Some(EventKind::GcEnd) if open.remove(&collection) => {
                tracks.end(event.time_ns, track)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// A wake-up whose wakee has not run since.
struct Pending {
    woken_ns: u64,
    waker: u32,
}

/// Writes an arrow for each wake-up of a sleeping thread by another one of the target: from the
/// time of the wake-up on the waker's track, to the time at which the wakee runs, on its own.
/// Perfetto itself makes only `thread_state.waker_utid` of wake-ups.
pub(super) fn write_wake_ups(
    timeline: &Timeline,
    events: &[&Event],
    tracks: &mut Tracks<'_>,
) -> Result<(), Error> {
    let mut awake: HashSet<u32> = HashSet::new();
    let mut pending: HashMap<u32, Pending> = HashMap::new();
    let mut flow = 0;
    let mut pieces = timeline.pieces.iter().peekable();
    for event in events {
        // Nothing is known of the time between two pieces.
        while pieces
            .next_if(|(start_ns, _)| *start_ns <= event.time_ns)
            .is_some()
        {
            awake.clear();
            pending.clear();
        }
        match EventKind::of(event.kind) {
            Some(EventKind::Waking) if awake.insert(event.tid) => {
                let waker = event.first as u32;
                let is_known = tracks.name(waker).is_some();
                let by_thread = event.second == WAKER_THREAD && is_known;
                let woken_ns = event.time_ns;
                if by_thread {
                    pending.insert(event.tid, Pending { woken_ns, waker });
                }
            }
            Some(EventKind::Switch) => {
                match event.second & PREEMPTED != 0 || event.second == 0 {
                    true => awake.insert(event.tid),
                    false => awake.remove(&event.tid),
                };
                let next = event.first as u32;
                awake.insert(next);
                if let Some(Pending { woken_ns, waker }) = pending.remove(&next) {
                    flow += 1;
                    let name = |tid| tracks.name(tid).unwrap_or_default();
                    let wakes = format!("wakes {}", name(next));
                    let woken = format!("woken by {}", name(waker));
                    let from = Track::WakeUps(waker);
                    tracks.instant(woken_ns, from, &wakes, Flow::Through(flow))?;
                    let to = Track::WakeUps(next);
                    tracks.instant(event.time_ns, to, &woken, Flow::End(flow))?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}
