//! Threads that are runnable and wait for a CPU.

use super::Sign;
use crate::thresholds::{Limit, Thresholds};
use recording::evidence::{Field, Part};
use recording::format::number;
use recording::{Evidence, Recording};

/// Returns the sign of the condition in one round.
pub(super) fn check(path: &str, round: &Recording, limits: &Thresholds) -> Option<Sign> {
    let process = &round.process;
    let share = process.run_queue_ns as f64 / process.on_cpu_ns.max(1) as f64;
    (share > limits[Limit::RunQueueShare]).then(|| Sign {
        size: share,
        text: format!(
            "its threads waited for a CPU {} times as long as they ran",
            number(share)
        ),
        evidence: Evidence::part(path, Part::Process).field(Field::RunQueueNs),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::testing::Build;

    #[test]
    fn detects_a_crowded_machine() {
        let with = |waited: u64| {
            let build = Build::arm("x").thread(1, "main", |thread| thread.user(100, 1));
            build
                .with(|recording| recording.process.run_queue_ns = waited)
                .done()
        };
        let sign = check("r", &with(50), &Thresholds::default()).expect("seen");
        assert_eq!(
            sign.text,
            "its threads waited for a CPU 0.500 times as long as they ran"
        );
        assert!(check("r", &with(10), &Thresholds::default()).is_none());
    }
}
