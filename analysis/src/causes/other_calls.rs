//! Whatever else the program asks the kernel for.

use super::case::largest;
use super::{About, Case, Hit, Kind, Rule};
use crate::work;

/// Kinds of work without a rule that takes them as they are.
const KINDS: [&str; 5] = [
    "other system calls",
    "handling signals",
    "starting and ending threads",
    "opening and closing connections",
    "managing memory",
];

/// See the module.
pub struct OtherCalls;

const ABOUT: About = About {
    id: "other-calls",
    title: "Other system calls",
    pattern: "System calls that no rule above explains",
    meaning: "These calls are not part of moving data from one socket to another",
    remedy: "See who makes them (strace -k, perf trace) and whether they are needed",
};

impl Rule for OtherCalls {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Cpu
    }

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case.rows(|row| KINDS.contains(&work::of_row(&row.role, &row.cause)))?;
        let text = format!(
            "{}{}",
            case.counts("calls", &rows),
            largest(&rows, &case.story.metric.unit)
        );
        Some(Hit {
            rows,
            text,
            evidence: vec![],
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;

    #[test]
    fn needless_calls_are_found() {
        let found = planted("other-calls", |build| build.call("getpid", 5_000, DOSE));
        assert_whole(&found);
        assert!(found.text.contains("most of it getpid"), "{}", found.text);
    }
}
