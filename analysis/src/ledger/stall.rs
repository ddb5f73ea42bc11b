//! Time that event loops were held up: asleep in a call that does not wait for events, or runnable
//! without a CPU.
//!
//! An event loop has one place to sleep when it has nothing to do. If it sleeps elsewhere,
//! something that it serves waits. Threads that rest in a futex call when idle (Go's, a pool's)
//! cannot be distinguished from threads that wait for a lock, so only event loops have these
//! metrics. Their rows are their value: nothing is unexplained.

use super::{Key, Ledger};
use crate::kinds;
use crate::stats::Sample;
use recording::evidence::{Field, List};
use recording::process::{Syscall, Thread};
use recording::vocabulary::{SyscallClass, TermKind};
use recording::{Evidence, Recording};

/// Returns the time that event loops were blocked in one round, over its tokens; `None` without an
/// event loop.
pub fn blocked(recording: &Recording) -> Option<Sample> {
    per_token(recording, |thread| {
        let calls = thread.syscalls.iter().filter(|call| is_stall(call));
        calls.map(|call| call.blocked_ns).sum()
    })
}

/// Returns the time that event loops waited for a CPU in one round, over its tokens; `None` without
/// an event loop.
pub fn run_queue(recording: &Recording) -> Option<Sample> {
    per_token(recording, |thread| thread.run_queue_ns)
}

fn per_token(recording: &Recording, of: impl Fn(&Thread) -> u64) -> Option<Sample> {
    event_loops(recording).next()?;
    let sum: u64 = event_loops(recording).map(|(_, thread)| of(thread)).sum();
    Some(Sample {
        amount: sum as f64,
        over: recording.tokens() as f64,
    })
}

/// Books the time that event loops were blocked in one round, by call.
pub fn book_blocked(path: &str, recording: &Recording, ledger: &mut Ledger) {
    for (index, thread) in event_loops(recording) {
        for (place, call) in thread.syscalls.iter().enumerate() {
            if is_stall(call) {
                let evidence = Evidence::thread_syscall(path, index, place);
                let (kind, cause) = kinds::of_syscall(call);
                let key = Key::new(Some(&thread.role), kind, cause);
                let evidence = evidence.field(Field::BlockedNs);
                ledger.add(key, call.blocked_ns, call.count, evidence);
            }
        }
    }
}

/// Books the time that event loops waited for a CPU in one round.
pub fn book_run_queue(path: &str, recording: &Recording, ledger: &mut Ledger) {
    for (index, thread) in event_loops(recording) {
        let switched_in = thread.wakeups + thread.involuntary_switches;
        let evidence = Evidence::entry(path, List::Threads, index).field(Field::RunQueueNs);
        let key = Key::of_kind(Some(&thread.role), TermKind::RunQueue);
        ledger.add(key, thread.run_queue_ns, switched_in, evidence);
    }
}

fn event_loops(recording: &Recording) -> impl Iterator<Item = (usize, &Thread)> {
    let threads = recording.threads.iter().enumerate();
    threads.filter(|(_, thread)| thread.role.is_event_loop())
}

fn is_stall(call: &Syscall) -> bool {
    let polling = TermKind::Syscall(SyscallClass::EventPolling);
    call.blocked_ns > 0 && kinds::of_syscall(call).0 != polling
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::testing::{Build, MAIN};
    use recording::vocabulary::Role;

    #[test]
    fn books_only_time_that_holds_up_a_loop() {
        let round = Build::arm("bun")
            .load(10, 1)
            .thread(1, MAIN, |thread| {
                let thread = thread.call("epoll_wait", 9, 1).blocked("epoll_wait", 900);
                thread.call("futex", 2, 1).blocked("futex", 40)
            })
            .thread(2, Role::Pool, |thread| {
                thread.call("futex", 2, 1).blocked("futex", 999)
            })
            .with(|recording| recording.threads[0].run_queue_ns = 30)
            .done();
        let (asleep, queued) = (blocked(&round), run_queue(&round));
        let amounts = [asleep, queued].map(|sample| sample.expect("there is a loop").amount);
        assert_eq!(amounts, [40.0, 30.0]);
        let mut ledger = Ledger::default();
        book_blocked("r", &round, &mut ledger);
        book_run_queue("r", &round, &mut ledger);
        assert_eq!(ledger.total(), 70);
    }

    #[test]
    fn measures_nothing_without_a_loop() {
        let round = Build::arm("go").thread(1, Role::GoScheduler, |thread| thread);
        assert_eq!(run_queue(&round.done()), None);
    }
}
