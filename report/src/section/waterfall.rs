//! The waterfall of a difference: a chart from one arm's cost to the other's, and the table behind
//! it.

mod pair;
mod table;

use super::thread_time;
use crate::Input;
use crate::arms::Arms;
use crate::document::{Block, Section};
use pair::PairWaterfall;
use recording::vocabulary::MetricId;

/// Percentiles of proxy latency, whose rows are those of its mean.
const PERCENTILES: [MetricId; 3] = [
    MetricId::ProxyLatencyNs,
    MetricId::ProxyLatencyP90Ns,
    MetricId::ProxyLatencyP99Ns,
];

const LEAD: &str = "Each bar begins where the bar above ends: from the first arm's cost, row by row, to the second's. The last \
bar is the part that no row accounts for. Count effect: more or fewer of them. Unit-cost effect: each costs more or less. \
The two add up to Δ. ±: the 95 % interval that sampling causes.";

/// Returns every pair with rows: the first arm against each other in full, further pairs folded.
pub fn section(input: &Input, arms: &Arms) -> Option<Section> {
    let first = arms.list.first()?.key;
    let metrics = &input.comparison.metrics;
    let mut cpu = metrics.iter().filter(|metric| metric.name.is_cpu_time());
    let main = cpu.next().map(|metric| metric.name);
    let shown = metrics.iter().filter(|metric| {
        // Other CPU times are the same amount, divided by something else.
        let repeats = metric.name.is_cpu_time() && Some(metric.name) != main;
        !repeats && !thread_time::METRICS.contains(&metric.name)
    });
    let mut waterfalls: Vec<PairWaterfall> = shown
        .flat_map(|metric| {
            metric
                .pairs
                .iter()
                .map(|pair| PairWaterfall::new(metric, pair))
        })
        .filter(|waterfall| !waterfall.pair.terms.is_empty())
        .collect();
    // Pair by pair; metrics keep their order inside a pair.
    let position = |waterfall: &PairWaterfall| {
        let pair = waterfall.pair;
        (arms.position(&pair.a), arms.position(&pair.b))
    };
    waterfalls.sort_by_key(position);
    let mut blocks = Vec::new();
    for pair in waterfalls.chunk_by(|one, other| position(one) == position(other)) {
        blocks.extend(one_pair(pair, arms, pair[0].pair.a == first));
    }
    Some(Section {
        id: "waterfall",
        title: "Where the difference comes from",
        lead: LEAD.into(),
        blocks,
    })
}

/// Returns all metrics of one pair.
fn one_pair(waterfalls: &[PairWaterfall], arms: &Arms, in_full: bool) -> Vec<Block> {
    let (costs, others): (Vec<_>, Vec<_>) =
        waterfalls.iter().partition(|waterfall| waterfall.is_cost());
    let mut shown: Vec<Block> = costs
        .into_iter()
        .flat_map(|waterfall| waterfall.cost(arms))
        .collect();
    let names = waterfalls[0].names();
    let inside: Vec<Block> = others
        .iter()
        .flat_map(|waterfall| waterfall.in_short())
        .collect();
    if in_full {
        let per = arms.per.label();
        let title = format!("{names}: counts per {per}, and percentiles of latency");
        shown.extend((!others.is_empty()).then_some(Block::Fold {
            title,
            blocks: inside,
        }));
        return shown;
    }
    shown.extend(inside);
    vec![Block::Fold {
        title: format!("{names}: every waterfall"),
        blocks: shown,
    }]
}

/// Returns a name made of letters that file names and anchors can hold.
pub fn slug(name: &str) -> String {
    let safe = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter
        } else {
            '-'
        }
    };
    name.chars().map(safe).collect()
}
