//! A set of CPUs, in the kernel's notation (`0-3,8`).

use std::{collections::BTreeSet, fmt, ops::RangeInclusive, str::FromStr};

/// CPUs by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cpus(pub BTreeSet<usize>);

/// A malformed list of CPUs.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{part:?} is not a CPU list; write numbers and ranges below {limit}, as in 0-3,8", limit = Cpus::LIMIT)]
pub struct NotCpus {
    part: String,
}

impl Cpus {
    /// Number of CPUs that an affinity mask holds.
    pub const LIMIT: usize = 1024;

    /// Returns the CPUs of this set that are not in `other`.
    pub fn without(&self, other: &Self) -> Self {
        Cpus(self.0.difference(&other.0).copied().collect())
    }

    /// Whether the sets have no CPU in common.
    pub fn is_apart_from(&self, other: &Self) -> bool {
        self.0.is_disjoint(&other.0)
    }

    /// Returns runs of consecutive CPUs, ascending.
    fn runs(&self) -> Vec<RangeInclusive<usize>> {
        let mut runs: Vec<RangeInclusive<usize>> = Vec::new();
        for &cpu in &self.0 {
            match runs.last_mut() {
                Some(run) if run.end() + 1 == cpu => *run = *run.start()..=cpu,
                _ => runs.push(cpu..=cpu),
            }
        }
        runs
    }
}

impl FromIterator<usize> for Cpus {
    fn from_iter<I: IntoIterator<Item = usize>>(cpus: I) -> Self {
        Cpus(cpus.into_iter().collect())
    }
}

impl FromStr for Cpus {
    type Err = NotCpus;

    fn from_str(text: &str) -> Result<Self, NotCpus> {
        let ranges: Result<Vec<_>, _> = text.trim().split(',').map(range).collect();
        Ok(ranges?.into_iter().flatten().collect())
    }
}

/// Parses `3` or `0-3`.
fn range(part: &str) -> Result<RangeInclusive<usize>, NotCpus> {
    let (first, last) = part.split_once('-').unwrap_or((part, part));
    let number = |text: &str| {
        let number = text.trim().parse().ok();
        number.filter(|cpu| *cpu < Cpus::LIMIT)
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Ok(first..=last),
        _ => Err(NotCpus { part: part.into() }),
    }
}

impl fmt::Display for Cpus {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, run) in self.runs().iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            match run.end() - run.start() {
                0 => write!(out, "{comma}{}", run.start())?,
                _ => write!(out, "{comma}{}-{}", run.start(), run.end())?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parses_and_formats_lists_as_the_kernel_does() {
        let shown = |text: &str| text.parse::<Cpus>().map(|cpus| cpus.to_string());
        assert_eq!(shown("3").unwrap(), "3");
        assert_eq!(shown("8,0-1, 2 ,3\n").unwrap(), "0-3,8");
    }

    #[test]
    fn rejects_malformed_lists() {
        for text in [
            "",
            "a",
            "3-1",
            "-1",
            "1-",
            "0,,1",
            "1024",
            "0-4294967295",
            "1.5",
        ] {
            let error = text.parse::<Cpus>().unwrap_err().to_string();
            assert!(error.contains("as in 0-3,8"), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn parses_what_it_formats(cpus in prop::collection::btree_set(0usize..Cpus::LIMIT, 1..40)) {
            let cpus = Cpus(cpus);
            prop_assert_eq!(cpus.to_string().parse::<Cpus>(), Ok(cpus));
        }

        #[test]
        fn parses_or_rejects_any_text(text in ".{0,40}") {
            let _ = text.parse::<Cpus>();
        }
    }
}
