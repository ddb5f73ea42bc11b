//! Time that the hypervisor gave to others.

use super::Sign;
use crate::thresholds::{Limit, Thresholds};
use recording::evidence::{Field, Part};
use recording::format::percent;
use recording::{Evidence, Recording};

/// Returns the sign of the condition in one round.
pub(super) fn check(path: &str, round: &Recording, limits: &Thresholds) -> Option<Sign> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use recording::testing::Build;

    #[test]
    fn detects_steal() {
        let with = |steal: u64| {
            let build = Build::arm("x").with(|recording| recording.host.cpus = 2);
            build
                .with(|recording| recording.host.steal_ns = steal)
                .done()
        };
        let sign = check("r", &with(100_000_000), &Thresholds::default()).expect("seen");
        assert_eq!(sign.text, "5 % of the host's CPU time was stolen");
        assert!(check("r", &with(1_000_000), &Thresholds::default()).is_none());
    }
}
