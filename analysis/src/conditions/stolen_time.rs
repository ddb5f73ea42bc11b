//! Time that the hypervisor gave to somebody else.

use super::{Condition, Sign};
use crate::causes::About;
use crate::thresholds::{Limit, Thresholds};
use recording::evidence::{Field, Part};
use recording::format::percent;
use recording::vocabulary::MetricId;
use recording::{Evidence, Recording};

/// See the module.
pub struct StolenTime;

const ABOUT: About = About {
    id: "stolen-time",
    title: "Stolen time",
    pattern: "Stolen time above 1 % of all CPUs",
    meaning: "Another virtual machine on the same hardware took CPU time away. Times on the wall clock are longer for it. CPU time is without it, as far as the kernel was told; but caches and clocks that are shared make every instruction dearer",
    remedy: "Measure on a quieter host, or more rounds",
};

impl Condition for StolenTime {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn metric(&self) -> MetricId {
        MetricId::ProxyLatencyNs
    }

    fn check(&self, path: &str, round: &Recording, limits: &Thresholds) -> Option<Sign> {
        let all = round
            .window
            .duration_ns
            .saturating_mul(u64::from(round.host.cpus));
        let share = round.host.steal_ns as f64 / all.max(1) as f64;
        (share > limits[Limit::StealShare]).then(|| Sign {
            size: share,
            text: format!("{} of the host's CPU time was stolen", percent(share)),
            evidence: Evidence::part(path, Part::Host).field(Field::StealNs),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::testing::Build;

    #[test]
    fn stolen_time_is_seen() {
        let with = |steal: u64| {
            let build = Build::arm("x").with(|recording| recording.host.cpus = 2);
            build
                .with(|recording| recording.host.steal_ns = steal)
                .done()
        };
        let sign = StolenTime
            .check("r", &with(100_000_000), &Thresholds::default())
            .expect("seen");
        assert_eq!(sign.text, "5 % of the host's CPU time was stolen");
        assert!(
            StolenTime
                .check("r", &with(1_000_000), &Thresholds::default())
                .is_none()
        );
    }
}
