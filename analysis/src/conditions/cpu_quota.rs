//! A cgroup's CPU quota that keeps the target from running.

use super::Sign;
use crate::thresholds::{Limit, Thresholds};
use recording::evidence::{Field, Part};
use recording::format::{duration, percent};
use recording::vocabulary::Role;
use recording::{Evidence, Recording};
use std::collections::BTreeMap;

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
            "its threads were kept from running for {}, {} of the time that they ran{of_quota}{}",
            duration(process.throttled_ns),
            percent(share),
            largest(round)
        ),
        evidence: Evidence::part(path, Part::Process).field(Field::ThrottledNs),
    })
}

/// Returns `; 90 % of it worker`, the role that waits most; nothing where all have one role.
fn largest(round: &Recording) -> String {
    let mut roles: BTreeMap<&Role, u64> = BTreeMap::new();
    for thread in round
        .threads
        .iter()
        .filter(|thread| thread.throttled_ns > 0)
    {
        *roles.entry(&thread.role).or_default() += thread.throttled_ns;
    }
    let all: u64 = roles.values().sum();
    let largest = roles.iter().max_by_key(|(_, ns)| **ns);
    match largest.filter(|_| roles.len() > 1) {
        Some((role, ns)) => format!("; {} of it {role}", percent(*ns as f64 / all as f64)),
        None => String::new(),
    }
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
        let mut of_two = with(400_000_000, None);
        let mut other = of_two.threads[0].clone();
        of_two.threads[0].throttled_ns = 100_000_000;
        (other.role, other.throttled_ns) = ("worker".into(), 300_000_000);
        of_two.threads.push(other);
        let sign = check("r", &of_two, &limits).expect("seen");
        assert!(sign.text.ends_with("; 75 % of it worker"), "{}", sign.text);
    }
}
