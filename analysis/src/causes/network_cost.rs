//! The kernel's own work of moving bytes.

use super::case::largest;
use super::{About, Case, Hit, Kind, Rule};
use crate::work;

/// See the module.
pub struct NetworkCost;

const ABOUT: About = About {
    id: "network-cost",
    title: "Sending and receiving",
    pattern: "Calls that send and receive, where no rule above explains them",
    meaning: "This is the network stack at work, the loopback's receiving side included: it is charged to who sends",
    remedy: "Fewer, larger messages are all that helps",
};

impl Rule for NetworkCost {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Cpu
    }

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case
            .rows(|row| ["sending", "receiving"].contains(&work::of_row(&row.role, &row.cause)))?;
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
    fn dearer_sends_are_found() {
        let found = planted("network-cost", |build| build.call("sendto", 0, DOSE));
        assert_whole(&found);
    }
}
