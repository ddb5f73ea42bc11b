//! Latency distributions of the load generator and of the kernel.

mod client;

use super::{names, waterfall::slug};
use crate::arms::{Arm, Arms};
use crate::chart::{Axis, Chart, Label, Line, Lines, Paint};
use crate::document::{Block, Cell, Figure, Section, Table, Tone};
use recording::Histogram;
use recording::format;
use recording::histogram::upper_bound;
use recording::vocabulary::Unit;

const LEAD: &str = "The charts show latency by percentile; both axes stretch the tail. Quantiles are upper bounds of buckets \
at most 1/16 of their value wide. Off-CPU time includes waiting for work, so that more of it is no fault.";

/// The distribution of proxy latency, which pairs only a part of the sends.
const PROXY_LATENCY: &str = "proxy_latency";

/// Quantiles that tables show.
const QUANTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

/// Returns a chart and a table for each distribution.
pub fn section(arms: &Arms) -> Option<Section> {
    let mut blocks = Vec::new();
    blocks.extend(client::blocks(arms));
    for name in recorded(arms) {
        let each = arms.each(|arm| arm.latency(&name));
        let title = names::distribution(&name);
        blocks.extend(figure(
            arms,
            &format!("latency-{}", slug(&name)),
            &title,
            &each,
        ));
        let sends = (name == PROXY_LATENCY).then(|| arms.each(sends));
        blocks.push(table(arms, &title, &each, sends.as_deref()));
    }
    Some(Section {
        id: "latency",
        title: "Latency",
        lead: LEAD.into(),
        blocks,
    })
}

/// Returns the distributions that any recording has, those of the service before those of the
/// scheduler.
fn recorded(arms: &Arms) -> Vec<String> {
    const FIRST: [&str; 4] = [PROXY_LATENCY, "recv_to_send", "run_queue", "off_cpu"];
    let used = arms.recordings().flat_map(|round| &round.latency);
    let used = used.filter(|(_, histogram)| histogram.count > 0);
    let mut found: Vec<String> = used.map(|(name, _)| name.clone()).collect();
    found.sort_by_key(|name| {
        (
            FIRST
                .iter()
                .position(|first| first == name)
                .unwrap_or(FIRST.len()),
            name.clone(),
        )
    });
    found.dedup();
    found
}

/// Returns the sends to clients. Only the matched ones have a proxy latency.
fn sends(arm: &Arm) -> u64 {
    let rounds = arm.rounds.iter();
    rounds
        .map(|round| round.sockets.relays_matched + round.sockets.relays_unmatched)
        .sum()
}

fn table(arms: &Arms, title: &str, each: &[Histogram], sends: Option<&[u64]>) -> Block {
    let mut table = Table::new(format!("{title}: quantiles"))
        .words("Arm")
        .number("count");
    if sends.is_some() {
        table = table.number("of sends");
    }
    for (name, _) in QUANTILES {
        table = table.number(name);
    }
    table = table.number("max");
    for (at, (arm, histogram)) in arms.list.iter().zip(each).enumerate() {
        if histogram.count == 0 {
            continue;
        }
        let mut cells = vec![
            Cell::from(arm.name.as_str()),
            format::count(histogram.count).into(),
        ];
        cells.extend(sends.map(|sends| Cell::from(format::count(sends[at]))));
        let quantiles = QUANTILES.map(|(_, q)| histogram.quantile(q));
        cells.extend(
            quantiles
                .iter()
                .chain([&histogram.max])
                .map(|value| Cell::from(format::duration(*value))),
        );
        table.row(Tone::Plain, cells);
    }
    table.block()
}

fn figure(arms: &Arms, id: &str, title: &str, each: &[Histogram]) -> Option<Block> {
    let used = each
        .iter()
        .enumerate()
        .filter(|(_, histogram)| histogram.count > 0);
    let line = |(position, histogram): (usize, &Histogram)| (position, percentiles(histogram));
    by_percentile(arms, id, title, used.map(line).collect())
}

/// Draws lines of `(nines, ns)`, each with its arm's position; nothing without lines.
fn by_percentile(
    arms: &Arms,
    id: &str,
    title: &str,
    lines: Vec<(usize, Vec<(f64, f64)>)>,
) -> Option<Block> {
    if lines.is_empty() {
        return None;
    }
    let points = || lines.iter().flat_map(|(_, points)| points.iter());
    let right = points().map(|point| point.0).fold(1.0, f64::max);
    let (low, high) = points().fold((f64::MAX, 0.0_f64), |(low, high), point| {
        (low.min(point.1), high.max(point.1))
    });
    let used = arms
        .list
        .iter()
        .enumerate()
        .filter(|(at, _)| lines.iter().any(|(position, _)| position == at));
    let legend = used
        .map(|(position, arm)| (arm.name.clone(), Paint::Arm(position)))
        .collect();
    let x = Axis {
        range: 0.0..right,
        ticks: nines(right),
        log: false,
        label: Label::new(percentile),
    };
    let y = Axis::stretched(low, high, |value| format::tick(Unit::Ns, value));
    let line = |(position, points): &(usize, _)| Line {
        paint: Paint::Arm(*position),
        light: false,
        points: Vec::clone(points),
    };
    let lines: Vec<Line> = lines.iter().map(line).collect();
    Some(Block::Figure(Figure {
        id: id.into(),
        title: title.into(),
        description: "Latency by percentile; the table below has the quantiles.".into(),
        chart: Chart::Lines(Lines {
            x,
            y,
            lines,
            legend,
        }),
    }))
}

/// Returns the percentile of a number of nines: `p99.9` for 3.
fn percentile(nines: f64) -> String {
    let percent = 100.0 - 100.0 / 10_f64.powf(nines);
    let digits = nines.floor().clamp(0.0, 6.0) as usize;
    format!("p{percent:.digits$}")
}

/// Returns one step a bucket: the number of nines below it, and its upper bound.
fn percentiles(histogram: &Histogram) -> Vec<(f64, f64)> {
    let total = histogram.count as f64;
    let mut seen = 0;
    let point = |(bucket, count): &(u32, u64)| {
        let before = seen;
        seen += count;
        // No share lies above the last value; half a value stands in for zero, which has no
        // logarithm.
        let above = (total - seen as f64).max(0.5) / total;
        let start = (total - before as f64) / total;
        let bound = upper_bound(*bucket as usize).max(1) as f64;
        [(-start.log10(), bound), (-above.log10(), bound)]
    };
    histogram.histogram.iter().flat_map(point).collect()
}

fn nines(right: f64) -> Vec<(f64, String)> {
    let labels = [
        (0.0, "0 %"),
        (std::f64::consts::LOG10_2, "50 %"),
        (1.0, "90 %"),
        (2.0, "99 %"),
        (3.0, "99.9 %"),
        (4.0, "99.99 %"),
        (5.0, "99.999 %"),
    ];
    labels
        .into_iter()
        .filter(|(place, _)| *place <= right)
        .map(|(place, label)| (place, label.into()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_nine_tenths_at_one_nine() {
        let histogram = Histogram::from_buckets(vec![(1, 90), (9, 10)]);
        let points = percentiles(&histogram);
        assert_eq!(points.len(), 4);
        assert!((points[1].0 - 1.0).abs() < 1e-9, "{points:?}");
        assert!(points.iter().all(|(x, y)| x.is_finite() && y.is_finite()));
    }
}
