//! What threads did with their time, waiting included: on a CPU, waiting for one, idle, or blocked while there was work.
//!
//! The parts of a thread add up to its life in the window, so the metric is the number of threads alive, in nanoseconds
//! a second, and nothing can be left unexplained. Beside it stands waiting for a CPU by who had it.
//!
//! A thread is *idle* in a call in which threads of its kind rest: waiting for events or connections, and, where it is no
//! event loop, in a futex or a timer. Which requests were in flight for it is not known, so a thread of a pool that waits
//! for a lock counts as idle too, under the name of the call. Any other sleep is *blocked*: the thread holds something
//! up, or is one that serves a connection by itself and waits for its next byte.

use super::Ledger;
use crate::{runtime, stats::Sample, work};
use recording::{
    Recording,
    process::{Syscall, Thread, WaitedFor},
};

/// On a CPU.
pub const ON_CPU: &str = "on a CPU";
/// On a CPU that was not there.
pub const STOLEN: &str = "on a CPU that the hypervisor had taken";
/// Woken, and not yet on a CPU.
pub const RUNNABLE: &str = "runnable: woken, no CPU yet";
/// Its CPU was taken away.
pub const PREEMPTED: &str = "runnable: preempted";
/// Runnable, where recordings do not tell the two apart.
pub const QUEUED: &str = "runnable";
/// Asleep without a call that would tell in what.
const UNSEEN: &str = "idle: in no call that was seen";
/// Waits that are charged to nobody.
const SHORT: &str = "nobody: waits under 50 µs, the way to a CPU";

/// One round: the life of all threads.
pub fn life(recording: &Recording) -> Option<Sample> {
    let lives = recording.threads.iter().map(life_of);
    per_second(recording, lives.sum())
}

/// One round: waiting for a CPU.
pub fn queued(recording: &Recording) -> Option<Sample> {
    per_second(recording, recording.process.run_queue_ns)
}

fn per_second(recording: &Recording, ns: u64) -> Option<Sample> {
    Some(Sample {
        amount: ns as f64,
        over: recording.window.duration_ns as f64 / 1e9,
    })
}

fn life_of(thread: &Thread) -> u64 {
    thread.on_cpu_ns + thread.stolen_ns + thread.run_queue_ns + thread.off_cpu_ns
}

/// Books one round's lives.
pub fn book_life(path: &str, recording: &Recording, ledger: &mut Ledger) {
    for (index, thread) in recording.threads.iter().enumerate() {
        let at = format!("{path}#/threads/{index}");
        let role = Some(thread.role.as_str());
        let mut add = |cause: &str, ns: u64, count: u64, field: &str| {
            ledger.add(role, cause, ns, count, format!("{at}/{field}"));
        };
        let switched_in = thread.wakeups + thread.involuntary_switches;
        add(ON_CPU, thread.on_cpu_ns, switched_in, "on_cpu_ns");
        if thread.stolen_ns > 0 {
            add(STOLEN, thread.stolen_ns, 0, "stolen_ns");
        }
        match thread.preempted_ns.map(|ns| ns.min(thread.run_queue_ns)) {
            Some(preempted) => {
                let woken = thread.run_queue_ns - preempted;
                add(RUNNABLE, woken, thread.wakeups, "run_queue_ns");
                add(
                    PREEMPTED,
                    preempted,
                    thread.involuntary_switches,
                    "preempted_ns",
                );
            }
            None => add(QUEUED, thread.run_queue_ns, switched_in, "run_queue_ns"),
        }
        book_sleep(thread, &mut add);
    }
}

/// Sleep by the call it was in; what no call accounts for is the rest.
fn book_sleep(thread: &Thread, add: &mut impl FnMut(&str, u64, u64, &str)) {
    let mut left = thread.off_cpu_ns;
    for (index, call) in thread.syscalls.iter().enumerate() {
        let slept = call.blocked_ns.min(left);
        left -= slept;
        if slept > 0 {
            let field = format!("syscalls/{index}/blocked_ns");
            add(&cause(&thread.role, call), slept, call.count, &field);
        }
    }
    add(UNSEEN, left, 0, "off_cpu_ns");
}

