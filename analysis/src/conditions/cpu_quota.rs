//! A cgroup's CPU quota that keeps the target from running.

use super::Sign;
use crate::thresholds::{Limit, Thresholds};
use recording::evidence::{Field, Part};
use recording::format::{duration, percent};
use recording::{Evidence, Recording};

/// Returns the sign of the condition in one round.
pub(super) fn check(path: &str, round: &Recording, limits: &Thresholds) -> Option<Sign> {
    let process = &round.process;
    let share = process.throttled_ns as f64 / process.on_cpu_ns.max(1) as f64;
    if share <= limits[Limit::ThrottledShare] {
        return None;
    }
    let of_quota = round
        .host
        .cpu_quota
        .as_ref()
        .map_or_else(String::new, |quota| {
            format!(
                " by the quota of {} CPU time in each {} (cgroup {})",
                duration(quota.quota_ns),
                duration(quota.period_ns),
                quota.cgroup
            )
        });
    Some(Sign {
        size: share,
        text: format!(
            "its threads were kept from running for {}, {} of the time that they ran{of_quota}",
            duration(process.throttled_ns),
            percent(share)
        ),
        evidence: Evidence::part(path, Part::Process).field(Field::ThrottledNs),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::host::CpuQuota;
    use recording::testing::Build;

    #[test]
    fn detects_a_quota_that_throttles() {
        let with = |throttled: u64, quota: Option<CpuQuota>| {
            let build = Build::arm("x").thread(1, "main", |thread| thread.user(100_000_000, 1));
            let build = build.with(|recording| recording.host.cpu_quota = quota);
            build
                .with(|recording| recording.process.throttled_ns = throttled)
                .done()
        };
        let quota = CpuQuota {
            cgroup: "/limited".into(),
            quota_ns: 20_000_000,
            period_ns: 100_000_000,
            ..CpuQuota::default()
        };
        let limits = Thresholds::default();
        let sign = check("r", &with(400_000_000, Some(quota)), &limits).expect("seen");
        assert_eq!(
            sign.text,
            "its threads were kept from running for 400 ms, 400 % of the time that they ran by the \
             quota of 20.0 ms CPU time in each 100 ms (cgroup /limited)"
        );
        assert!(check("r", &with(400_000_000, None), &limits).is_some());
        assert!(check("r", &with(1_000_000, None), &limits).is_none());
    }
}
