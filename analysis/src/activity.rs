//! What a runtime did, from what was recorded of its threads: how event loops went round, how often collectors were
//! woken, how goroutines took turns.
//!
//! A tick's number and length were counted; the CPU time of ticks is derived: it is what the thread ran outside of the
//! calls that it waits in.

use crate::runtime::{self, WAITS};
use crate::stats::Sample;
use recording::{Histogram, Recording, process::Thread};

/// Event loops of one round, added up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Loops {
    /// Threads.
    pub threads: u64,
    /// Lengths of ticks, ns; their number is its count.
    pub ticks: Histogram,
    /// On-CPU time outside of the calls that wait for events, ns.
    pub work_ns: u64,
    /// Waits that returned.
    pub waits: u64,
    /// Waits that brought nothing.
    pub empty: u64,
    /// Of these, waits that did not sleep either.
    pub spun: u64,
    /// Lengths of ticks at whose end events were there already, ns: how long these had waited at most.
    pub late: Histogram,
}

impl Loops {
    /// Of the round's event loops; `None` where it has none, or their ticks were not recorded.
    pub fn of(recording: &Recording) -> Option<Self> {
        Self::where_role(recording, runtime::is_event_loop)
    }

    /// Of threads whose role this holds of.
    pub fn where_role(recording: &Recording, is_it: impl Fn(&str) -> bool) -> Option<Self> {
        let threads = recording.threads.iter();
        let mut sum = Loops::default();
        threads
            .filter(|thread| is_it(&thread.role))
            .for_each(|thread| sum.add(thread));
        (sum.ticks.count > 0).then_some(sum)
    }

    fn add(&mut self, thread: &Thread) {
        let Some(waits) = &thread.waits else { return };
        let calls = thread.syscalls.iter();
        let in_waits = calls.filter(|call| WAITS.contains(&call.name.as_str()));
        let (count, on_cpu_ns) = in_waits.fold((0, 0), |(count, ns), call| {
            (count + call.count, ns + call.on_cpu_ns)
        });
        self.threads += 1;
        self.ticks = self.ticks.merged(&waits.ticks);
        self.late = self.late.merged(&waits.late);
        self.work_ns += thread.on_cpu_ns.saturating_sub(on_cpu_ns);
        self.waits += count;
        self.empty += waits.empty;
        self.spun += waits.spun;
    }

    /// Both together.
    pub fn merged(&self, other: &Self) -> Self {
        Loops {
            threads: self.threads + other.threads,
            ticks: self.ticks.merged(&other.ticks),
            work_ns: self.work_ns + other.work_ns,
            waits: self.waits + other.waits,
            empty: self.empty + other.empty,
            spun: self.spun + other.spun,
            late: self.late.merged(&other.late),
        }
    }
}

/// Ticks of event loops over tokens.
pub fn ticks_per_token(recording: &Recording) -> Option<Sample> {
    over(Loops::of(recording)?.ticks.count, recording.tokens())
}

/// CPU time of event loops over their ticks.
pub fn work_per_tick(recording: &Recording) -> Option<Sample> {
    let loops = Loops::of(recording)?;
    over(loops.work_ns, loops.ticks.count)
}

/// The 99th percentile of the lengths of ticks.
pub fn tick_p99(recording: &Recording) -> Option<Sample> {
    over(Loops::of(recording)?.ticks.p99, 1)
}

/// Waits of event loops that brought nothing, over tokens.
pub fn empty_polls_per_token(recording: &Recording) -> Option<Sample> {
    over(Loops::of(recording)?.empty, recording.tokens())
}

/// Bursts of collector threads over tokens.
pub fn bursts_per_token(recording: &Recording) -> Option<Sample> {
    let collector = recording.activity.collector.as_ref()?;
    over(collector.spans.count, recording.tokens())
}

/// Goroutines that took over a thread, over tokens.
pub fn goroutine_switches_per_token(recording: &Recording) -> Option<Sample> {
    over(recording.activity.goroutines?.switches, recording.tokens())
}

fn over(amount: u64, over: u64) -> Option<Sample> {
    Some(Sample {
        amount: amount as f64,
        over: over as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Build, MAIN};
    use recording::activity::{Collector, Goroutines, Waits};

    fn turned(role: &str) -> Recording {
        let build = Build::arm("bun").thread(1, role, |thread| {
            thread.user(9_000, 3).call("epoll_pwait2", 5, 500)
        });
        let round = build.load(2, 1).with(|recording| {
            recording.threads[0].waits = Some(Waits {
                ticks: Histogram::from_buckets(vec![(9, 3), (12, 1)]),
                empty: 3,
                ..Waits::default()
            });
        });
        round.done()
    }

    #[test]
    fn a_loops_work_is_what_it_runs_outside_of_its_waits() {
        let round = turned(MAIN);
        let loops = Loops::of(&round).expect("a loop");
        assert_eq!((loops.waits, loops.work_ns, loops.threads), (5, 9_000, 1));
        let value = |sample: Option<Sample>| sample.map(|sample| sample.amount / sample.over);
        assert_eq!(value(ticks_per_token(&round)), Some(2.0));
        assert_eq!(value(work_per_tick(&round)), Some(2_250.0));
        assert_eq!(value(tick_p99(&round)), Some(12.0));
        assert_eq!(value(empty_polls_per_token(&round)), Some(1.5));
        let both = loops.merged(&loops);
        assert_eq!((both.ticks.count, both.empty), (8, 6));
    }

    #[test]
    fn other_threads_have_no_loop() {
        assert_eq!(Loops::of(&turned("M (scheduler thread)")), None);
        let without = Build::arm("bun").thread(1, MAIN, |thread| thread.user(1, 1));
        assert_eq!(Loops::of(&without.done()), None);
    }

    #[test]
    fn what_a_runtime_does_not_have_is_absent() {
        let mut round = turned(MAIN);
        assert_eq!(bursts_per_token(&round), None);
        assert_eq!(goroutine_switches_per_token(&round), None);
        round.activity.collector = Some(Collector::default());
        round.activity.goroutines = Some(Goroutines::default());
        let amounts = [
            bursts_per_token(&round),
            goroutine_switches_per_token(&round),
        ];
        assert_eq!(
            amounts.map(|sample| sample.map(|sample| sample.amount)),
            [Some(0.0); 2]
        );
    }
}
