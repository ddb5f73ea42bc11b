//! A garbage collector that stops the program.

use super::Sign;
use crate::gc;
use crate::thresholds::{Limit, Thresholds};
use recording::evidence::{Field, Part};
use recording::format::{count, percent_tenths, quantity};
use recording::vocabulary::Unit;
use recording::{Evidence, Recording};

/// Returns the sign of the condition in one round.
pub(super) fn check(path: &str, round: &Recording, limits: &Thresholds) -> Option<Sign> {
    let gc = gc::measure(round)?;
    let pause_ns = gc.pause_ns? as f64;
    let share = pause_ns / round.window.duration_ns.max(1) as f64;
    if share <= limits[Limit::PauseShare] {
        return None;
    }
    let collections = gc.collections.filter(|count| *count > 0);
    let each = collections.map_or_else(String::new, |collections| {
        let mean = quantity(pause_ns / collections as f64, Unit::Ns);
        format!(", {mean} for each of {} collections", count(collections))
    });
    Some(Sign {
        size: share,
        text: format!(
            "it stood still for {}, {} of the round, while its collector ran{each}",
            quantity(pause_ns, Unit::Ns),
            percent_tenths(share),
        ),
        evidence: Evidence::part(path, Part::Gc).field(Field::PauseNs),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::thresholds::TABLE;
    use recording::runtime_stats::{GcCalls, GcTimes};
    use recording::testing::Build;
    use recording::vocabulary::{Role, Runtime};

    /// A JVM that stood still for 70 ms in 5 collections of a round.
    fn round(duration_ns: u64) -> Recording {
        let build = Build::arm("java")
            .thread(1, "main", |thread| thread.user(900_000, 90))
            .thread(2, Role::Gc, |thread| {
                thread.named("GC Thread#0").user(40_000_000, 4)
            });
        let mut recording = build.done();
        recording.target.runtime = Runtime::Java;
        recording.window.duration_ns = duration_ns;
        recording.runtime_stats.gc_calls = Some(GcCalls {
            function: "collect".into(),
            count: 5,
            times: Some(GcTimes {
                wall_ns: 70_000_000,
                on_cpu_ns: 25_000_000,
                faults: 0,
            }),
        });
        recording
    }

    #[test]
    fn detects_a_program_that_stands_still() {
        let limits = Thresholds::default();
        let sign = check("r", &round(2_000_000_000), &limits).expect("3.5 %");
        assert_eq!(
            sign.text,
            "it stood still for 70.0 ms, 3.5 % of the round, while its collector ran, 14.0 ms for \
             each of 5 collections"
        );
        assert_eq!(sign.evidence.to_string(), "r#/gc/pause_ns");
        assert!(check("r", &round(10_000_000_000), &limits).is_none());
        let mut unknown = round(2_000_000_000);
        unknown.runtime_stats.gc_calls = None;
        assert!(check("r", &unknown, &limits).is_none());
    }

    #[test]
    fn depends_on_no_threshold_closely() {
        for entry in &TABLE {
            for factor in [0.5, 1.0, 2.0] {
                let limits = Thresholds::with(entry, factor);
                let found = check("r", &round(2_000_000_000), &limits);
                assert!(found.is_some(), "{:?} × {factor}", entry.limit);
            }
        }
    }
}
