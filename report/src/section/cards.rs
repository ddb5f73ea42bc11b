//! Cards: the few metrics that most readers came for, with the values of all arms.

use super::metrics::{spread, verdict};
use super::names::heading;
use crate::Input;
use crate::arms::Arms;
use crate::document::{Block, Card, CardRow, Tone};
use crate::verdict::main_metric;
use recording::comparison::{Metric, Pair, Verdict};
use recording::format::{self, Scale};
use recording::vocabulary::MetricId;

/// Metrics that get a card after the main one, as far as they were measured.
const FURTHER: [MetricId; 3] = [
    MetricId::RssBytes,
    MetricId::ProxyLatencyNs,
    MetricId::ProxyLatencyP99Ns,
];

/// Returns the cards; nothing without a metric.
pub fn block(input: &Input, arms: &Arms) -> Option<Block> {
    let metrics = &input.comparison.metrics;
    let (_, main) = main_metric(input.comparison)?;
    let further = FURTHER.iter().filter(|id| **id != main.name);
    let further = further.filter_map(|id| metrics.iter().find(|metric| metric.name == *id));
    let cards = std::iter::once(main).chain(further);
    let cards: Vec<Card> = cards.map(|metric| card(metric, arms)).collect();
    Some(Block::Cards { cards })
}

fn card(metric: &Metric, arms: &Arms) -> Card {
    let scale = Scale::of(metric.unit, metric.arms.values().map(|found| found.value));
    let first = arms.list.first().map_or("", |arm| arm.key);
    let rows = arms.list.iter().enumerate().filter_map(|(position, arm)| {
        let estimate = metric.arms.get(arm.key)?;
        let mut pairs = metric.pairs.iter();
        let pair = pairs.find(|pair| pair.a == first && pair.b == arm.key);
        Some(CardRow {
            arm: arm.name.clone(),
            position,
            value: scale.full(estimate.value),
            ratio: pair.map_or(String::new(), |pair| format::ratio(pair.ratio)),
            note: pair.map_or_else(|| spread(estimate, &scale), verdict),
            tone: pair.map_or(Tone::Plain, tone),
        })
    });
    Card {
        title: heading(&metric.label()),
        rows: rows.collect(),
    }
}

/// Returns the colour of a verdict. More of these metrics is a cost.
fn tone(pair: &Pair) -> Tone {
    match pair.verdict {
        Verdict::Higher => Tone::Bad,
        Verdict::Lower => Tone::Good,
        Verdict::Equivalent | Verdict::Inconclusive => Tone::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_only_what_the_rounds_resolve() {
        let of = |verdict| {
            let pair = Pair {
                verdict,
                ..Pair::default()
            };
            tone(&pair)
        };
        assert_eq!(of(Verdict::Higher), Tone::Bad);
        assert_eq!(of(Verdict::Lower), Tone::Good);
        assert_eq!(of(Verdict::Inconclusive), Tone::Plain);
        assert_eq!(of(Verdict::Equivalent), Tone::Plain);
    }
}
