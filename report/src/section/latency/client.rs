//! Latency as the load generator measured it.
//!
//! Its percentiles are exact for each round, while its histograms are too coarse to distinguish a
//! token interval of 20 ms from one of 21 ms. So each round is shown by its own percentiles, and
//! rounds are never averaged.

use super::by_percentile;
use crate::arms::{Arm, Arms};
use crate::document::{Block, Cell, Table, Tone};
use recording::LoadSummary;
use recording::format::{self, Scale};
use recording::load::Distribution;
use recording::vocabulary::Unit;

type Pick = fn(&LoadSummary) -> &Distribution;

/// Returns charts and tables of time to first token, inter-token latency and request duration.
pub fn blocks(arms: &Arms) -> Vec<Block> {
    let shown: [(&str, &str, Pick); 3] = [
        (
            "latency-ttft",
            "Time to first token (TTFT), as the client measured it",
            |load| &load.ttft,
        ),
        (
            "latency-itl",
            "Inter-token latency (ITL), as the client measured it",
            |load| &load.itl,
        ),
        (
            "latency-request",
            "Request duration, as the client measured it",
            |load| &load.total,
        ),
    ];
    let each = shown.into_iter().flat_map(|(id, title, pick)| {
        let lines = arms.list.iter().enumerate().flat_map(|(position, arm)| {
            let rounds = rounds(arm, pick).into_iter();
            rounds.map(move |found| (position, percentiles(found)))
        });
        let figure = by_percentile(arms, id, title, lines.collect());
        figure
            .into_iter()
            .chain(table(arms, title, pick))
            .collect::<Vec<_>>()
    });
    each.collect()
}

fn rounds<'a>(arm: &Arm<'a>, pick: Pick) -> Vec<&'a Distribution> {
    let loads = arm.rounds.iter().filter_map(|round| round.load.as_ref());
    loads.map(pick).filter(|found| found.count > 0).collect()
}

/// Returns the exact percentiles as points; the tail ends at the largest value.
fn percentiles(found: &Distribution) -> Vec<(f64, f64)> {
    let last = (2.0 * found.count as f64).log10();
    let known = [
        (0.0, found.min_ns),
        (std::f64::consts::LOG10_2, found.p50_ns),
        (1.0, found.p90_ns),
        (20_f64.log10(), found.p95_ns),
        (2.0, found.p99_ns),
        (3.0, found.p999_ns),
    ];
    let inside = known.into_iter().filter(|(nines, _)| *nines < last);
    inside
        .chain([(last, found.max_ns)])
        .map(|(nines, ns)| (nines, ns as f64))
        .collect()
}

fn table(arms: &Arms, title: &str, pick: Pick) -> Option<Block> {
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
        let rounds = rounds(arm, pick);
        let count = rounds.iter().map(|found| found.count).sum();
        let mut cells = vec![Cell::from(arm.name.as_str()), format::count(count).into()];
        cells
            .extend(values.map(|value| Cell::from(range(rounds.iter().map(|found| value(found))))));
        if count > 0 {
            table.row(Tone::Plain, cells);
        }
    }
    (!table.rows.is_empty()).then(|| table.block())
}

/// Formats a range, `20.8–21.0 ms`, or one value where the ends agree.
fn range(values: impl Iterator<Item = u64> + Clone) -> String {
    let low = values.clone().min().unwrap_or_default() as f64;
    let high = values.max().unwrap_or_default() as f64;
    let scale = Scale::of(Unit::Ns, [low, high]);
    let (low, shown) = (scale.show(low), scale.show(high));
    if low == shown {
        scale.full(high)
    } else {
        format!("{low}–{}", scale.full(high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_rounds_as_a_range() {
        assert_eq!(range([2_100_000, 2_000_000].into_iter()), "2.00–2.10 ms");
        assert_eq!(range([2_100_000, 2_100_001].into_iter()), "2.10 ms");
    }

    #[test]
    fn draws_no_percentile_beyond_the_values() {
        let found = Distribution {
            count: 20,
            p99_ns: 9,
            max_ns: 9,
            ..Distribution::default()
        };
        let points = percentiles(&found);
        assert_eq!(points.len(), 5, "{points:?}");
        assert!(points.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
