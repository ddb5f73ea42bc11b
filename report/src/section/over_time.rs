//! CPU and memory over time: one line an arm, its rounds lighter behind it.

use crate::arms::{Arm, Arms};
use crate::chart::{Axis, Chart, Line, Lines, Paint};
use crate::document::{Block, Figure, Section};
use recording::Recording;
use recording::format::Scale;
use recording::vocabulary::Unit;
use std::cmp::Ordering;

/// Points of a line before some are left out, strong and light. A page of a recording of an hour
/// stays small, and a chart has fewer columns.
const POINTS: (usize, usize) = (400, 200);

const LEAD: &str = "One strong line an arm: the mean of its rounds, second by second. The rounds are the light lines.";

/// Returns both charts; without blocks where no recording has a series.
pub fn section(arms: &Arms) -> Option<Section> {
    let memory = arms.recordings().flat_map(|round| &round.memory.series);
    let scale = Scale::of(Unit::Bytes, memory.map(|point| point.rss_bytes as f64));
    let unit = scale.unit;
    let cpu = chart(arms, cpu_percent, |value| format!("{value:.0} %"));
    let rss = chart(
        arms,
        |round| rss(round, &scale),
        move |value| match value.fract() == 0.0 {
            true => format!("{value:.0} {unit}"),
            false => format!("{value:.1} {unit}"),
        },
    );
    let figure = |id: &str, title: &str, description: &str, chart: Chart| {
        let (id, title, description) = (id.into(), title.into(), description.into());
        (!chart.is_empty()).then_some(Block::Figure(Figure {
            id,
            title,
            description,
            chart,
        }))
    };
    let cpu = figure(
        "cpu",
        "CPU, % of one CPU",
        "CPU time of each arm over the window, by second.",
        cpu,
    );
    let rss = figure(
        "rss",
        "Resident memory (RSS)",
        "Resident set of each arm over the window, by second.",
        rss,
    );
    let blocks = cpu.into_iter().chain(rss).collect();
    let rounds = arms.recordings();
    let longest = rounds.map(|round| round.cpu.series.len().max(round.memory.series.len()));
    let lead = match longest.max().unwrap_or(0) {
        longest if longest > POINTS.1 => format!(
            "{LEAD} Where a line has more than {} values (light: {}), only the lowest and the highest of neighbouring \
             values are drawn; the recordings have them all.",
            POINTS.0, POINTS.1
        ),
        _ => LEAD.into(),
    };
    Some(Section {
        id: "over-time",
        title: "CPU and memory over time",
        lead,
        blocks,
    })
}

/// Returns seconds and percent of one CPU at the end of each interval.
fn cpu_percent(round: &Recording) -> Vec<(f64, f64)> {
    let mut before = 0;
    let point = |point: &recording::process::CpuPoint| {
        let length = point.t_ns.saturating_sub(before);
        before = point.t_ns;
        let percent = point.on_cpu_ns as f64 / length as f64 * 100.0;
        (length > 0).then_some((point.t_ns as f64 / 1e9, percent))
    };
    round.cpu.series.iter().filter_map(point).collect()
}

fn rss(round: &Recording, scale: &Scale) -> Vec<(f64, f64)> {
    let series = round.memory.series.iter();
    series
        .map(|point| {
            (
                point.t_ns as f64 / 1e9,
                scale.scaled(point.rss_bytes as f64),
            )
        })
        .collect()
}

