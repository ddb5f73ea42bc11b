//! The time of all threads, waiting included: on a CPU, in the run queue, idle, or blocked in the
//! middle of work.
//!
//! The rows of a thread add up to its lifetime in the window, so the metric is the number of
//! threads alive, in nanoseconds a second, and nothing is unexplained. A second ledger has
//! run-queue time by who held the CPU.
//!
//! A thread is *idle* in a call in which threads of its kind rest: waiting for events or
//! connections, and, unless it runs an event loop, in a futex or a timer. Which requests were in
//! flight for it is unknown, so a thread of a pool that waits for a lock counts as idle too, under
//! the name of the call. Any other sleep is *blocked*: the thread holds something up, or serves one
//! connection alone and waits for its next byte.
//!
//! Where waits were sampled, the measured time of a call is split by their estimates, so that waits
//! for locks are blocked time with a cause of their own.

mod locks;

use super::{Key, Ledger};
use crate::kinds;
use crate::stats::Sample;
use locks::{Locks, locks, part};
use recording::evidence::{Field, List, Part};
use recording::process::{RunQueueBlame, Syscall, Thread};
use recording::vocabulary::{Role, SyscallClass, TermKind};
use recording::{Evidence, Recording};

/// Cause of run-queue time that began with a wake-up.
const AFTER_WAKEUP: &str = "run queue (after wake-up)";
/// Cause of run-queue time that began with a preemption.
const AFTER_PREEMPTION: &str = "run queue (after preemption)";
/// Cause of sleep that no call accounts for.
const OUTSIDE_SYSCALLS: &str = "idle outside of known syscalls";
/// Cause of sleep for a lock, before the name of the call.
const LOCKED: &str = "contended lock in";
/// Cause of waits that are too short to be charged to a process.
const SHORT: &str = "waits under 50 µs (the time of a switch)";

/// Returns the lifetimes of all threads in one round, over its seconds.
pub fn life(recording: &Recording) -> Option<Sample> {
    let lives = recording.threads.iter().map(life_of);
    per_second(recording, lives.sum())
}

/// Returns the run-queue time of one round, over its seconds.
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
    thread.seen_on_cpu_ns() + thread.run_queue_ns + thread.throttled_ns + thread.off_cpu_ns
}

/// Books the lifetimes of all threads in one round.
pub fn book_life(path: &str, recording: &Recording, ledger: &mut Ledger) {
    let locks = locks(recording);
    for (index, thread) in recording.threads.iter().enumerate() {
        let at = Evidence::entry(path, List::Threads, index);
        let mut add = |kind, cause: &str, ns, count, field| {
            let key = Key::new(Some(&thread.role), kind, cause);
            ledger.add(key, ns, count, at.clone().field(field));
        };
        let switched_in = thread.wakeups + thread.involuntary_switches;
        let (on_cpu, steal) = (TermKind::OnCpu, TermKind::Steal);
        let queue = TermKind::RunQueue;
        add(
            on_cpu,
            on_cpu.label(),
            thread.on_cpu_ns,
            switched_in,
            Field::OnCpuNs,
        );
        add(steal, steal.label(), thread.steal_ns, 0, Field::StealNs);
        let throttled = TermKind::Throttled;
        add(
            throttled,
            throttled.label(),
            thread.throttled_ns,
            0,
            Field::ThrottledNs,
        );
        let queued_ns = thread.run_queue_ns;
        match thread.preempted_ns.map(|ns| ns.min(queued_ns)) {
            Some(preempted_ns) => {
                let woken_ns = queued_ns - preempted_ns;
                let field = Field::RunQueueNs;
                add(queue, AFTER_WAKEUP, woken_ns, thread.wakeups, field);
                let (count, field) = (thread.involuntary_switches, Field::PreemptedNs);
                add(queue, AFTER_PREEMPTION, preempted_ns, count, field);
            }
            None => add(
                queue,
                queue.label(),
                queued_ns,
                switched_in,
                Field::RunQueueNs,
            ),
        }
        book_sleep(path, (index, thread), &locks, ledger);
    }
}

/// Books sleep by the call in which it was; sleep that no call accounts for is one row more.
fn book_sleep(
    path: &str,
    (index, thread): (usize, &Thread),
    locks: &Locks<'_>,
    ledger: &mut Ledger,
) {
    let role = Some(&thread.role);
    let mut left = thread.off_cpu_ns;
    for (place, call) in thread.syscalls.iter().enumerate() {
        let slept = call.blocked_ns.min(left);
        left -= slept;
        if slept > 0 {
            let evidence = Evidence::thread_syscall(path, index, place).field(Field::BlockedNs);
            let (kind, cause) = sleep(&thread.role, call);
            let found = locks.get(&(index, call.name.as_str()));
            let (time, times) = found.copied().unwrap_or_default();
            let (locked, times) = (part(slept, time), part(call.count, times));
            if locked > 0 {
                let key = Key::new(role, TermKind::Blocked, format!("{LOCKED} {}", call.name));
                ledger.add(key, locked, times, evidence.clone());
            }
            let key = Key::new(role, kind, cause);
            ledger.add(key, slept - locked, call.count - times, evidence);
        }
    }
    let evidence = Evidence::entry(path, List::Threads, index).field(Field::OffCpuNs);
    let key = Key::new(role, TermKind::Idle, OUTSIDE_SYSCALLS);
    ledger.add(key, left, 0, evidence);
}

