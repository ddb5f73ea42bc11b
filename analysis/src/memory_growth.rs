//! Growth of resident memory: with open connections while they become more, and with time while
//! they do not.
//!
//! Each round gives a slope by least squares; an arm's is their mean, with a 95 % interval by
//! Student's t over rounds. A single round gives an interval over its points, which is too narrow
//! where memory grows in steps, because points of one process depend on each other.
//!
//! Least squares are linear, so the slopes of the classes add up to that of all memory.

use crate::thresholds::{Limit, Thresholds};
use crate::{arms::Rounds, stats};
use recording::{
    Evidence, Recording,
    comparison::{Estimate, MemoryGrowth},
    evidence::List,
    memory::RegionPoint,
    vocabulary::{Per, RegionClass},
};
use std::collections::BTreeSet;

/// Fewest points of a line.
const POINTS: usize = 4;
/// Fewest points in the second half of a round, for growth over time.
const POINTS_OF_TIME: usize = 8;

/// Measures the growth of every arm that shows any.
pub fn measure(arms: &[Rounds<'_>]) -> Vec<MemoryGrowth> {
    let kinds: [(Per, Pick, Axis); 2] = [
        (Per::Connection, rising, |point| point.connections as f64),
        (Per::Second, steady, |point| point.t_ns as f64 / 1e9),
    ];
    let of_arm = |arm| kinds.map(|(per, pick, axis)| slopes(arm, per, pick, axis));
    arms.iter().flat_map(of_arm).flatten().collect()
}

/// Picks the points of a round that show growth.
type Pick = fn(&Recording) -> Option<&[RegionPoint]>;
/// The quantity that memory grows with.
type Axis = fn(&RegionPoint) -> f64;

/// Returns the points up to the most connections, if those became more than a few. Memory that is
/// returned afterwards, or is not, does not matter here.
fn rising(round: &Recording) -> Option<&[RegionPoint]> {
    let points = &round.memory.region_series;
    let most = points.iter().map(|point| point.connections).max()?;
    let peak = points.iter().position(|point| point.connections == most)?;
    let rising = &points[..=peak];
    let counts: BTreeSet<u64> = rising.iter().map(|point| point.connections).collect();
    let least = counts.first().copied().unwrap_or(most);
    (rising.len() >= POINTS && counts.len() >= POINTS && most >= 2 * least + POINTS as u64)
        .then_some(rising)
}

/// Returns the second half of a round, when it has warmed up, if connections stay the same.
fn steady(round: &Recording) -> Option<&[RegionPoint]> {
    let points = &round.memory.region_series;
    let half = &points[points.len() / 2..];
    let counts = || half.iter().map(|point| point.connections);
    let (least, most) = (counts().min()?, counts().max()?);
    let change = Thresholds::default()[Limit::SteadyConnections];
    let is_steady = (most - least) as f64 <= (most as f64 * change).max(1.0);
    (half.len() >= POINTS_OF_TIME && is_steady).then_some(half)
}

/// Returns the growth of all memory first, then of each class.
fn slopes(arm: &Rounds<'_>, per: Per, pick: Pick, axis: Axis) -> Vec<MemoryGrowth> {
    let rounds: Vec<(&str, &[RegionPoint])> = arm
        .rounds
        .iter()
        .filter_map(|(path, round)| Some((*path, pick(round)?)))
        .collect();
    if rounds.is_empty() {
        return Vec::new();
    }
    let points = rounds.iter().flat_map(|(_, points)| *points);
    let regions = points.flat_map(|point| &point.regions);
    let classes: BTreeSet<RegionClass> = regions.map(|region| region.class).collect();
    let slope = |class: Option<RegionClass>| MemoryGrowth {
        arm: arm.arm.into(),
        class,
        per,
        bytes: estimate(&rounds, |point| (axis(point), bytes(point, class))),
        rounds: rounds.len() as u32,
        points: rounds.iter().map(|(_, points)| points.len() as u32).sum(),
        evidence: rounds
            .iter()
            .map(|(path, _)| Evidence::list(path, List::RegionSeries))
            .collect(),
    };
    std::iter::once(slope(None))
        .chain(classes.into_iter().map(|class| slope(Some(class))))
        .collect()
}

fn bytes(point: &RegionPoint, class: Option<RegionClass>) -> f64 {
    let wanted = point
        .regions
        .iter()
        .filter(|region| class.is_none_or(|class| region.class == class));
    wanted.map(|region| region.rss_bytes as f64).sum()
}

fn estimate(
    rounds: &[(&str, &[RegionPoint])],
    at: impl Fn(&RegionPoint) -> (f64, f64),
) -> Estimate {
    let lines: Vec<Line> = rounds
        .iter()
        .map(|(_, points)| Line::through(&points.iter().map(&at).collect::<Vec<_>>()))
        .collect();
    let count = lines.len() as f64;
    let mean = lines.iter().map(|line| line.slope).sum::<f64>() / count;
    let reach = match lines.as_slice() {
        [only] => only.reach,
        several => {
            let squares = several.iter().map(|line| (line.slope - mean).powi(2));
            let deviation = (squares.sum::<f64>() / (count - 1.0)).sqrt();
            stats::student_t(several.len() - 1) * deviation / count.sqrt()
        }
    };
    Estimate {
        value: mean,
        ci95: [mean - reach, mean + reach],
    }
}

/// A straight line by least squares.
struct Line {
    slope: f64,
    /// Half the width of the 95 % interval of the slope.
    reach: f64,
}

impl Line {
    fn through(points: &[(f64, f64)]) -> Self {
        let count = points.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
        let (x0, y0) = (mean(|point| point.0), mean(|point| point.1));
        let spread: f64 = points.iter().map(|(x, _)| (x - x0).powi(2)).sum();
        let together: f64 = points.iter().map(|(x, y)| (x - x0) * (y - y0)).sum();
        let slope = together / spread;
        let off = |(x, y): &(f64, f64)| (y - y0 - slope * (x - x0)).powi(2);
        let off: f64 = points.iter().map(off).sum();
        let degrees = points.len() - 2;
        let error = (off / degrees as f64 / spread).sqrt();
        Line {
            slope,
            reach: stats::student_t(degrees) * error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use recording::memory::Region;
    use recording::testing::Build;

    /// A round with these `(connections, heap)` points, two seconds apart; stacks take 10 bytes a
    /// connection.
    fn round(points: &[(u64, u64)]) -> (String, Recording) {
        let region = |class, rss_bytes| Region {
            class,
            rss_bytes,
            pss_bytes: rss_bytes,
        };
        let series = (1..)
            .zip(points)
            .map(|(place, (connections, heap))| RegionPoint {
                t_ns: place * 2_000_000_000,
                connections: *connections,
                regions: vec![
                    region(RegionClass::RuntimeHeap, *heap),
                    region(RegionClass::ThreadStacks, 10 * connections),
                ],
            });
        let build =
            Build::arm("go").with(|recording| recording.memory.region_series = series.collect());
        ("go/1".into(), build.done())
    }

    fn measured(rounds: &[(String, Recording)]) -> Vec<(Per, Option<RegionClass>, f64, f64)> {
        let arms = crate::arms::group(rounds);
        let slopes = measure(&arms).into_iter();
        let reach = |bytes: &Estimate| bytes.ci95[1] - bytes.value;
        slopes
            .map(|slope| {
                (
                    slope.per,
                    slope.class,
                    slope.bytes.value,
                    reach(&slope.bytes),
                )
            })
            .collect()
    }

    #[test]
    fn measures_memory_per_connection_while_they_rise() {
        let points = [
            (0, 500),
            (10, 700),
            (20, 900),
            (40, 1_300),
            (20, 1_300),
            (0, 1_300),
        ];
        let found = measured(&[round(&points)]);
        let slopes: Vec<(Option<RegionClass>, f64)> = found
            .iter()
            .map(|found| (found.1, found.2.round()))
            .collect();
        assert_eq!(
            slopes,
            [
                (None, 30.0),
                (Some(RegionClass::RuntimeHeap), 20.0),
                (Some(RegionClass::ThreadStacks), 10.0)
            ]
        );
        assert!(
            found
                .iter()
                .all(|found| found.0 == Per::Connection && found.3 < 1e-6)
        );
    }

    #[test]
    fn measures_growth_over_time_in_the_second_half() {
        let warming = (0..10).map(|n| (50, n * 1_000));
        let leaking = (0..10).map(|n| (50 + n % 2, 9_000 + n * 6));
        let points: Vec<_> = warming.chain(leaking).collect();
        let found = measured(&[round(&points), round(&points)]);
        assert_eq!((found[1].0, found[1].2.round()), (Per::Second, 3.0));
        assert!(found[1].3 < 1e-6, "both rounds agree");
    }

    #[test]
    fn measures_nothing_from_few_points() {
        assert!(measured(&[round(&[])]).is_empty());
        assert!(measured(&[round(&[(1, 1), (9, 9)])]).is_empty());
        let few_steady = [(50, 1); 10];
        assert!(measured(&[round(&few_steady)]).is_empty());
    }

    #[test]
    fn widens_the_interval_with_noise() {
        let points: Vec<_> = (0..20)
            .map(|n| (n * 5, 1_000 * n + 700 * (n % 2)))
            .collect();
        let found = measured(&[round(&points)]);
        assert!(
            found[1].3 > 5.0 && (found[1].2 - 200.0).abs() < 3.0 * found[1].3,
            "{found:?}"
        );
    }

    proptest! {
        #[test]
        fn adds_up_classes_to_all_memory(heaps in prop::collection::vec(0u64..1 << 40, 4..30)) {
            let points: Vec<_> = (0..).zip(&heaps).map(|(n, heap)| (n * 3, *heap)).collect();
            let found = measured(&[round(&points)]);
            let all = found[0].2;
            let sum: f64 = found[1..].iter().map(|found| found.2).sum();
            prop_assert!((all - sum).abs() <= 1e-6 * (1.0 + all.abs().max(found[1].2.abs())));
        }
    }
}
