//! Latency distributions: what the kernel saw, and what the load generator saw.

use super::{bridge::slug, names};
use crate::arms::{Arm, Arms};
use crate::chart::{Axis, Chart, Line, Lines, Paint};
use crate::document::{Block, Cell, Figure, Section, Table, Tone};
use crate::units::{self, Scale};
use recording::histogram::upper_bound;
use recording::load::Distribution;
use recording::{Histogram, LoadSummary};

const LEAD: &str = "The charts show latency by percentile: how long the fastest share of all values took, at most. Both axes \
stretch the tail. Quantiles are upper bounds of buckets at most 1/16 of their value wide. Off-CPU time includes waiting for \
work, so a longer one is not worse in itself.";

/// Quantiles that tables show.
const QUANTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)];

/// A chart and a table for each distribution.
pub fn section(arms: &Arms) -> Option<Section> {
    let mut blocks = Vec::new();
    for (title, of) in [
        (
            "Time to first token, as the client saw it",
            (|load| &load.ttft) as fn(&LoadSummary) -> &Distribution,
        ),
        ("Inter-token latency, as the client saw it", |load| {
            &load.itl
        }),
        ("Whole answer, as the client saw it", |load| &load.total),
    ] {
        blocks.extend(client(arms, title, of));
    }
    for name in recorded(arms) {
        let each = arms.each(|arm| arm.latency(&name));
        let title = names::distribution(&name);
        blocks.extend(figure(arms, &format!("latency-{name}"), &title, &each));
        blocks.push(table(arms, &title, &each));
    }
    Some(Section {
        id: "latency",
        title: "Latency",
        lead: LEAD.into(),
        blocks,
    })
}

/// Distributions any recording has, those about the service before those about the scheduler.
fn recorded(arms: &Arms) -> Vec<String> {
    const FIRST: [&str; 4] = ["forwarding", "recv_to_send", "run_queue", "off_cpu"];
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

/// From the load generator, whose percentiles are exact for each round: rounds are shown as a range, never averaged.
fn client(arms: &Arms, title: &str, of: fn(&LoadSummary) -> &Distribution) -> Vec<Block> {
    let each = arms.each(|arm| joined(arm, of));
    let id = title.split(',').next().unwrap_or(title).to_lowercase();
    let chart = figure(arms, &format!("latency-{}", slug(&id)), title, &each);
    let caption = format!("{title}: lowest–highest of the rounds");
    let mut table = Table::new(caption).words("Arm").number("count");
    table = ["p50", "p90", "p99", "p99.9", "max"]
        .into_iter()
        .fold(table, Table::number);
    let values: [fn(&Distribution) -> u64; 5] = [
        |d| d.p50_ns,
        |d| d.p90_ns,
        |d| d.p99_ns,
        |d| d.p999_ns,
        |d| d.max_ns,
    ];
    for arm in &arms.list {
        let rounds = arm.rounds.iter().filter_map(|round| round.load.as_ref());
        let rounds: Vec<_> = rounds.map(of).filter(|found| found.count > 0).collect();
        let count = rounds.iter().map(|found| found.count).sum();
        let mut cells = vec![Cell::from(arm.name.as_str()), units::count(count).into()];
        cells
            .extend(values.map(|value| Cell::from(range(rounds.iter().map(|found| value(found))))));
        if count > 0 {
            table.row(Tone::Plain, cells);
        }
    }
    let table = (!table.rows.is_empty()).then(|| table.block());
    chart.into_iter().chain(table).collect()
}

/// `20.82–20.95 ms`, or one value where they agree.
fn range(values: impl Iterator<Item = u64> + Clone) -> String {
    let (low, high) = (
        values.clone().min().unwrap_or_default() as f64,
        values.max().unwrap_or_default() as f64,
    );
    let scale = Scale::of("ns", [low, high]);
    let (low, shown) = (scale.show(low), scale.show(high));
    if low == shown {
        scale.full(high)
    } else {
        format!("{low}–{}", scale.full(high))
    }
}

fn joined(arm: &Arm, of: fn(&LoadSummary) -> &Distribution) -> Histogram {
    let loads = arm.rounds.iter().filter_map(|round| round.load.as_ref());
    let found = loads.filter_map(|load| of(load).histogram.as_ref());
    found.fold(Histogram::default(), |sum, next| sum.merged(next))
}

fn table(arms: &Arms, title: &str, each: &[Histogram]) -> Block {
    let mut table = Table::new(title).words("Arm").number("count");
    for (name, _) in QUANTILES {
        table = table.number(name);
    }
    table = table.number("max");
    for (arm, histogram) in arms
        .list
        .iter()
        .zip(each)
        .filter(|(_, histogram)| histogram.count > 0)
    {
        let mut cells = vec![
            Cell::from(arm.name.as_str()),
            units::count(histogram.count).into(),
        ];
        let quantiles = QUANTILES.map(|(_, q)| histogram.quantile(q));
        cells.extend(
            quantiles
                .iter()
                .chain([&histogram.max])
                .map(|value| Cell::from(units::one("ns", *value as f64))),
        );
        table.row(Tone::Plain, cells);
    }
    table.block()
}

fn figure(arms: &Arms, id: &str, title: &str, each: &[Histogram]) -> Option<Block> {
    let used: Vec<_> = each
        .iter()
        .enumerate()
        .filter(|(_, histogram)| histogram.count > 0)
        .collect();
    let line = |(position, histogram): &(usize, &Histogram)| Line {
        paint: Paint::Arm(*position),
        light: false,
        points: percentiles(histogram),
    };
    let lines: Vec<Line> = used.iter().map(line).collect();
    let points = || lines.iter().flat_map(|line| line.points.iter());
    let right = points().map(|point| point.0).fold(1.0, f64::max);
    let (low, high) = points().fold((f64::MAX, f64::MIN), |(low, high), point| {
        (low.min(point.1), high.max(point.1))
    });
    let legend = used
        .iter()
        .map(|(position, _)| (arms.list[*position].name.clone(), Paint::Arm(*position)))
        .collect();
    let x = Axis {
        range: 0.0..right,
        ticks: nines(right),
        log: false,
    };
    let chart = Lines {
        x,
        y: Axis::stretched(low, high, |value| units::short("ns", value)),
        lines,
        legend,
    };
    (!used.is_empty()).then(|| {
        Block::Figure(Figure {
            id: slug(id),
            title: title.into(),
            description:
                "Latency by percentile, one line an arm; the table below has the quantiles.".into(),
            chart: Chart::Lines(chart),
        })
    })
}

/// One step a bucket: across, how many nines lie below; up, the bucket's upper bound.
fn percentiles(histogram: &Histogram) -> Vec<(f64, f64)> {
    let total = histogram.count as f64;
    let mut seen = 0;
    let point = |(bucket, count): &(u32, u64)| {
        let before = seen;
        seen += count;
        // The last value has no share above it: half a value stands in for none.
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
        (0.301_03, "50 %"),
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
    fn nine_tenths_lie_one_nine_in() {
        let histogram = Histogram::from_buckets(vec![(1, 90), (9, 10)]);
        let points = percentiles(&histogram);
        assert_eq!(points.len(), 4);
        assert!((points[1].0 - 1.0).abs() < 1e-9, "{points:?}");
        assert!(points.iter().all(|(x, y)| x.is_finite() && y.is_finite()));
    }

    #[test]
    fn rounds_are_a_range() {
        assert_eq!(range([2_100_000, 2_000_000].into_iter()), "2.00–2.10 ms");
        assert_eq!(range([2_100_000, 2_100_001].into_iter()), "2.10 ms");
    }
}