fn chart(
    arms: &Arms,
    series: impl Fn(&Recording) -> Vec<(f64, f64)>,
    label: impl Fn(f64) -> String + 'static,
) -> Chart {
    let mut light = Vec::new();
    let mut strong = Vec::new();
    for (position, arm) in arms.list.iter().enumerate() {
        let paint = Paint::Arm(position);
        let rounds = each_round(arm, &series);
        strong.push(Line {
            paint,
            light: false,
            points: extremes(&mean(&rounds), POINTS.0),
        });
        if rounds.len() > 1 {
            light.extend(rounds.iter().map(|points| Line {
                paint,
                light: true,
                points: extremes(points, POINTS.1),
            }));
        }
    }
    let lines: Vec<Line> = light.into_iter().chain(strong).collect();
    let points = || lines.iter().flat_map(|line| line.points.iter());
    let seconds = points().map(|point| point.0).fold(0.0, f64::max);
    let largest = points().map(|point| point.1).fold(0.0, f64::max);
    let mut x = Axis::from_zero(seconds, |value| format!("{value} s"));
    x.range.end = seconds.max(1.0);
    x.ticks.retain(|tick| tick.0 <= x.range.end);
    let legend = arms
        .list
        .iter()
        .enumerate()
        .map(|(position, arm)| (arm.name.clone(), Paint::Arm(position)));
    Chart::Lines(Lines {
        x,
        y: Axis::from_zero(largest, label),
        lines,
        legend: legend.collect(),
    })
}

fn each_round(arm: &Arm, series: impl Fn(&Recording) -> Vec<(f64, f64)>) -> Vec<Vec<(f64, f64)>> {
    arm.rounds
        .iter()
        .map(|round| series(round))
        .filter(|points| !points.is_empty())
        .collect()
}

/// Returns the mean point by point, as far as every round goes: a mean over fewer rounds jumps
/// where one ends.
fn mean(rounds: &[Vec<(f64, f64)>]) -> Vec<(f64, f64)> {
    let shortest = rounds.iter().map(Vec::len).min().unwrap_or(0);
    let count = rounds.len() as f64;
    let at = |place: usize| {
        let sum = rounds.iter().fold((0.0, 0.0), |sum, round| {
            (sum.0 + round[place].0, sum.1 + round[place].1)
        });
        (sum.0 / count, sum.1 / count)
    };
    (0..shortest).map(at).collect()
}

/// Returns at most so many points: the lowest and the highest of neighbours, so that no peak is
/// lost.
fn extremes(points: &[(f64, f64)], most: usize) -> Vec<(f64, f64)> {
    if points.len() <= most {
        return points.to_vec();
    }
    let neighbours = points.chunks(points.len().div_ceil(most / 2));
    let two = neighbours.flat_map(|near| {
        let by_value = |one: &&(f64, f64), other: &&(f64, f64)| one.1.total_cmp(&other.1);
        let mut two = [near.iter().min_by(by_value), near.iter().max_by(by_value)];
        two.sort_by(|one, other| {
            one.map(|at| at.0)
                .partial_cmp(&other.map(|at| at.0))
                .unwrap_or(Ordering::Equal)
        });
        two.into_iter().flatten().copied()
    });
    two.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::process::CpuPoint;

    #[test]
    fn divides_by_the_interval_not_by_a_second() {
        let mut round = Recording::default();
        let point = |t_ns, on_cpu_ns| CpuPoint {
            t_ns,
            on_cpu_ns,
            ..CpuPoint::default()
        };
        round.cpu.series = vec![
            point(0, 5),
            point(1_000_000_000, 500_000_000),
            point(1_500_000_000, 500_000_000),
        ];
        assert_eq!(cpu_percent(&round), [(1.0, 50.0), (1.5, 100.0)]);
    }

    #[test]
    fn keeps_the_peaks_of_a_long_line() {
        let peak = |second: u32| if second == 1_234 { 99.0 } else { 10.0 };
        let points: Vec<_> = (0..3_600)
            .map(|second| (f64::from(second), peak(second)))
            .collect();
        let drawn = extremes(&points, 400);
        assert!(drawn.len() <= 400, "{}", drawn.len());
        assert!(drawn.contains(&(1_234.0, 99.0)));
        assert!(drawn.is_sorted_by(|one, other| one.0 <= other.0));
        assert_eq!(extremes(&points[..400], 400), points[..400]);
    }

    #[test]
    fn ends_the_mean_with_the_shortest_round() {
        let rounds = [vec![(1.0, 10.0), (2.0, 30.0)], vec![(1.0, 20.0)]];
        assert_eq!(mean(&rounds), [(1.0, 15.0)]);
        assert!(mean(&[]).is_empty());
    }
}
