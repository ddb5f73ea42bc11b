//! User time by what it was spent on: measured as a whole, shared out by the samples of each role.
//!
//! Threads of a role do the same kind of thing, so their samples are taken together: many threads with few samples
//! each tell as much as one with many.
//!
//! What runs around a system call (the wrapper of the C library, Go's `entersyscall`) runs because of the call, so that it is
//! booked to the calls of the role, by their number.

use super::{Ledger, sampling};
use crate::exact::part;
use crate::runtime::code::{self, AROUND_CALLS, UNKNOWN};
use crate::work;
use recording::{
    Recording,
    process::{CodeSamples, Thread},
};
use std::collections::BTreeMap;

/// Books one round; `user_ns` is what is left for user code of each thread, in their order.
pub fn book(path: &str, recording: &Recording, user_ns: &[u64], ledger: &mut Ledger) {
    let mut roles: BTreeMap<&str, Role<'_>> = BTreeMap::new();
    for (index, (thread, user_ns)) in recording.threads.iter().zip(user_ns).enumerate() {
        let role = roles.entry(&thread.role).or_default();
        role.add(thread, *user_ns);
        role.evidence
            .push(format!("{path}#/threads/{index}/user_ns"));
    }
    for (index, samples) in recording.code.iter().enumerate() {
        if let Some(role) = roles.get_mut(samples.role.as_str()) {
            let doing = match role.wraps(&samples.function) {
                true => AROUND_CALLS,
                false => code::doing(&recording.target.runtime, samples),
            };
            role.found(doing, samples, format!("{path}#/code/{index}"));
        }
    }
    for (name, role) in roles {
        role.book(name, ledger);
    }
}

/// The threads of one role.
#[derive(Default)]
struct Role<'a> {
    /// To be booked.
    user_ns: u64,
    /// Measured, faults and interrupts and the ways into the kernel included.
    outside_ns: u64,
    /// Of the user time, what has gone to system calls, whose way out it was.
    given_away_ns: u64,
    wakeups: u64,
    samples: u64,
    samples_user: u64,
    doing: BTreeMap<&'a str, Found>,
    /// Calls that returned, by their cause.
    calls: BTreeMap<&'a str, u64>,
    evidence: Vec<String>,
}

#[derive(Default)]
struct Found {
    samples: u64,
    evidence: Vec<String>,
}

impl<'a> Role<'a> {
    fn add(&mut self, thread: &'a Thread, user_ns: u64) {
        self.user_ns += user_ns;
        self.outside_ns += thread.outside_syscalls_ns();
        self.given_away_ns += thread.user_ns.saturating_sub(user_ns);
        self.wakeups += thread.wakeups;
        self.samples += thread.samples.outside_syscalls();
        self.samples_user += thread.samples.user;
        for call in thread.syscalls.iter().filter(|call| call.count > 0) {
            *self.calls.entry(work::cause(call)).or_default() += call.count;
        }
    }

    /// Whether a function is the C library's for a call that the role makes.
    fn wraps(&self, function: &str) -> bool {
        self.calls.contains_key(code::bare(function))
    }

    fn found(&mut self, doing: &'a str, samples: &CodeSamples, evidence: String) {
        let found = self.doing.entry(doing).or_default();
        found.samples += samples.samples;
        found.evidence.push(evidence);
    }

    /// User code runs because a thread was woken: its count is the wake-ups, its unit cost the work of one.
    fn book(mut self, name: &str, ledger: &mut Ledger) {
        self.say_the_rest(name);
        let samples: Vec<(&str, u64)> = self
            .doing
            .iter()
            .map(|(doing, found)| (*doing, found.samples))
            .collect();
        let shares = share_out(self.user_ns, self.given_away_ns, &samples);
        for ((doing, found), value) in self.doing.iter().zip(shares) {
            let role = Some(name);
            if value == 0 {
                continue;
            }
            let variance = sampling::variance(self.outside_ns, found.samples, self.samples);
            if *doing == AROUND_CALLS && !self.calls.is_empty() {
                self.book_to_calls(name, (value, variance), &found.evidence, ledger);
                continue;
            }
            let threads = self.evidence.iter();
            for (place, evidence) in threads.chain(&found.evidence).enumerate() {
                let (value, count) = if place == 0 {
                    (value, self.wakeups)
                } else {
                    (0, 0)
                };
                ledger.cite(role, doing, value, count, evidence.clone());
            }
            ledger.add_variance(role, doing, variance);
        }
    }

