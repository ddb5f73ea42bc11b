//! Memory that had not settled when the round ended.

use super::{Condition, Sign};
use crate::{causes::About, quantity::percent};
use recording::Recording;

/// See the module.
pub struct GrowingMemory;

const ABOUT: About = About {
    id: "growing-memory",
    title: "Growing memory",
    pattern: "Resident memory that grows by more than 5 % in the second half of a round",
    meaning: "Memory had not settled: it is still warming up, or it leaks; what was measured is not where it ends",
    remedy: "Measure for longer (--scenario soak) to tell the two apart",
};

impl Condition for GrowingMemory {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn metric(&self) -> &'static str {
        "rss_bytes"
    }

    fn check(&self, round: &Recording) -> Option<Sign> {
        let series = &round.memory.series;
        // Shorter series have no second half worth the name.
        if series.len() < 4 {
            return None;
        }
        let (middle, end) = (series[series.len() / 2].rss_bytes, series.last()?.rss_bytes);
        let growth = end as f64 / middle.max(1) as f64 - 1.0;
        (growth > 0.05).then(|| Sign {
            size: growth,
            text: format!(
                "resident memory grew by {} in the second half",
                percent(growth)
            ),
            pointer: "/memory/series".into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Build;
    use recording::memory::MemoryPoint;

    #[test]
    fn growth_is_seen() {
        let with = |sizes: &[u64]| {
            let points = sizes.iter().map(|rss_bytes| MemoryPoint {
                t_ns: 0,
                rss_bytes: *rss_bytes,
            });
            Build::arm("x")
                .with(|recording| recording.memory.series = points.collect())
                .done()
        };
        let sign = GrowingMemory
            .check(&with(&[50, 90, 100, 105, 120]))
            .expect("seen");
        assert_eq!(sign.text, "resident memory grew by 20 % in the second half");
        assert!(
            GrowingMemory
                .check(&with(&[50, 90, 100, 101, 101]))
                .is_none()
        );
        assert!(GrowingMemory.check(&with(&[50, 90])).is_none());
    }
}
