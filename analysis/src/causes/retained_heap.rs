//! The heap that the runtime holds.

use super::case::largest;
use super::{About, Case, Hit, Kind, Rule};

/// See the module.
pub struct RetainedHeap;

const ABOUT: About = About {
    id: "retained-heap",
    title: "Runtime heap",
    pattern: "Resident pages of the runtime's heap",
    meaning: "This is live data, garbage not yet collected, and room that the allocator keeps for later",
    remedy: "Compare after a forced collection to tell live data from room; set the heap's limit (GOMEMLIMIT, bun --smol)",
};

impl Rule for RetainedHeap {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Memory
    }

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case.rows(|row| ["runtime heap"].contains(&row.cause.as_str()))?;
        let text = format!(
            "{}{}",
            case.values(&rows),
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
    fn it_is_found() {
        let found = planted("retained-heap", |build| {
            build.region("runtime heap", 50 << 20)
        });
        assert_whole(&found);
    }
}