/// Returns kind and cause of sleep in a call.
fn sleep(role: &Role, call: &Syscall) -> (TermKind, String) {
    let (kind, name) = kinds::of_syscall(call);
    let rests = match kind {
        TermKind::Syscall(SyscallClass::EventPolling) => true,
        TermKind::Syscall(SyscallClass::ThreadSync | SyscallClass::Timers) => !role.is_event_loop(),
        _ => ["accept", "accept4", "rt_sigtimedwait", "wait4", "waitid"].contains(&name),
    };
    match rests {
        true => (TermKind::Idle, format!("idle in {name}")),
        false => (TermKind::Blocked, format!("blocked in {name}")),
    }
}

/// Books the run-queue time of one round by who held the CPU.
pub fn book_queued(path: &str, recording: &Recording, ledger: &mut Ledger) {
    let key = |cause: String| Key::new(None, TermKind::RunQueueBlame, cause);
    let mut left = recording.process.run_queue_ns;
    for (index, blame) in recording.run_queue_blame.iter().enumerate() {
        let ns = blame.wait_ns.min(left);
        left -= ns;
        let evidence = Evidence::entry(path, List::RunQueueBlame, index).field(Field::WaitNs);
        ledger.add(key(holder(blame)), ns, blame.count, evidence);
    }
    let evidence = Evidence::part(path, Part::Process).field(Field::RunQueueNs);
    ledger.add(key(SHORT.into()), left, 0, evidence);
}

fn holder(blame: &RunQueueBlame) -> String {
    match (blame.own, blame.pid) {
        (true, _) => "the target's own threads".into(),
        (_, 0) => "an idle CPU, slow to wake".into(),
        _ => format!("process {}", blame.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use recording::testing::{Build, MAIN};

    fn booked(book: fn(&str, &Recording, &mut Ledger), round: &Recording) -> Vec<(String, u64)> {
        let mut ledger = Ledger::default();
        book("r", round, &mut ledger);
        let rows = ledger.0.into_iter();
        let mut rows: Vec<_> = rows.map(|(key, row)| (key.cause, row.value)).collect();
        rows.sort();
        rows
    }

    fn row(cause: &str, value: u64) -> (String, u64) {
        (cause.into(), value)
    }

    #[test]
    fn distinguishes_idle_from_blocked_by_call_and_role() {
        let with = |role: Role| {
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
            row("blocked in fsync", 10),
            row("blocked in futex", 10),
            row("blocked in nanosleep", 10),
            row("idle in epoll_wait", 10),
            row(OUTSIDE_SYSCALLS, 5),
            row("on-CPU", 4),
            row(AFTER_PREEMPTION, 2),
            row(AFTER_WAKEUP, 5),
        ];
        assert_eq!(of_loop, expected);
        let of_pool = booked(book_life, &with(Role::Pool).done());
        let idle = of_pool
            .iter()
            .filter(|(cause, _)| cause.starts_with("idle"));
        assert_eq!(idle.count(), 4, "{of_pool:?}");
    }

    #[test]
    fn books_throttled_time_apart_from_the_run_queue() {
        let round = Build::arm("go").thread(1, MAIN, |thread| thread);
        let round = round.with(|recording| {
            let thread = &mut recording.threads[0];
            (thread.run_queue_ns, thread.throttled_ns) = (7, 400);
        });
        let round = round.done();
        let rows = booked(book_life, &round);
        let throttled = row(TermKind::Throttled.label(), 400);
        assert!(rows.contains(&throttled), "{rows:?}");
        let booked: u64 = rows.iter().map(|(_, value)| value).sum();
        assert_eq!(booked, life_of(&round.threads[0]));
    }

    #[test]
    fn charges_run_queue_time_to_who_held_the_cpu() {
        let blame = |pid, name: &str, own, wait_ns| RunQueueBlame {
            pid,
            name: name.into(),
            own,
            count: 1,
            wait_ns,
        };
        let round = Build::arm("go").with(|recording| {
            recording.process.run_queue_ns = 100;
            recording.run_queue_blame = vec![
                blame(9, "rustc", false, 60),
                blame(1, "server", true, 20),
                blame(0, "idle", false, 5),
            ];
        });
        let expected = [
            row("an idle CPU, slow to wake", 5),
            row("process rustc", 60),
            row("the target's own threads", 20),
            row(SHORT, 15),
        ];
        assert_eq!(booked(book_queued, &round.done()), expected);
    }

    proptest! {
        #[test]
        fn adds_up_to_the_whole(recordings in crate::testing::any_recordings()) {
            type Book = fn(&str, &Recording, &mut Ledger);
            for (_, round) in &recordings {
                let books: [(Book, _); 2] = [(book_life, life(round)), (book_queued, queued(round))];
                for (book, sample) in books {
                    let sum: u64 = booked(book, round).iter().map(|(_, value)| value).sum();
                    prop_assert_eq!(Some(sum as f64), sample.map(|sample| sample.amount));
                }
            }
        }
    }
}
