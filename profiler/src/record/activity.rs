//! What a runtime did: the rows of ticks, and what the programs counted of collectors and goroutines.

use super::drain::Drained;
use super::programs::{ProbeConfig, Programs};
use profiler_common::histogram::{BUCKETS, Kind, bucket_of};
use profiler_common::{EventLoop, Pairing};
use recording::Histogram;
use recording::activity::{Activity, Collector, Goroutines, Waits};
use std::collections::BTreeMap;

/// How threads went round their loops, by serial number.
pub fn waits(drained: &Drained) -> BTreeMap<u32, Waits> {
    let rows = drained.event_loops.iter();
    rows.map(|ticks| (ticks.serial, waits_of(ticks))).collect()
}

fn waits_of(ticks: &EventLoop) -> Waits {
    let histogram = |counts: &[u32; BUCKETS]| Histogram::from_counts(&counts.map(u64::from));
    Waits {
        ticks: histogram(&ticks.iterations),
        late: histogram(&ticks.lag_bound),
        empty: ticks.empty_polls,
        spun: ticks.busy_polls,
    }
}

/// What was looked for, and could be seen.
#[derive(Clone, Copy, Debug)]
pub struct Looked {
    /// Wake-ups of collector threads.
    pub collector: bool,
    /// Goroutines.
    pub goroutines: bool,
}

impl Looked {
    /// What the programs, as attached, can see of what was wanted.
    pub fn by(programs: &Programs, config: &ProbeConfig) -> Self {
        Looked {
            collector: config.gc_thread_comm != 0 && programs.serve("wakers"),
            goroutines: config.pairing == Pairing::Goroutine && programs.serve("syscalls"),
        }
    }
}

/// What the programs counted.
pub fn activity(drained: &Drained, looked: Looked) -> Activity {
    let counters = &drained.counters;
    Activity {
        collector: looked.collector.then(|| collector(drained)),
        goroutines: looked.goroutines.then_some(Goroutines {
            switches: counters.goroutine_switches,
            receives: counters.goroutine_receives,
            moves: counters.goroutine_moves,
        }),
    }
}

/// The last burst ends with the window: no other has closed it.
fn collector(drained: &Drained) -> Collector {
    let bursts = &drained.gc_bursts;
    let last = bursts.last_span_ns();
    let bucket = |span| (bucket_of(span) as u32, 1);
    let last_one = Histogram::from_buckets(last.map(bucket).into_iter().collect());
    Collector {
        wakeups: bursts.wakeups,
        span_ns: bursts.span_ns + last.unwrap_or(0),
        spans: drained.histogram(Kind::GcBurst).merged(&last_one),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use profiler_common::{GcBursts, Slot};

    #[test]
    fn ticks_stay_with_their_thread() {
        let mut ticks = EventLoop {
            serial: 5,
            ..EventLoop::default()
        };
        Slot::exclusive(&mut ticks).begin_iteration(100, Some(0), true);
        Slot::exclusive(&mut ticks).end_iteration(400);
        Slot::exclusive(&mut ticks).begin_iteration(450, Some(2), false);
        let drained = Drained {
            event_loops: vec![ticks],
            ..Drained::default()
        };
        let waits = waits(&drained);
        let of_it = &waits[&5];
        assert_eq!((of_it.ticks.count, of_it.late.count), (1, 1));
        assert_eq!((of_it.empty, of_it.spun, of_it.ticks.max), (1, 0, 303));
    }

    #[test]
    fn the_last_burst_counts_and_what_was_not_looked_for_is_absent() {
        let mut bursts = GcBursts::default();
        Slot::exclusive(&mut bursts).wake(1_000_000);
        Slot::exclusive(&mut bursts).leave(1_000_000, 1_000_700);
        let drained = Drained {
            gc_bursts: bursts,
            ..Drained::default()
        };
        let looked = |collector| Looked {
            collector,
            goroutines: false,
        };
        let seen = activity(&drained, looked(true))
            .collector
            .expect("looked for");
        assert_eq!((seen.wakeups, seen.span_ns, seen.spans.count), (1, 700, 1));
        assert!(activity(&drained, looked(false)).is_empty());
    }
}
