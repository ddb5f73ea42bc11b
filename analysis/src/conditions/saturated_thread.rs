//! A thread that is on a CPU nearly all of the time.

use super::Sign;
use crate::thresholds::{Limit, Thresholds};
use recording::evidence::{Field, List};
use recording::format::percent;
use recording::{Evidence, Recording};

/// Returns the sign of the condition in one round.
pub(super) fn check(path: &str, round: &Recording, limits: &Thresholds) -> Option<Sign> {
    let threads = round.threads.iter().enumerate();
    let (index, busiest) = threads.max_by_key(|(_, thread)| thread.on_cpu_ns)?;
    let share = busiest.on_cpu_ns as f64 / round.window.duration_ns.max(1) as f64;
    (share > limits[Limit::SaturatedShare]).then(|| Sign {
        size: share,
        text: format!(
            "one thread ({}) was on a CPU {} of the time",
            busiest.role,
            percent(share)
        ),
        evidence: Evidence::entry(path, List::Threads, index).field(Field::OnCpuNs),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::testing::Build;

    #[test]
    fn detects_a_busy_thread() {
        let with = |on_cpu: u64| {
            Build::arm("x")
                .thread(1, "main loop", |thread| thread.user(on_cpu, 1))
                .done()
        };
        let sign = check("r", &with(950_000_000), &Thresholds::default()).expect("seen");
        assert_eq!(
            sign.text,
            "one thread (main loop) was on a CPU 95 % of the time"
        );
        assert!(check("r", &with(800_000_000), &Thresholds::default()).is_none());
        assert!(check("r", &Build::arm("x").done(), &Thresholds::default()).is_none());
    }
}
