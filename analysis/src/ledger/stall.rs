//! Time that event loops were held up: asleep in a call that does not wait for events, or ready to run without a CPU.
//!
//! A loop has one place to sleep when it has nothing to do. That it sleeps elsewhere means that something it serves
//! waits. Threads that rest in a futex call when idle (Go's, a pool's) are not told apart from threads that wait for a
//! lock, so only loops have these metrics, and what they are made of is all they are: nothing can be left unexplained.

use super::Ledger;
use crate::{runtime, stats::Sample, work};
use recording::{
    Recording,
    process::{Syscall, Thread},
};

/// Ready to run, but somebody else has the CPU.
pub const RUN_QUEUE: &str = "waiting for a CPU";

/// One round's sleep over its tokens. `None` if there is no event loop.
pub fn blocked(recording: &Recording) -> Option<Sample> {
    per_token(recording, |thread| {
        let calls = thread.syscalls.iter().filter(|call| is_stall(call));
        calls.map(|call| call.blocked_ns).sum()
    })
}

/// The same of waiting for a CPU.
pub fn run_queue(recording: &Recording) -> Option<Sample> {
    per_token(recording, |thread| thread.run_queue_ns)
}

fn per_token(recording: &Recording, of: impl Fn(&Thread) -> u64) -> Option<Sample> {
    loops(recording).next()?;
    let together: u64 = loops(recording).map(|(_, thread)| of(thread)).sum();
    Some(Sample {
        amount: together as f64,
        over: recording.tokens() as f64,
    })
}

/// Books one round's sleep, by call.
pub fn book_blocked(path: &str, recording: &Recording, ledger: &mut Ledger) {
    for (index, thread) in loops(recording) {
        let role = Some(thread.role.as_str());
        for (call_index, call) in thread.syscalls.iter().enumerate() {
            if is_stall(call) {
                let evidence = format!("{path}#/threads/{index}/syscalls/{call_index}/blocked_ns");
                let cause = work::cause(call);
                ledger.add(role, cause, call.blocked_ns, call.count, evidence);
            }
        }
    }
}

/// Books one round's waiting for a CPU.
pub fn book_run_queue(path: &str, recording: &Recording, ledger: &mut Ledger) {
    for (index, thread) in loops(recording) {
        let role = Some(thread.role.as_str());
        let switched_in = thread.wakeups + thread.involuntary_switches;
        let evidence = format!("{path}#/threads/{index}/run_queue_ns");
        ledger.add(role, RUN_QUEUE, thread.run_queue_ns, switched_in, evidence);
    }
}

fn loops(recording: &Recording) -> impl Iterator<Item = (usize, &Thread)> {
    let threads = recording.threads.iter().enumerate();
    threads.filter(|(_, thread)| runtime::is_event_loop(&thread.role))
}

fn is_stall(call: &Syscall) -> bool {
    call.blocked_ns > 0 && work::of(work::cause(call)) != "waiting for events"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Build, MAIN};

    #[test]
    fn only_what_holds_up_a_loop_is_booked() {
        let round = Build::arm("bun")
            .load(10, 1)
            .thread(1, MAIN, |thread| {
                let thread = thread.call("epoll_wait", 9, 1).blocked("epoll_wait", 900);
                thread.call("futex", 2, 1).blocked("futex", 40)
            })
            .thread(2, "pool", |thread| {
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
        let booked: f64 = ledger.0.values().map(|row| row.amount.value).sum();
        assert_eq!(booked, 70.0);
    }

    #[test]
    fn without_a_loop_there_is_nothing() {
        let round = Build::arm("go").thread(1, "M (scheduler thread)", |thread| thread);
        assert_eq!(run_queue(&round.done()), None);
    }
}
