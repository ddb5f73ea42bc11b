//! Who woke which thread.

use super::drain::Drained;
use super::threads::{JoinedThread, ThreadIndex};
use profiler_common::{WAKER_IDLE, WAKER_OTHER};
use recording::process::{WakeSource, Waker};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Lists wake-ups by source and woken thread, most first. Those of a thread that is not in the
/// recording are left out, as the thread itself is.
pub fn wakers(drained: &Drained, joined: &[JoinedThread], threads: &ThreadIndex) -> Vec<Waker> {
    let mut sums: BTreeMap<(WakeSource, usize), u64> = BTreeMap::new();
    for (to, thread) in joined.iter().enumerate() {
        let unpaired = u64::from(thread.tracked.unpaired_wakes);
        if unpaired > 0 {
            sums.insert((WakeSource::Unknown, to), unpaired);
        }
    }
    for (from, to, count) in &drained.wakes {
        if let Some(to) = threads.get(*to) {
            *sums.entry((source(*from, threads), to)).or_default() += count;
        }
    }
    let waker = |((from, to), count)| Waker {
        from,
        to,
        count,
        ..Waker::default()
    };
    let mut wakers: Vec<Waker> = sums.into_iter().map(waker).collect();
    wakers.sort_by_key(|waker| Reverse(waker.count));
    wakers
}

fn source(serial: u32, threads: &ThreadIndex) -> WakeSource {
    match serial {
        WAKER_IDLE => WakeSource::Interrupt,
        WAKER_OTHER => WakeSource::OtherProcess,
        thread => match threads.get(thread) {
            Some(index) => WakeSource::Thread(index),
            None => WakeSource::EndedThread,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::proc_snapshot::ProcSnapshot;
    use crate::record::threads::join;
    use crate::record::window::Span;
    use profiler_common::Thread as Tracked;
    use profiler_common::thread::OFF_CPU;

    #[test]
    fn adds_up_sources_of_each_thread() {
        let live = [5, 6].map(|serial| Tracked::new(1, serial, serial, OFF_CPU, 0));
        let nothing = ProcSnapshot::default();
        let span = Span {
            start_ns: 0,
            end_ns: 10,
        };
        let mut joined = join(&live, &[], &nothing, &nothing, span);
        joined[1].tracked.unpaired_wakes = 6;
        let index = ThreadIndex::of(&joined);
        let drained = Drained {
            // A pair may have several entries; 9 is not in the recording.
            wakes: vec![
                (5, 6, 2),
                (5, 6, 3),
                (WAKER_IDLE, 5, 7),
                (WAKER_OTHER, 5, 1),
                (9, 5, 4),
                (5, 9, 100),
            ],
            ..Drained::default()
        };
        let found = wakers(&drained, &joined, &index);
        let found: Vec<_> = found
            .iter()
            .map(|waker| (waker.from, waker.to, waker.count))
            .collect();
        let expected = [
            (WakeSource::Interrupt, 0, 7),
            (WakeSource::Unknown, 1, 6),
            (WakeSource::Thread(0), 1, 5),
            (WakeSource::EndedThread, 0, 4),
            (WakeSource::OtherProcess, 0, 1),
        ];
        assert_eq!(found, expected);
    }
}
