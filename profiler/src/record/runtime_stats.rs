//! Runtime activity that the programs counted: event-loop iterations, bursts of garbage collection
//! threads, switches between goroutines.

use super::drain::Drained;
use super::programs::{ProbeConfig, Programs};
use super::runtime::gc_thread_comm;
use profiler_common::histogram::{BUCKETS, Kind, bucket_of};
use profiler_common::{EventLoop as Counted, Pairing};
use recording::Histogram;
use recording::runtime_stats::{EventLoop, GcBursts, Goroutines, RuntimeStats};
use recording::vocabulary::{ProbeGroup, Runtime};
use std::collections::BTreeMap;

/// Returns the event loop of each thread that has one, by serial number.
pub fn event_loops(drained: &Drained) -> BTreeMap<u32, EventLoop> {
    let rows = drained.event_loops.iter();
    rows.map(|row| (row.serial, event_loop(row))).collect()
}

fn event_loop(row: &Counted) -> EventLoop {
    let histogram = |counts: &[u32; BUCKETS]| Histogram::from_counts(&counts.map(u64::from));
    EventLoop {
        iterations: histogram(&row.iterations),
        lag_bound: histogram(&row.lag_bound),
        empty_polls: row.empty_polls,
        busy_polls: row.busy_polls,
    }
}

/// Activity that the attached programs can see of this runtime.
#[derive(Clone, Copy, Debug)]
pub struct Visible {
    /// Wake-ups of garbage collection threads whose names begin so.
    pub gc_thread_comm: Option<u64>,
    /// Goroutines.
    pub goroutines: bool,
}

impl Visible {
    /// Returns what the programs, as attached, can see.
    pub fn by(programs: &Programs, config: &ProbeConfig) -> Self {
        Visible {
            gc_thread_comm: Some(config.gc_thread_comm)
                .filter(|comm| *comm != 0 && programs.serve(ProbeGroup::Wakers)),
            goroutines: config.pairing == Pairing::Goroutine
                && programs.serve(ProbeGroup::Syscalls),
        }
    }

    /// Returns what the programs can see of a runtime that was recognised after they were attached.
    pub fn of(self, runtime: Runtime) -> Self {
        let comm = gc_thread_comm(runtime);
        let is_known = runtime != Runtime::Unknown;
        Visible {
            gc_thread_comm: self.gc_thread_comm.filter(|seen| is_known && *seen == comm),
            goroutines: self.goroutines && runtime == Runtime::Go,
        }
    }
}

/// Returns what the programs counted; absent where they could not see it.
pub fn runtime_stats(drained: &Drained, visible: Visible) -> RuntimeStats {
    let counters = &drained.counters;
    RuntimeStats {
        gc_calls: None,
        safepoints: None,
        gc_bursts: visible.gc_thread_comm.map(|_| gc_bursts(drained)),
        goroutines: visible.goroutines.then_some(Goroutines {
            switches: counters.goroutine_switches,
            receives: counters.goroutine_receives,
            migrated: counters.goroutine_moves,
        }),
    }
}

fn gc_bursts(drained: &Drained) -> GcBursts {
    let bursts = &drained.gc_bursts;
    // The programs close a burst when the next begins. The last one ends with the window.
    let last = bursts.last_span_ns();
    let bucket = |span| (bucket_of(span) as u32, 1);
    let last_one = Histogram::from_buckets(last.map(bucket).into_iter().collect());
    GcBursts {
        wakeups: bursts.wakeups,
        span_ns: bursts.span_ns + last.unwrap_or(0),
        spans: drained.histogram(Kind::GcBurst).merged(&last_one),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use profiler_common::{GcBursts as CountedBursts, Slot};

    #[test]
    fn keeps_iterations_with_their_thread() {
        let mut row = Counted {
            serial: 5,
            ..Counted::default()
        };
        Slot::exclusive(&mut row).begin_iteration(100, Some(0), true);
        Slot::exclusive(&mut row).end_iteration(400);
        Slot::exclusive(&mut row).begin_iteration(450, Some(2), false);
        let drained = Drained {
            event_loops: vec![row],
            ..Drained::default()
        };
        let found = &event_loops(&drained)[&5];
        assert_eq!((found.iterations.count, found.lag_bound.count), (1, 1));
        assert_eq!((found.empty_polls, found.busy_polls), (1, 0));
        assert_eq!(found.iterations.max, 303);
    }

    #[test]
    fn counts_the_last_burst_and_leaves_out_the_invisible() {
        let mut bursts = CountedBursts::default();
        Slot::exclusive(&mut bursts).wake(1_000_000);
        Slot::exclusive(&mut bursts).leave(1_000_000, 1_000_700);
        let drained = Drained {
            gc_bursts: bursts,
            ..Drained::default()
        };
        let visible = Visible {
            gc_thread_comm: Some(gc_thread_comm(Runtime::Unknown)),
            goroutines: true,
        };
        let stats = |runtime| runtime_stats(&drained, visible.of(runtime));
        let seen = stats(Runtime::Bun).gc_bursts.expect("visible");
        assert_eq!((seen.wakeups, seen.span_ns, seen.spans.count), (1, 700, 1));
        assert!(stats(Runtime::Unknown).is_empty());
        assert!(
            stats(Runtime::Java).is_empty(),
            "its threads have another name"
        );
        assert_eq!(stats(Runtime::Go).gc_bursts, None);
        assert!(stats(Runtime::Go).goroutines.is_some());
    }
}