    /// Gives each of the role's calls its part of what ran around them.
    fn book_to_calls(
        &self,
        name: &str,
        (value, variance): (u64, f64),
        evidence: &[String],
        ledger: &mut Ledger,
    ) {
        let all: u64 = self.calls.values().sum();
        let (mut left, mut calls) = (value, all);
        for (cause, count) in &self.calls {
            let own = part(left, *count, calls);
            left -= own;
            calls -= count;
            for (place, evidence) in evidence.iter().enumerate() {
                let own = if place == 0 { own } else { 0 };
                ledger.cite(Some(name), cause, own, 0, evidence.clone());
            }
            let share = *count as f64 / all as f64;
            ledger.add_variance(Some(name), cause, variance * share * share);
        }
    }

    /// Samples whose place went unseen are of nothing known, unless the role says it; so is time without any sample.
    fn say_the_rest(&mut self, name: &str) {
        let placed: u64 = self.doing.values().map(|found| found.samples).sum();
        let unseen = self.samples_user.saturating_sub(placed);
        if unseen > 0 || placed == 0 {
            let doing = code::job_of(name).unwrap_or(UNKNOWN);
            // One, where there is none: a share of something.
            self.doing.entry(doing).or_default().samples += unseen.max(u64::from(placed == 0));
        }
    }
}

