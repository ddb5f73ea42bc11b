//! Charts of the page: values over time, and distributions.

use crate::clock::SECOND;
use crate::output::distributions as measured;
use recording::LoadSummary;
use recording::format::duration;
use recording::histogram::upper_bound;
use recording::load::{Distribution, LoadPoint};
use report::chart::{Axis, Chart, Line, Lines, Paint};
use report::document::{Block, Figure};

type Value = fn(&LoadPoint) -> f64;
/// Points of a curve.
type Curve = Vec<(f64, f64)>;

/// Chart of a quantity over time.
struct Quantity {
    id: &'static str,
    title: &'static str,
    unit: &'static str,
    /// Names and values of its lines.
    lines: &'static [(&'static str, Value)],
    /// Whether seconds without answers have no value.
    needs_answers: bool,
}

const QUANTITIES: [Quantity; 5] = [
    Quantity {
        id: "ttft",
        title: "Time to first token",
        unit: "ms",
        lines: &[
            ("median", |point| point.ttft_p50_ns as f64 / 1e6),
            ("p99", |point| point.ttft_p99_ns as f64 / 1e6),
        ],
        needs_answers: true,
    },
    Quantity {
        id: "itl",
        title: "Time between tokens, median",
        unit: "ms",
        lines: &[("median", |point| point.itl_p50_ns as f64 / 1e6)],
        needs_answers: true,
    },
    Quantity {
        id: "requests",
        title: "Requests completed and failed in each second",
        unit: "",
        lines: &[
            ("completed", |point| point.completed as f64),
            ("failed or rejected", |point| point.failed as f64),
        ],
        needs_answers: false,
    },
    Quantity {
        id: "streams",
        title: "Open streams and offered load",
        unit: "",
        lines: &[
            ("streams", |point| point.active as f64),
            ("load", |point| point.load),
        ],
        needs_answers: false,
    },
    Quantity {
        id: "tokens",
        title: "Tokens in each second",
        unit: "",
        lines: &[("tokens", |point| point.tokens as f64)],
        needs_answers: false,
    },
];

/// Returns a chart per quantity with a value in at least two seconds.
pub fn over_time(summary: &LoadSummary) -> Vec<Block> {
    let charts = QUANTITIES.iter();
    charts
        .filter_map(|quantity| quantity.chart(&summary.series))
        .collect()
}

impl Quantity {
    fn chart(&self, series: &[LoadPoint]) -> Option<Block> {
        let points = series.iter();
        let points: Vec<&LoadPoint> = points
            .filter(|point| !self.needs_answers || point.ttft_p50_ns > 0)
            .collect();
        let seconds = |point: &LoadPoint| point.t_ns as f64 / SECOND as f64;
        let values = self.lines.iter();
        let values = values.flat_map(|(_, value)| points.iter().map(|point| value(point)));
        let highest = values.fold(0.0, f64::max);
        if points.len() < 2 || highest == 0.0 {
            return None;
        }
        let end = points.last().map_or(1.0, |point| seconds(point));
        let mut x = Axis::from_zero(end, |value| format!("{value} s"));
        x.range.end = end;
        x.ticks.retain(|tick| tick.0 <= end);
        let unit = self.unit;
        let lines = self.lines.iter().enumerate();
        let lines = lines.map(|(position, (_, value))| Line {
            paint: Paint::Arm(position),
            light: false,
            points: points
                .iter()
                .map(|point| (seconds(point), value(point)))
                .collect(),
        });
        let names = self.lines.iter().enumerate();
        let chart = Lines {
            x,
            y: Axis::from_zero(highest, move |value| {
                format!("{value} {unit}").trim_end().into()
            }),
            lines: lines.collect(),
            legend: names
                .map(|(position, (name, _))| ((*name).into(), Paint::Arm(position)))
                .collect(),
        };
        Some(Block::Figure(Figure {
            id: self.id.into(),
            title: self.title.into(),
            description: format!("{}, one value a second.", self.title),
            chart: Chart::Lines(chart),
        }))
    }
}

/// Returns the cumulative distributions of the latencies with at least two different values.
pub fn distributions(summary: &LoadSummary) -> Option<Block> {
    let named = measured(summary).into_iter();
    let lines: Vec<(&str, Curve)> = named
        .filter(|(name, _)| matches!(*name, "ttft" | "itl" | "total"))
        .map(|(name, values)| (name, cumulative(values)))
        .filter(|(_, points)| points.len() > 1)
        .collect();
    let ends = lines.iter().flat_map(|(_, points)| points.iter());
    let (low, high) = ends.fold((f64::MAX, 0.0_f64), |(low, high), (ns, _)| {
        (low.min(*ns), high.max(*ns))
    });
    if lines.is_empty() {
        return None;
    }
    let names = lines.iter().enumerate();
    let legend = names
        .map(|(position, (name, _))| ((*name).into(), Paint::Arm(position)))
        .collect();
    let (x, curves) = (
        Axis::stretched(low, high, |ns| duration(ns as u64)),
        lines.into_iter().enumerate(),
    );
    let curves = curves.map(|(position, (_, points))| Line {
        paint: Paint::Arm(position),
        light: false,
        points,
    });
    let chart = Lines {
        x,
        y: Axis::from_zero(100.0, |share| format!("{share} %")),
        lines: curves.collect(),
        legend,
    };
    Some(Block::Figure(Figure {
        id: "distributions".into(),
        title: "Share of values up to a latency".into(),
        description: "Cumulative distributions of good answers.".into(),
        chart: Chart::Lines(chart),
    }))
}

/// Returns the share of values, in percent, up to the end of each bucket.
fn cumulative(values: &Distribution) -> Curve {
    let Some(histogram) = &values.histogram else {
        return Vec::new();
    };
    let mut seen = 0;
    let buckets = histogram.histogram.iter();
    buckets
        .map(|(bucket, count)| {
            seen += count;
            let share = 100.0 * seen as f64 / histogram.count.max(1) as f64;
            (upper_bound(*bucket as usize) as f64, share)
        })
        .collect()
}
