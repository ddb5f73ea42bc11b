//! The program's own code, runtime and libraries included.

use super::{Comparison, Delta, Match};
use crate::ledger::sampling;
use recording::evidence::List;
use recording::vocabulary::{CodeCategory, RegionClass, Role, TermKind};
use recording::{Evidence, format};
use std::collections::BTreeMap;

/// Matches user code.
pub(super) fn check(pair: &Comparison<'_>) -> Option<Match> {
    let rows = pair.rows(|row| row.kind.is_user_code())?;
    let places = Places::of(pair, &rows);
    let text = format!(
        "{} ({}){}{}{}",
        pair.values(&rows),
        roles(pair, &rows),
        doing(pair, &rows),
        function(pair),
        places.text()
    );
    Some(Match {
        rows,
        text,
        evidence: places.evidence,
    })
}

/// Regions of the code in which samples found the costly arm.
struct Places {
    /// Samples by class of memory region.
    samples: BTreeMap<RegionClass, u64>,
    /// The samples.
    evidence: Vec<Evidence>,
}

impl Places {
    fn of(pair: &Comparison<'_>, rows: &[Delta]) -> Self {
        let mut places = Places {
            samples: BTreeMap::new(),
            evidence: Vec::new(),
        };
        for (path, recording) in &pair.costly.rounds {
            let ours = |index: usize| {
                let thread = recording.threads.get(index);
                thread.is_some_and(|thread| rows.iter().any(|row| row.role == thread.role))
            };
            let found = recording.code.iter().filter(|found| ours(found.thread));
            for found in found {
                *places.samples.entry(found.class).or_default() += found.samples;
            }
            if recording.code.iter().any(|found| ours(found.thread)) {
                places.evidence.push(Evidence::list(path, List::Code));
            }
        }
        places
    }

    /// `; of 200 samples, 75 % (± 6) in its binary, …`: shares with the 95 % error of their
    /// sampling, the three largest.
    fn text(&self) -> String {
        let all: u64 = self.samples.values().sum();
        let mut shares: Vec<(RegionClass, u64)> = self
            .samples
            .iter()
            .map(|(class, count)| (*class, *count))
            .collect();
        shares.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let shown: Vec<String> = shares
            .iter()
            .take(3)
            .map(|(class, count)| share(*class, *count, all))
            .collect();
        match shown.is_empty() {
            true => String::new(),
            false => format!("; of {all} samples, {}", shown.join(", ")),
        }
    }
}

/// A share of samples and its error, by the normal approximation of the binomial distribution.
fn share(class: RegionClass, count: u64, all: u64) -> String {
    let (count, all) = (count as f64, all as f64);
    let share = count / all;
    let error = 1.96 * (share * (1.0 - share) / all).sqrt();
    let place = match class {
        RegionClass::BinaryText => "its binary",
        other => other.label(),
    };
    format!(
        "{:.0} % (± {:.0}) in {place}",
        share * 100.0,
        (error * 100.0).max(1.0)
    )
}

/// Returns the user code of the costly arm by role, the two largest.
fn roles(pair: &Comparison<'_>, rows: &[Delta]) -> String {
    let mut roles: BTreeMap<&Role, (f64, f64)> = BTreeMap::new();
    for row in rows {
        let (value, wakeups) = roles.entry(&row.role).or_default();
        *value += row.costly.value;
        // Each of a role's rows counts all of its wake-ups.
        *wakeups = wakeups.max(row.costly.count);
    }
    let unit = pair.view.metric.unit;
    let shown = largest(roles, |(value, _)| *value, 2).map(|(role, (value, wakeups))| {
        let (value, wakeups) = (format::quantity(value, unit), format::number(wakeups));
        format!("{role} {value} over {wakeups} wake-ups")
    });
    let shown: Vec<String> = shown.collect();
    format!("{}: {}", pair.costly.arm, shown.join(", "))
}

/// Returns `; by category: application code 12.1 µs ± 1.3 µs, …`: the three categories that grew
/// most; nothing without names.
fn doing(pair: &Comparison<'_>, rows: &[Delta]) -> String {
    let mut kinds: BTreeMap<TermKind, (f64, Option<f64>)> = BTreeMap::new();
    for row in rows {
        let (more, error) = kinds.entry(row.kind).or_default();
        *more += row.delta;
        *error = sampling::together(*error, row.sampling_error);
    }
    let unit = pair.view.metric.unit;
    let largest: Vec<_> = largest(kinds, |(more, _)| *more, 3).collect();
    if largest.iter().all(|(kind, _)| *kind == UNNAMED) {
        return String::new();
    }
    let shown = largest.into_iter().map(|(kind, (more, error))| {
        let error = error.map(|error| format!(" ± {}", format::quantity(error, unit)));
        format!(
            "{kind} {}{}",
            format::quantity(more, unit),
            error.unwrap_or_default()
        )
    });
    let shown: Vec<String> = shown.collect();
    format!("; by category: {}", shown.join(", "))
}

/// Returns `; 97 % of the difference is in main.twice and what it calls`; nothing where stacks show
/// no such function.
fn function(pair: &Comparison<'_>) -> String {
    let Some(function) = &pair.view.pair.inclusive else {
        return String::new();
    };
    let share = format::percent(function.share);
    format!(
        "; {share} of the difference is in {} and what it calls",
        function.name
    )
}

const UNNAMED: TermKind = TermKind::Code(CodeCategory::Unnamed);

/// Returns the largest entries above zero.
fn largest<K: Ord, T: Copy>(
    sums: BTreeMap<K, T>,
    size: fn(&T) -> f64,
    most: usize,
) -> impl Iterator<Item = (K, T)> {
    let mut sums: Vec<(K, T)> = sums
        .into_iter()
        .filter(|(_, sum)| size(sum) > 0.0)
        .collect();
    sums.sort_by(|one, other| size(&other.1).total_cmp(&size(&one.1)));
    sums.into_iter().take(most)
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;
    use recording::process::Samples;
    use recording::vocabulary::{RegionClass, Runtime};

    #[test]
    fn finds_busy_code() {
        let found = planted("user-code", |build| {
            build.thread(9, MAIN, |thread| thread.user(DOSE, 0))
        });
        assert_whole(&found);
    }

    #[test]
    fn splits_it_by_category() {
        let found = planted("user-code", |build| {
            let build = build.thread(9, MAIN, |thread| thread.user(DOSE, 0));
            build
                .with(|recording| {
                    recording.target.runtime = Runtime::Go;
                    let threads = &mut recording.threads;
                    threads
                        .iter_mut()
                        .for_each(|thread| thread.samples = Samples::default());
                    threads.last_mut().expect("just added").samples.user = 100;
                })
                .code("main.burn", 100)
        });
        assert_whole(&found);
        let shown = "; by category: application code 30.1 µs ± ";
        assert!(found.text.contains(shown), "{}", found.text);
    }

    #[test]
    fn splits_it_by_region() {
        let samples = |pairs: &[(RegionClass, u64)]| {
            let pairs = pairs.iter().copied();
            super::Places {
                samples: pairs.collect(),
                evidence: vec![],
            }
        };
        assert_eq!(samples(&[]).text(), "");
        assert_eq!(
            samples(&[
                (RegionClass::JitCode, 20),
                (RegionClass::BinaryText, 150),
                (RegionClass::Libraries, 30)
            ])
            .text(),
            "; of 200 samples, 75 % (± 6) in its binary, 15 % (± 5) in shared libraries, \
             10 % (± 4) in JIT code"
        );
    }
}
