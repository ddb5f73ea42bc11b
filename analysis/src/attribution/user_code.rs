//! User code of a role by category: measured as a whole, split by the samples of all its threads.
//!
//! Threads of a role do the same kind of thing, so their samples are pooled: many threads with few
//! samples each are as informative as one thread with many.
//!
//! Code around a system call (the wrapper of the C library, Go's `entersyscall`) runs because of
//! the call, so it is booked to the calls of the role, by their number.

use super::ThreadTime;
use super::part::{Found, Part};
use crate::grid::part;
use crate::kinds;
use crate::ledger::{Key, sampling};
use crate::runtime::code::{self, StackCategories};
use recording::evidence::{self, Field, List};
use recording::process::Thread;
use recording::vocabulary::{CodeCategory, Role, TermKind};
use recording::{Evidence, Recording};
use std::collections::BTreeMap;

/// Splits the user code of one round; `times` are those of its threads, in their order.
pub(super) fn split(
    path: &str,
    recording: &Recording,
    times: &[ThreadTime],
    categories: &StackCategories<'_>,
    parts: &mut Vec<Part>,
) {
    let mut pools: BTreeMap<&Role, Pool<'_>> = BTreeMap::new();
    for (index, (thread, time)) in recording.threads.iter().zip(times).enumerate() {
        let pool = pools.entry(&thread.role).or_default();
        pool.add(thread, time);
        let at = Evidence::entry(path, List::Threads, index);
        pool.evidence.push(at.field(Field::OnCpuNs));
    }
    for (index, category) in categories.in_user_code() {
        let count = &recording.stacks.counts[index];
        let Some(thread) = recording.threads.get(count.thread) else {
            continue;
        };
        if let Some(pool) = pools.get_mut(&thread.role) {
            pool.has_stacks = true;
            let evidence = Evidence::part(path, evidence::Part::Stacks);
            pool.found(category, count.samples, evidence);
        }
    }
    for (index, samples) in recording.code.iter().enumerate() {
        let Some(thread) = recording.threads.get(samples.thread) else {
            continue;
        };
        let Some(pool) = pools.get_mut(&thread.role) else {
            continue;
        };
        if !pool.has_stacks {
            let category = categories.of_leaf(&thread.role, samples);
            let evidence = Evidence::entry(path, List::Code, index);
            pool.found(category, samples.samples, evidence);
        }
    }
    for (role, pool) in pools {
        pool.split(role, parts);
    }
}

/// The threads of one role.
#[derive(Default)]
struct Pool<'a> {
    /// User code to be booked.
    user_ns: u64,
    /// Measured time that samples split.
    outside_ns: u64,
    /// Time that samples found in user mode but that was charged to system calls and faults.
    reassigned_ns: u64,
    wakeups: u64,
    samples: u64,
    samples_user: u64,
    /// Whether call stacks decide, rather than innermost functions.
    has_stacks: bool,
    categories: BTreeMap<CodeCategory, Samples>,
    /// Calls that returned, by kind and cause.
    calls: BTreeMap<(TermKind, &'a str), u64>,
    evidence: Vec<Evidence>,
}

#[derive(Default)]
struct Samples {
    samples: u64,
    evidence: Vec<Evidence>,
}

impl<'a> Pool<'a> {
    fn add(&mut self, thread: &'a Thread, time: &ThreadTime) {
        self.user_ns += time.user_ns;
        self.outside_ns += time.outside_ns;
        self.reassigned_ns += time.reassigned_ns;
        self.wakeups += thread.wakeups;
        self.samples += thread.samples.outside_syscalls();
        self.samples_user += thread.samples.user;
        for call in thread.syscalls.iter().filter(|call| call.count > 0) {
            *self.calls.entry(kinds::of_syscall(call)).or_default() += call.count;
        }
    }

    fn found(&mut self, category: CodeCategory, samples: u64, evidence: Evidence) {
        let found = self.categories.entry(category).or_default();
        found.samples += samples;
        if found.evidence.last() != Some(&evidence) {
            found.evidence.push(evidence);
        }
    }

