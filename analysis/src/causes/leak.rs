//! Memory that grows as long as it is recorded.

use super::rows::largest;
use super::{Comparison, Match};
use crate::thresholds::Limit;
use crate::{arms::Rounds, call_sites};
use recording::evidence::{Field, Part};
use recording::vocabulary::{RegionClass, TermKind, Unit};
use recording::{Evidence, Recording, format};

/// Classes of region that do not grow by a program's own doing, or only as it warms up.
const SETTLED: [RegionClass; 5] = [
    RegionClass::BinaryText,
    RegionClass::BinaryData,
    RegionClass::Libraries,
    RegionClass::JitCode,
    RegionClass::ThreadStacks,
];
/// Matches memory that grew in both halves of a round.
pub(super) fn check(pair: &Comparison<'_>) -> Option<Match> {
    let rows = pair.rows(|row| {
        let settled = |class: &RegionClass| row.kind == TermKind::Region(*class);
        !SETTLED.iter().any(settled)
    })?;
    let [first, second] = growth(pair.costly)?;
    let before: f64 = growth(pair.baseline)?.iter().sum();
    let (pace, share) = (pair.limits[Limit::LeakPace], pair.limits[Limit::LeakShare]);
    if second < pace * first || first + second - before < share * pair.gap() {
        return None;
    }
    let halves = [first, second].map(|half| format::quantity(half, Unit::Bytes));
    let faulting = call_sites::page_faults(pair.costly);
    let text = format!(
        "{} grew by {} in the first half of a round and by {} in the second{}{}",
        pair.costly.arm,
        halves[0],
        halves[1],
        largest(&rows, pair.view.metric.unit),
        faulting.text,
    );
    let mut evidence =
        pair.cite_all(|path| Evidence::part(path, Part::Memory).field(Field::Series));
    evidence.extend(faulting.evidence);
    Some(Match {
        rows,
        text,
        evidence,
    })
}

/// Growth in both halves of a round, mean over rounds; `None` where a round was too short to have
/// halves.
fn growth(arm: &Rounds<'_>) -> Option<[f64; 2]> {
    let halves: Option<Vec<[f64; 2]>> = arm.rounds.iter().map(|(_, round)| halves(round)).collect();
    let halves = halves?;
    let mean =
        |half: usize| halves.iter().map(|round| round[half]).sum::<f64>() / halves.len() as f64;
    Some([mean(0), mean(1)])
}

fn halves(recording: &Recording) -> Option<[f64; 2]> {
    let series = &recording.memory.series;
    let (first, last) = (series.first()?, series.last()?);
    let middle = &series[series.len() / 2];
    let is_long = series.len() >= 4 && middle.t_ns > first.t_ns && last.t_ns > middle.t_ns;
    // Both halves get the same length, because an odd number of points has no middle.
    let pace = |from: &recording::memory::MemoryPoint, to: &recording::memory::MemoryPoint| {
        let grown = to.rss_bytes as f64 - from.rss_bytes as f64;
        grown / (to.t_ns - from.t_ns) as f64 * (last.t_ns - first.t_ns) as f64 / 2.0
    };
    is_long.then(|| [pace(first, middle), pace(middle, last)])
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;
    use crate::testing::compare;
    use recording::memory::MemoryPoint;
    use recording::testing::Build;
    use recording::vocabulary::{MetricId, RegionClass};

    /// Adds resident memory at the end of each second, in MiB.
    fn grown(build: Build, sizes: [u64; 5]) -> Build {
        let points = (1..).zip(sizes).map(|(second, size)| MemoryPoint {
            t_ns: second * 1_000_000_000,
            rss_bytes: size << 20,
        });
        build.with(|recording| recording.memory.series = points.collect())
    }

    fn found(sizes: [u64; 5]) -> recording::comparison::Finding {
        let clean = (1..=3).map(|number| {
            let build = Build::arm("clean").region(RegionClass::RuntimeHeap, 10 << 20);
            (format!("clean/{number}"), grown(build, [10; 5]).done())
        });
        let leaky = (1..=3).map(|number| {
            let build = Build::arm("leaky").region(RegionClass::RuntimeHeap, 50 << 20);
            (format!("leaky/{number}"), grown(build, sizes).done())
        });
        let comparison = compare(&clean.chain(leaky).collect::<Vec<_>>());
        let findings = comparison.findings.into_iter();
        let mut causes =
            findings.filter(|found| found.metric == MetricId::RssBytes && found.pair.is_some());
        causes
            .find(|found| found.id != "difference")
            .expect("memory differs")
    }

    #[test]
    fn finds_steady_growth() {
        let found = found([10, 20, 30, 40, 50]);
        assert_eq!(found.id, "leak");
        assert_whole(&found);
        assert!(
            found.text.contains("20.0 MiB in the first half"),
            "{}",
            found.text
        );
    }

    #[test]
    fn ignores_memory_that_is_large_or_warms_up() {
        assert_eq!(found([50; 5]).id, "retained-heap");
        assert_eq!(found([10, 40, 48, 49, 50]).id, "retained-heap");
    }
}
