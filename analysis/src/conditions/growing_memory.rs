//! Memory that had not settled when the round ended.

use super::Sign;
use crate::thresholds::{Limit, Thresholds};
use recording::evidence::{Field, Part};
use recording::format::percent;
use recording::{Evidence, Recording};

/// Returns the sign of the condition in one round.
pub(super) fn check(path: &str, round: &Recording, limits: &Thresholds) -> Option<Sign> {
    let series = &round.memory.series;
    // Shorter series have no second half worth the name.
    if series.len() < 4 {
        return None;
    }
    let (middle, end) = (series[series.len() / 2].rss_bytes, series.last()?.rss_bytes);
    let growth = end as f64 / middle.max(1) as f64 - 1.0;
    (growth > limits[Limit::GrowthShare]).then(|| Sign {
        size: growth,
        text: format!(
            "resident memory grew by {} in the second half",
            percent(growth)
        ),
        evidence: Evidence::part(path, Part::Memory).field(Field::Series),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::memory::MemoryPoint;
    use recording::testing::Build;

    #[test]
    fn detects_growth() {
        let with = |sizes: &[u64]| {
            let points = sizes.iter().map(|rss_bytes| MemoryPoint {
                t_ns: 0,
                rss_bytes: *rss_bytes,
            });
            Build::arm("x")
                .with(|recording| recording.memory.series = points.collect())
                .done()
        };
        let sign =
            check("r", &with(&[50, 90, 100, 105, 120]), &Thresholds::default()).expect("seen");
        assert_eq!(sign.text, "resident memory grew by 20 % in the second half");
        assert!(check("r", &with(&[50, 90, 100, 101, 101]), &Thresholds::default()).is_none());
        assert!(check("r", &with(&[50, 90]), &Thresholds::default()).is_none());
    }
}
