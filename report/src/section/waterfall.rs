//! The waterfall of a difference: a chart from one arm's cost to the other's, and the table behind
//! it.

mod pair;
mod table;

use super::thread_time;
use crate::Input;
use crate::arms::Arms;
use crate::document::{Section, Tab, Tabs};
use pair::PairWaterfall;
pub use pair::cause as row_name;
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

/// Returns every pair with rows, a tab each, with a tab for each metric in it. A terminal prints
/// the first arm against each other.
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
    let pairs = waterfalls.chunk_by(|one, other| position(one) == position(other));
    let tabs = pairs.map(|pair| one_pair(pair, arms, pair[0].pair.a == first));
    Some(Section {
        id: "waterfall",
        title: "Where the difference comes from",
        lead: LEAD.into(),
        blocks: Tabs::block("Pair of arms", tabs.collect()),
    })
}

/// Returns all metrics of one pair, costs first, then counts and percentiles as tables.
fn one_pair(waterfalls: &[PairWaterfall], arms: &Arms, printed: bool) -> Tab {
    let (costs, others): (Vec<_>, Vec<_>) =
        waterfalls.iter().partition(|waterfall| waterfall.is_cost());
    let tab = |waterfall: &&PairWaterfall, blocks| Tab {
        id: format!("{}-tab", waterfall.anchor(arms)),
        title: waterfall.metric_name(),
        page_only: false,
        blocks,
    };
    let mut metrics: Vec<Tab> = costs
        .iter()
        .map(|waterfall| tab(waterfall, waterfall.cost(arms)))
        .collect();
    let names = waterfalls[0].names();
    if !others.is_empty() {
        let blocks = others.iter().flat_map(|waterfall| waterfall.in_short());
        metrics.push(Tab {
            id: format!("{}-counts", waterfalls[0].anchor(arms)),
            title: format!("Counts per {}, percentiles", arms.per.label()),
            page_only: true,
            blocks: blocks.collect(),
        });
    }
    let title = match printed {
        true => names.clone(),
        false => format!("{names}: every waterfall"),
    };
    Tab {
        id: format!("{}-pair", waterfalls[0].anchor(arms)),
        title,
        page_only: !printed,
        blocks: Tabs::block(format!("{names}: metric"), metrics),
    }
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
