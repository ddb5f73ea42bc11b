//! A thread that does nothing but run.

use super::{Condition, Sign};
use crate::causes::About;
use crate::thresholds::{Limit, Thresholds};
use recording::evidence::{Field, List};
use recording::format::percent;
use recording::vocabulary::MetricId;
use recording::{Evidence, Recording};

/// See the module.
pub struct SaturatedThread;

const ABOUT: About = About {
    id: "saturated-thread",
    title: "Saturated thread",
    pattern: "A thread on a CPU for more than 90 % of its round",
    meaning: "It is the bottleneck: what it serves waits for it",
    remedy: "Spread its work over more threads or processes, or take work off it",
};

impl Condition for SaturatedThread {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn metric(&self) -> MetricId {
        MetricId::ProxyLatencyNs
    }

    fn check(&self, path: &str, round: &Recording, limits: &Thresholds) -> Option<Sign> {
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::testing::Build;

    #[test]
    fn a_busy_thread_is_seen() {
        let with = |on_cpu: u64| {
            Build::arm("x")
                .thread(1, "main loop", |thread| thread.user(on_cpu, 1))
                .done()
        };
        let sign = SaturatedThread
            .check("r", &with(950_000_000), &Thresholds::default())
            .expect("seen");
        assert_eq!(
            sign.text,
            "one thread (main loop) was on a CPU 95 % of the time"
        );
        assert!(
            SaturatedThread
                .check("r", &with(800_000_000), &Thresholds::default())
                .is_none()
        );
        assert!(
            SaturatedThread
                .check("r", &Build::arm("x").done(), &Thresholds::default())
                .is_none()
        );
    }
}