/// Shares `user_ns` out by samples, to the last nanosecond.
///
/// Samples see the way out of a system call in the code around it. What has been given to the calls for that
/// (`given_away_ns`) comes out of the share of that code first.
fn share_out(user_ns: u64, given_away_ns: u64, samples: &[(&str, u64)]) -> Vec<u64> {
    let all: u64 = samples.iter().map(|(_, count)| count).sum();
    let around = samples.iter().filter(|(doing, _)| *doing == AROUND_CALLS);
    let around: u64 = around.map(|(_, count)| count).sum();
    let before = user_ns + given_away_ns;
    let kept = match around == all {
        true => user_ns,
        false => part(before, around, all)
            .saturating_sub(given_away_ns)
            .min(user_ns),
    };
    let (mut seen, mut given) = (0, 0);
    let share = |(doing, count): &(&str, u64)| {
        if *doing == AROUND_CALLS {
            return kept;
        }
        seen += count;
        let up_to_here = part(user_ns - kept, seen, all - around);
        let share = up_to_here - given;
        given = up_to_here;
        share
    };
    samples.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{testing::Build, work::COLLECTING};
    use proptest::prelude::*;

    fn code(role: &str, function: &str, samples: u64) -> CodeSamples {
        CodeSamples {
            role: role.into(),
            function: function.into(),
            class: "binary text".into(),
            samples,
            ..CodeSamples::default()
        }
    }

    #[test]
    fn a_role_is_shared_out_by_its_samples() {
        let round = Build::arm("go")
            .thread(1, "M", |thread| thread.user(900, 4))
            .thread(2, "M", |thread| thread.user(100, 1))
            .with(|recording| {
                recording.threads[0].samples.user = 10;
                recording.code = vec![
                    code("M", "runtime.scanobject", 3),
                    code("M", "main.main", 5),
                    code("gone", "main.main", 5),
                ];
            })
            .done();
        let mut ledger = Ledger::default();
        book("r", &round, &[900, 100], &mut ledger);
        let row = |cause: &str| ledger.per(&(Some("M".into()), cause.into()), 1.0);
        assert_eq!(row(COLLECTING).value, 300.0);
        assert_eq!(row(UNKNOWN).value, 200.0, "two samples have no place");
        assert_eq!(row(code::APPLICATION).count, 5.0);
        assert!(row(COLLECTING).sampling_error > Some(100.0));
        let cited: Vec<_> = ledger
            .evidence(&(Some("M".into()), COLLECTING.into()))
            .collect();
        assert_eq!(
            cited,
            ["r#/threads/0/user_ns", "r#/threads/1/user_ns", "r#/code/0"]
        );
    }

    #[test]
    fn what_runs_around_calls_is_booked_to_them() {
        let round = Build::arm("go")
            .thread(1, "M", |thread| {
                thread
                    .user(900, 4)
                    .call("write", 20, 7)
                    .call("getppid", 10, 5)
            })
            .thread(2, "other", |thread| thread.user(100, 1))
            .with(|recording| {
                recording.threads[0].samples.user = 9;
                recording.threads[1].samples.user = 1;
                recording.code = vec![
                    code("M", "main.main", 6),
                    code("M", "runtime.entersyscall", 2),
                    code("M", "__libc_getppid", 1),
                    code("other", "syscall.Syscall", 1),
                ];
            })
            .done();
        let mut ledger = Ledger::default();
        book("r", &round, &[900, 100], &mut ledger);
        let row = |role: &str, cause: &str| ledger.per(&(Some(role.into()), cause.into()), 1.0);
        assert_eq!(row("M", code::APPLICATION).value, 600.0);
        assert_eq!(row("M", "write").value, 200.0);
        assert_eq!(row("M", "getppid").value, 100.0);
        assert_eq!(row("M", AROUND_CALLS).value, 0.0);
        let share =
            row("M", "write").sampling_error.unwrap() / row("M", "getppid").sampling_error.unwrap();
        assert!((share - 2.0).abs() < 1e-9, "{share}");
        let cited: Vec<_> = ledger
            .evidence(&(Some("M".into()), "write".into()))
            .collect();
        assert_eq!(cited, ["r#/code/1", "r#/code/2"]);
        assert_eq!(
            row("other", AROUND_CALLS).value,
            100.0,
            "no call of its returned"
        );
    }

    #[test]
    fn without_samples_only_the_role_tells() {
        let round = Build::arm("bun")
            .thread(1, crate::runtime::JSC_JIT, |thread| thread.user(7, 1))
            .thread(2, "pool", |thread| thread.user(5, 1))
            .done();
        let mut ledger = Ledger::default();
        book("r", &round, &[7, 5], &mut ledger);
        let rows: Vec<_> = ledger
            .0
            .iter()
            .map(|((_, cause), row)| (cause.as_str(), row.amount.value))
            .collect();
        assert_eq!(rows, [(code::COMPILING, 7.0), (UNKNOWN, 5.0)]);
    }

    #[test]
    fn the_way_out_of_calls_is_seen_around_them() {
        let samples = [("a", 30), (AROUND_CALLS, 50), ("b", 20)];
        assert_eq!(share_out(1_000, 0, &samples), [300, 500, 200]);
        assert_eq!(share_out(700, 300, &samples), [300, 200, 200]);
        assert_eq!(
            share_out(400, 600, &samples),
            [240, 0, 160],
            "more than was seen"
        );
        assert_eq!(share_out(400, 600, &[(AROUND_CALLS, 1)]), [400]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_or_made(
            user_ns in 0u64..1 << 50,
            given_away_ns in 0u64..1 << 50,
            counts in prop::collection::vec(0u64..1 << 30, 1..9),
            around in 0usize..9,
        ) {
            let name = |place| if place == around { AROUND_CALLS } else { "other" };
            let samples: Vec<_> = counts.iter().enumerate().map(|(place, count)| (name(place), *count)).collect();
            prop_assume!(counts.iter().sum::<u64>() > 0);
            let shares = share_out(user_ns, given_away_ns, &samples);
            prop_assert_eq!(shares.iter().sum::<u64>(), user_ns);
        }
    }
}
