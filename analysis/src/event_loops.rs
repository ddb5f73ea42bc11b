//! Event loops, garbage collection bursts and goroutines: metrics from runtime activity that the
//! kernel can see.
//!
//! The number and length of iterations are facts; their CPU time is computed: the time that the
//! thread ran outside of the calls that wait for events.

use crate::arms::Rounds;
use crate::attribution;
use crate::stats::Sample;
use recording::Recording;
use recording::comparison::EventLoops;
use recording::process::Thread;
use recording::vocabulary::{Role, is_event_wait};
use std::collections::BTreeMap;

/// Returns the event loops of an arm by role, the main loop first.
pub fn by_role(arm: &Rounds<'_>) -> Vec<EventLoops> {
    let mut roles: BTreeMap<Role, EventLoops> = BTreeMap::new();
    for (_, recording) in &arm.rounds {
        for (thread, times) in looping(recording) {
            let loops = roles.entry(thread.role.clone()).or_default();
            loops.role = thread.role.clone();
            add(loops, thread, times);
        }
    }
    let loops = roles.into_values();
    loops.filter(|loops| loops.iterations.count > 0).collect()
}

/// Adds up the event loops of one round; `None` where it has none, or their iterations were not
/// recorded.
fn of_round(recording: &Recording) -> Option<EventLoops> {
    let mut sum = EventLoops::default();
    looping(recording).for_each(|(thread, work_ns)| add(&mut sum, thread, work_ns));
    (sum.iterations.count > 0).then_some(sum)
}

/// Returns the threads that run event loops, each with its CPU time outside of event waits.
fn looping(recording: &Recording) -> impl Iterator<Item = (&Thread, u64)> {
    let times = attribution::thread_times(recording);
    let threads = recording.threads.iter().zip(times);
    let looping =
        threads.filter(|(thread, _)| thread.role.is_event_loop() && thread.event_loop.is_some());
    looping.map(|(thread, time)| {
        let calls = thread.syscalls.iter().zip(&time.in_syscall_ns);
        let waits = calls.filter(|(call, _)| is_event_wait(&call.name));
        let waiting_ns: u64 = waits.map(|(_, inside_ns)| inside_ns).sum();
        (thread, thread.on_cpu_ns - waiting_ns)
    })
}

fn add(sum: &mut EventLoops, thread: &Thread, work_ns: u64) {
    let Some(own) = &thread.event_loop else {
        return;
    };
    sum.threads += 1;
    sum.iterations = sum.iterations.merged(&own.iterations);
    sum.lag_bound = sum.lag_bound.merged(&own.lag_bound);
    sum.work_ns += work_ns;
    sum.empty_polls += own.empty_polls;
    sum.busy_polls += own.busy_polls;
}

/// Returns the iterations of event loops over tokens.
pub fn iterations_per_token(recording: &Recording) -> Option<Sample> {
    over(of_round(recording)?.iterations.count, recording.tokens())
}

/// Returns the CPU time of event loops over their iterations.
pub fn work_per_iteration(recording: &Recording) -> Option<Sample> {
    let loops = of_round(recording)?;
    over(loops.work_ns, loops.iterations.count)
}

/// Returns the 99th percentile of the lengths of iterations.
pub fn iteration_p99(recording: &Recording) -> Option<Sample> {
    over(of_round(recording)?.iterations.p99, 1)
}

/// Returns the waits of event loops that returned no event, over tokens.
pub fn empty_polls_per_token(recording: &Recording) -> Option<Sample> {
    over(of_round(recording)?.empty_polls, recording.tokens())
}

/// Returns the bursts of garbage collection threads over tokens.
pub fn gc_bursts_per_token(recording: &Recording) -> Option<Sample> {
    let bursts = recording.runtime_stats.gc_bursts.as_ref()?;
    over(bursts.spans.count, recording.tokens())
}

/// Returns the switches between goroutines over tokens.
pub fn goroutine_switches_per_token(recording: &Recording) -> Option<Sample> {
    let goroutines = recording.runtime_stats.goroutines?;
    over(goroutines.switches, recording.tokens())
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
    use recording::Histogram;
    use recording::runtime_stats::{EventLoop, GcBursts, Goroutines};
    use recording::testing::{Build, MAIN};

    fn turned(role: Role) -> Recording {
        let build = Build::arm("bun").thread(1, role, |thread| {
            let thread = thread.user(9_000, 3).call("epoll_pwait2", 5, 500);
            thread.with(|thread| {
                thread.event_loop = Some(EventLoop {
                    iterations: Histogram::from_buckets(vec![(9, 3), (12, 1)]),
                    empty_polls: 3,
                    ..EventLoop::default()
                });
            })
        });
        build.load(2, 1).done()
    }

    #[test]
    fn counts_time_outside_of_event_waits_as_work() {
        let round = turned(MAIN);
        let loops = of_round(&round).expect("a loop");
        assert_eq!((loops.work_ns, loops.threads), (9_000, 1));
        let value = |sample: Option<Sample>| sample.map(|sample| sample.amount / sample.over);
        assert_eq!(value(iterations_per_token(&round)), Some(2.0));
        assert_eq!(value(work_per_iteration(&round)), Some(2_250.0));
        assert_eq!(value(iteration_p99(&round)), Some(12.0));
        assert_eq!(value(empty_polls_per_token(&round)), Some(1.5));
    }

    #[test]
    fn adds_up_rounds_by_role() {
        let round = turned(MAIN);
        let arm = Rounds {
            arm: "bun",
            rounds: vec![("1", &round), ("2", &round)],
            traced: Vec::new(),
        };
        let loops = &by_role(&arm)[0];
        assert_eq!((loops.role.clone(), loops.threads), (MAIN, 2));
        assert_eq!((loops.iterations.count, loops.empty_polls), (8, 6));
    }

    #[test]
    fn ignores_threads_that_run_no_loop() {
        assert_eq!(of_round(&turned(Role::GoScheduler)), None);
        let without = Build::arm("bun").thread(1, MAIN, |thread| thread.user(1, 1));
        assert_eq!(of_round(&without.done()), None);
    }

    #[test]
    fn omits_activity_that_a_runtime_lacks() {
        let mut round = turned(MAIN);
        assert_eq!(gc_bursts_per_token(&round), None);
        assert_eq!(goroutine_switches_per_token(&round), None);
        round.runtime_stats.gc_bursts = Some(GcBursts::default());
        round.runtime_stats.goroutines = Some(Goroutines::default());
        let samples = [
            gc_bursts_per_token(&round),
            goroutine_switches_per_token(&round),
        ];
        assert_eq!(
            samples.map(|sample| sample.map(|sample| sample.amount)),
            [Some(0.0); 2]
        );
    }
}
