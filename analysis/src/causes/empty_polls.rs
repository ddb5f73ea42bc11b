//! Event polls that return no event.

use super::rows::{is_by_count, surrounding_code};
use super::{Comparison, Delta, Match};
use crate::thresholds::Limit;
use recording::evidence::List;
use recording::process::Syscall;
use recording::vocabulary::{SyscallClass, SyscallResult, result_of};
use recording::{Evidence, Recording};

/// Classes of calls that answer an event.
const ANSWERS: [SyscallClass; 3] = [
    SyscallClass::Receive,
    SyscallClass::Send,
    SyscallClass::ThreadSync,
];

/// Matches event polls, most of the additional ones returning no event.
pub(super) fn check(pair: &Comparison<'_>) -> Option<Match> {
    let rows = pair.rows(is_poll)?;
    let more: f64 = rows
        .iter()
        .map(|row| row.costly.count - row.baseline.count)
        .sum();
    let (costly, baseline) = (pair.per(pair.costly, empty), pair.per(pair.baseline, empty));
    if !is_by_count(&rows) || costly - baseline < more / 2.0 {
        return None;
    }
    let text = pair.compared("empty polls", costly, baseline);
    let around = surrounding_code(pair.unclaimed(), is_poll, pair.limits[Limit::PollCodeNs]);
    Some(Match {
        rows: pair.rows(|row| is_poll(row) || around.contains(row))?,
        text,
        evidence: pair.cite_all(|path| Evidence::list(path, List::Syscalls)),
    })
}

fn is_wait(call: &str) -> bool {
    result_of(call) == SyscallResult::Events
}

fn is_poll(row: &Delta) -> bool {
    row.kind.is_syscall() && is_wait(&row.cause)
}

/// Polls that brought nothing, as counted; where they were not, those that must have, at least:
/// each of the others brought one event or more. Where events were not counted either, those that
/// neither slept nor can have led to anything, since too few calls were made that answer an event.
fn empty(recording: &Recording) -> u64 {
    let waits = recording
        .threads
        .iter()
        .filter_map(|thread| thread.event_loop.as_ref());
    let counted: u64 = waits.map(|waits| waits.empty_polls).sum();
    counted.max(least(recording))
}

fn least(recording: &Recording) -> u64 {
    let polls = || {
        let calls = recording.syscalls.iter();
        calls.filter(|call| is_wait(&call.name))
    };
    let asked: u64 = polls().map(|call| call.count).sum();
    if polls().any(|call| call.events.is_some()) {
        let brought: u64 = polls().filter_map(|call| call.events).sum();
        return asked.saturating_sub(brought);
    }
    let is_answer = |call: &&Syscall| ANSWERS.contains(&SyscallClass::of(&call.name));
    let answers = recording.syscalls.iter().filter(is_answer);
    let answered: u64 = answers.map(|call| call.count).sum();
    asked.saturating_sub(answered + recording.process.voluntary_switches)
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;
    use recording::runtime_stats::EventLoop;
    use recording::testing::ThreadBuild;
    use recording::vocabulary::Role;

    #[test]
    fn finds_polls_without_events() {
        let found = planted("empty-polls", |build| {
            build.call("epoll_pwait2", 9_000, DOSE).with(|recording| {
                let mut calls = recording.syscalls.iter_mut();
                let polls = calls.find(|call| call.name == "epoll_pwait2");
                polls.expect("just made").events = Some(1_000);
            })
        });
        assert_whole(&found);
        assert!(found.text.contains("8 empty polls"), "{}", found.text);
    }

    #[test]
    fn counts_empty_polls_beside_full_ones() {
        let found = planted("empty-polls", |build| {
            build.call("epoll_pwait2", 9_000, DOSE).with(|recording| {
                let calls = recording.syscalls.iter_mut();
                calls.for_each(|call| call.events = Some(call.count));
                let thread = recording.threads.last_mut().expect("just made");
                thread.event_loop = Some(EventLoop {
                    empty_polls: 8_000,
                    ..EventLoop::default()
                });
            })
        });
        assert!(found.text.contains("8 empty polls"), "{}", found.text);
    }

    #[test]
    fn infers_empty_polls_where_they_are_not_counted() {
        let found = planted("empty-polls", |build| build.call("epoll_wait", 9_000, DOSE));
        assert!(found.text.contains("6 empty polls"), "{}", found.text);
    }

    #[test]
    fn ignores_polls_that_are_answered() {
        let found = causes_of(|build| {
            let build = build.call("epoll_wait", 4_000, DOSE);
            build.call("read", 4_000, 0)
        });
        assert_eq!(found[0].id, "event-loop");
    }

    #[test]
    fn claims_only_little_user_code_around_polls() {
        let found = |user: u64| {
            causes_of(|build| {
                let more = |more: ThreadBuild| more.call("epoll_wait", 100_000, DOSE).user(user, 0);
                build.thread(1, MAIN, more).with(|recording| {
                    let thread = recording.threads.last_mut().expect("just made");
                    thread.event_loop = Some(EventLoop {
                        empty_polls: 100_000,
                        ..EventLoop::default()
                    });
                })
            })
        };
        assert_eq!(sorted_ids(&found(DOSE / 4)), ["empty-polls"]);
        assert_eq!(sorted_ids(&found(DOSE)), ["empty-polls", "user-code"]);
    }

    #[test]
    fn finds_polls_beside_savings() {
        let found = causes_of(|build| {
            let build = build.thread(8, Role::JscHeapHelper, |thread| thread.user(2 * DOSE, 9));
            let build = build.call("epoll_pwait2", 9_000, DOSE / 4);
            build.with(|recording| {
                let calls = recording.syscalls.iter_mut();
                let polls = calls.rev().find(|call| call.name == "epoll_pwait2");
                polls.expect("just made").events = Some(1_000);
                saves(recording);
            })
        });
        assert_eq!(ids(&found), ["garbage-collection", "empty-polls"]);
    }
}
