//! The answer: who costs more, by how much, how sure, and why.

use super::names;
use crate::arms::Arms;
use crate::clean::clean;
use crate::document::{Block, FindingItem, Headline, Section};
use crate::{
    Input,
    units::{self, Scale},
};
use recording::comparison::{Comparison, Finding, Metric, Pair, Verdict};

/// Findings shown before the rest is folded away.
const FIRST: usize = 3;

/// Headlines and findings; nothing without a comparison.
pub fn section(input: &Input, arms: &Arms) -> Option<Section> {
    let comparison = input.comparison?;
    let mut blocks = Vec::new();
    let lines = headlines(comparison, arms);
    if lines.is_empty() {
        blocks.push(Block::paragraph(
            "Nothing to compare: there is no pair of arms with a common metric.",
        ));
    } else {
        blocks.push(Block::Headlines { lines });
    }
    blocks.extend(findings(comparison));
    Some(Section {
        id: "verdict",
        title: "Verdict",
        lead: String::new(),
        blocks,
    })
}

/// One line for each arm against the first, by the first metric that has pairs: CPU per token wherever there was load.
fn headlines(comparison: &Comparison, arms: &Arms) -> Vec<Headline> {
    let with_pairs = |metric: &&Metric| !metric.pairs.is_empty();
    let cpu = comparison
        .metrics
        .iter()
        .find(|metric| metric.name == names::CPU);
    let metric = cpu
        .filter(with_pairs)
        .or_else(|| comparison.metrics.iter().find(with_pairs));
    let first = arms.list.first().map_or("", |arm| arm.key);
    let line = |metric: &Metric| {
        let pairs = metric.pairs.iter().filter(|pair| pair.a == first);
        pairs.map(|pair| headline(metric, pair)).collect()
    };
    metric.map(line).unwrap_or_default()
}

fn headline(metric: &Metric, pair: &Pair) -> Headline {
    let value = |arm: &str| {
        metric
            .arms
            .get(arm)
            .map_or(f64::NAN, |estimate| estimate.value)
    };
    let (a, b) = (value(&pair.a), value(&pair.b));
    let scale = Scale::of(&metric.unit, [a, b]);
    let (name_a, name_b) = (clean(&pair.a), clean(&pair.b));
    let what = names::metric(&metric.name);
    let text = match pair.verdict {
        Verdict::Higher | Verdict::Lower => {
            format!(
                "{name_b} needs {} the {what} of {name_a}",
                units::ratio(pair.ratio)
            )
        }
        Verdict::Equivalent => format!("{name_b} and {name_a} need the same {what}"),
        Verdict::Inconclusive => {
            format!("The rounds do not tell whether {name_b} and {name_a} differ in {what}")
        }
    };
    let values = format!("{} against {}", scale.full(b), scale.full(a));
    let mut detail = vec![values];
    detail.extend(interval(pair.ci95).map(|range| format!("95 % interval of the ratio {range}")));
    detail.extend(explained(pair, b - a));
    Headline {
        text,
        detail: detail.join("; "),
    }
}

/// `2.05×–2.22×`, where there is an interval at all: one round has none.
pub fn interval(ci95: [f64; 2]) -> Option<String> {
    let known = ci95[0].is_finite() && ci95[1].is_finite() && ci95[0] < ci95[1];
    known.then(|| format!("{}–{}", units::ratio(ci95[0]), units::ratio(ci95[1])))
}

/// How much of a gap the terms carry. Terms that overshoot explain no more than what they miss by.
pub fn explained(pair: &Pair, gap: f64) -> Option<String> {
    let tells = !pair.terms.is_empty() && gap != 0.0 && gap.is_finite();
    let rest = (pair.unexplained / gap).abs();
    tells.then(|| format!("{} of the gap is unexplained", units::share(rest)))
}

fn findings(comparison: &Comparison) -> Vec<Block> {
    let (cpu, others): (Vec<_>, Vec<_>) = comparison
        .findings
        .iter()
        .partition(|finding| finding.metric == names::CPU);
    let mut items: Vec<FindingItem> = cpu.into_iter().chain(others).map(item).collect();
    let rest = items.split_off(items.len().min(FIRST));
    let mut blocks = Vec::new();
    if !items.is_empty() {
        blocks.push(Block::Findings { items });
    }
    if !rest.is_empty() {
        let title = format!("{} more findings", rest.len());
        blocks.push(Block::Fold {
            title,
            blocks: vec![Block::Findings { items: rest }],
        });
    }
    blocks
}

fn item(finding: &Finding) -> FindingItem {
    FindingItem {
        text: clean_sentence(&finding.text),
        share: if finding.share == 0.0 {
            String::new()
        } else {
            units::share(finding.share)
        },
        metric: names::metric(&finding.metric),
        evidence: finding.evidence.iter().map(|place| clean(place)).collect(),
    }
}

/// Sentences may be longer than names, but are cleaned all the same: they quote thread and call names.
pub fn clean_sentence(text: &str) -> String {
    text.split(' ').map(clean).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::comparison::Estimate;
    use std::collections::BTreeMap;

    fn told(verdict: Verdict) -> Headline {
        let estimate = |value| Estimate {
            value,
            ci95: [value, value],
        };
        let pair = Pair {
            a: "go".into(),
            b: "bun".into(),
            ratio: 2.0,
            ci95: [1.9, 2.1],
            verdict,
            ..Pair::default()
        };
        let arms = BTreeMap::from([
            ("go".into(), estimate(40e3)),
            ("bun".into(), estimate(80e3)),
        ]);
        let metric = Metric {
            name: names::CPU.into(),
            unit: "ns".into(),
            arms,
            ..Metric::default()
        };
        headline(&metric, &pair)
    }

    #[test]
    fn a_difference_is_a_ratio() {
        let line = told(Verdict::Higher);
        assert_eq!(line.text, "bun needs 2.00× the CPU per token of go");
        assert_eq!(
            line.detail,
            "80.00 µs against 40.00 µs; 95 % interval of the ratio 1.90×–2.10×"
        );
    }

    #[test]
    fn no_difference_is_said_in_words() {
        assert_eq!(
            told(Verdict::Equivalent).text,
            "bun and go need the same CPU per token"
        );
        assert!(
            told(Verdict::Inconclusive)
                .text
                .starts_with("The rounds do not tell")
        );
    }

    #[test]
    fn the_unexplained_part_is_in_the_headline() {
        let pair = Pair {
            unexplained: -1.0,
            terms: vec![Default::default()],
            ..Pair::default()
        };
        assert_eq!(
            explained(&pair, 20.0).unwrap(),
            "5 % of the gap is unexplained"
        );
        assert_eq!(explained(&Pair::default(), 20.0), None);
    }
}
