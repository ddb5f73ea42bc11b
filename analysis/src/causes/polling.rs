//! Timers that wake a thread to look whether there is something to do.

use super::{About, Case, Hit, Kind, Rule};
use crate::{runtime::GO_SYSMON, work};

/// See the module.
pub struct Polling;

const ABOUT: About = About {
    id: "polling",
    title: "Sleeping and waking by a timer",
    pattern: "nanosleep and its kin, and the threads that live by them (Go's sysmon)",
    meaning: "A thread wakes by the clock, whether or not there is work",
    remedy: "Lengthen the interval, or wait for the event itself",
};

impl Rule for Polling {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Cpu
    }

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case.rows(|row| work::of(&row.cause) == "sleeping" || row.role == GO_SYSMON)?;
        let slept: Vec<_> = rows
            .iter()
            .filter(|row| work::of(&row.cause) == "sleeping")
            .cloned()
            .collect();
        let text = case.counts("sleeps", &slept);
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
    fn a_polling_timer_is_found() {
        let found = planted("polling", |build| {
            build.call("clock_nanosleep", 1_000, DOSE)
        });
        assert_whole(&found);
    }
}