    /// Splits the pool. Threads run user code because they were woken, so its count is their
    /// wake-ups.
    fn split(mut self, role: &Role, parts: &mut Vec<Part>) {
        self.add_unattributed(role);
        let samples: Vec<(CodeCategory, u64)> = self
            .categories
            .iter()
            .map(|(category, found)| (*category, found.samples))
            .collect();
        let shares = shares(self.user_ns, self.reassigned_ns, &samples);
        for ((category, found), value) in self.categories.iter().zip(shares) {
            if value == 0 {
                continue;
            }
            let variance = sampling::variance(self.outside_ns, found.samples, self.samples);
            if *category == CodeCategory::SyscallWrapper && !self.calls.is_empty() {
                self.attribute_wrappers(role, (value, variance), &found.evidence, parts);
                continue;
            }
            let evidence = self.evidence.iter().chain(&found.evidence);
            parts.push(Part {
                key: Key::of_kind(Some(role), TermKind::Code(*category)),
                found: Found::Own,
                value,
                count: self.wakeups,
                variance,
                evidence: evidence.cloned().collect(),
                always: true,
            });
        }
    }

    /// Charges each of the role's calls its part of the wrappers' time.
    fn attribute_wrappers(
        &self,
        role: &Role,
        (value, variance): (u64, f64),
        evidence: &[Evidence],
        parts: &mut Vec<Part>,
    ) {
        let all: u64 = self.calls.values().sum();
        let (mut left, mut calls) = (value, all);
        for ((kind, cause), count) in &self.calls {
            let own = part(left, *count, calls);
            left -= own;
            calls -= count;
            let share = *count as f64 / all as f64;
            parts.push(Part {
                key: Key::new(Some(role), *kind, *cause),
                found: Found::Wrapper,
                value: own,
                count: 0,
                variance: variance * share * share,
                evidence: evidence.to_vec(),
                always: true,
            });
        }
    }

    /// Adds samples that have no place, and time without any sample: code without a name, unless
    /// the role's threads have a single job.
    fn add_unattributed(&mut self, role: &Role) {
        let placed: u64 = self.categories.values().map(|found| found.samples).sum();
        let unplaced = self.samples_user.saturating_sub(placed);
        if unplaced > 0 || placed == 0 {
            let category = code::dedicated(role).unwrap_or(CodeCategory::Unnamed);
            // A single sample makes all of the time a share of something.
            let samples = unplaced.max(u64::from(placed == 0));
            self.categories.entry(category).or_default().samples += samples;
        }
    }
}

/// Splits `user_ns` by samples, to the last nanosecond.
///
/// Samples find the exit of a system call in the wrapper around it. So the time that was charged to
/// calls and faults (`reassigned_ns`) comes out of the wrappers' share first.
fn shares(user_ns: u64, reassigned_ns: u64, samples: &[(CodeCategory, u64)]) -> Vec<u64> {
    let is_wrapper = |category: &CodeCategory| *category == CodeCategory::SyscallWrapper;
    let all: u64 = samples.iter().map(|(_, count)| count).sum();
    let wrappers = samples.iter().filter(|(category, _)| is_wrapper(category));
    let wrappers: u64 = wrappers.map(|(_, count)| count).sum();
    let found_ns = user_ns + reassigned_ns;
    let wrapper_ns = match wrappers == all {
        true => user_ns,
        false => part(found_ns, wrappers, all)
            .saturating_sub(reassigned_ns)
            .min(user_ns),
    };
    let (mut seen, mut given) = (0, 0);
    let share = |(category, count): &(CodeCategory, u64)| {
        if is_wrapper(category) {
            return wrapper_ns;
        }
        seen += count;
        let up_to_here = part(user_ns - wrapper_ns, seen, all - wrappers);
        let share = up_to_here - given;
        given = up_to_here;
        share
    };
    samples.iter().map(share).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn takes_reassigned_time_from_wrappers_first() {
        use CodeCategory::{Application, Parsing, SyscallWrapper};
        let samples = [(Application, 30), (SyscallWrapper, 50), (Parsing, 20)];
        assert_eq!(shares(1_000, 0, &samples), [300, 500, 200]);
        assert_eq!(shares(700, 300, &samples), [300, 200, 200]);
        let more_than_found = shares(400, 600, &samples);
        assert_eq!(more_than_found, [240, 0, 160]);
        assert_eq!(shares(400, 600, &[(SyscallWrapper, 1)]), [400]);
    }

    proptest! {
        #[test]
        fn splits_to_the_last_nanosecond(
            user_ns in 0u64..1 << 50,
            reassigned_ns in 0u64..1 << 50,
            counts in prop::collection::vec(0u64..1 << 30, 1..12),
        ) {
            prop_assume!(counts.iter().sum::<u64>() > 0);
            let categories = CodeCategory::ALL.iter().rev().copied();
            let samples: Vec<_> = categories.zip(counts).collect();
            prop_assume!(samples.iter().map(|(_, count)| count).sum::<u64>() > 0);
            let sum = shares(user_ns, reassigned_ns, &samples).iter().sum::<u64>();
            prop_assert_eq!(sum, user_ns);
        }
    }
}
