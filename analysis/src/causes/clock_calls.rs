//! The clock read by real system calls.

use super::{About, Case, Hit, Kind, Rule};
/// See the module.
pub struct ClockCalls;

const ABOUT: About = About {
    id: "clock-calls",
    title: "Reading the clock",
    pattern: "System calls that read the clock",
    meaning: "Reading the clock needs no system call where the vDSO serves it; here it does one",
    remedy: "Read it once per event-loop turn, and check that the clock source is tsc or kvm-clock",
};

impl Rule for ClockCalls {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Cpu
    }

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case.work("reading the clock")?;
        let text = case.counts("calls", &rows);
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
    fn clock_calls_are_found() {
        let found = planted("clock-calls", |build| {
            build.call("clock_gettime", 5_000, DOSE)
        });
        assert_whole(&found);
        assert!(
            found
                .text
                .contains("has 5.00 calls a token where clean has 0"),
            "{}",
            found.text
        );
    }
}