fn cause(role: &str, call: &Syscall) -> String {
    let name = work::cause(call);
    let rests = match work::of(name) {
        "waiting for events" => true,
        "handing work between threads" | "sleeping" => !runtime::is_event_loop(role),
        _ => ["accept", "accept4", "rt_sigtimedwait", "wait4", "waitid"].contains(&name),
    };
    format!("{}: {name}", if rests { "idle" } else { "blocked" })
}

/// Books one round's waiting for a CPU by who had it.
pub fn book_queued(path: &str, recording: &Recording, ledger: &mut Ledger) {
    let mut left = recording.process.run_queue_ns;
    for (index, waited) in recording.waited_for.iter().enumerate() {
        let ns = waited.wait_ns.min(left);
        left -= ns;
        let evidence = format!("{path}#/waited_for/{index}/wait_ns");
        ledger.add(None, &who(waited), ns, waited.count, evidence);
    }
    let evidence = format!("{path}#/process/run_queue_ns");
    ledger.add(None, SHORT, left, 0, evidence);
}

fn who(waited: &WaitedFor) -> String {
    match (waited.own, waited.pid) {
        (true, _) => "the target's own threads".into(),
        (_, 0) => "an idle CPU, slow to wake".into(),
        _ => format!("process {}", waited.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Build, MAIN};
    use proptest::prelude::*;

    fn booked(book: fn(&str, &Recording, &mut Ledger), round: &Recording) -> Vec<(String, f64)> {
        let mut ledger = Ledger::default();
        book("r", round, &mut ledger);
        let rows = ledger.0.into_iter();
        rows.map(|((_, cause), row)| (cause, row.amount.value))
            .collect()
    }

    fn row(cause: &str, value: f64) -> (String, f64) {
        (cause.into(), value)
    }

    #[test]
    fn sleep_is_told_by_call_and_role() {
        let with = |role: &str| {
            let build = Build::arm("bun").thread(1, role, |thread| {
                let calls = ["epoll_wait", "futex", "nanosleep", "fsync"];
                let made = calls
                    .iter()
                    .fold(thread, |thread, call| thread.call(call, 1, 1));
                calls
                    .iter()
                    .fold(made, |thread, call| thread.blocked(call, 10))
            });
            build.with(|recording| {
                let thread = &mut recording.threads[0];
                (thread.off_cpu_ns, thread.run_queue_ns, thread.preempted_ns) = (45, 7, Some(2));
            })
        };
        let of_loop = booked(book_life, &with(MAIN).done());
        let expected = [
            row("blocked: fsync", 10.0),
            row("blocked: futex", 10.0),
            row("blocked: nanosleep", 10.0),
            row("idle: epoll_wait", 10.0),
            row(UNSEEN, 5.0),
            row(ON_CPU, 4.0),
            row(PREEMPTED, 2.0),
            row(RUNNABLE, 5.0),
        ];
        assert_eq!(of_loop, expected);
        let of_pool = booked(book_life, &with("pool").done());
        let idle = of_pool
            .iter()
            .filter(|(cause, _)| cause.starts_with("idle"));
        assert_eq!(idle.count(), 4, "{of_pool:?}");
    }

    #[test]
    fn waiting_is_charged_to_who_had_the_cpu() {
        let waited = |pid, name: &str, own, wait_ns| WaitedFor {
            pid,
            name: name.into(),
            own,
            count: 1,
            wait_ns,
        };
        let round = Build::arm("go").with(|recording| {
            recording.process.run_queue_ns = 100;
            recording.waited_for = vec![
                waited(9, "rustc", false, 60),
                waited(1, "server", true, 20),
                waited(0, "idle", false, 5),
            ];
        });
        let expected = [
            row("an idle CPU, slow to wake", 5.0),
            row(SHORT, 15.0),
            row("process rustc", 60.0),
            row("the target's own threads", 20.0),
        ];
        assert_eq!(booked(book_queued, &round.done()), expected);
    }

    proptest! {
        #[test]
        fn the_parts_are_the_whole(recordings in crate::testing::any_recordings()) {
            for (_, round) in &recordings {
                for (book, sample) in [(book_life as fn(&str, &Recording, &mut Ledger), life(round)), (book_queued, queued(round))] {
                    let sum: f64 = booked(book, round).iter().map(|(_, value)| value).sum();
                    prop_assert_eq!(Some(sum), sample.map(|sample| sample.amount));
                }
            }
        }
    }
}
