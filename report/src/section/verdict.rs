//! The answer: who costs more, by how much, how sure, and why.

use super::causes::{is_statement, item};
use super::{names, told};
use crate::arms::Arms;
use crate::clean::clean;
use crate::document::{Block, Headline, Section};
use crate::{
    Input,
    units::{self, Scale},
};
use recording::comparison::{Comparison, Finding, Metric, Pair, Verdict};

/// The rule that states a difference.
const DIFFERENCE: &str = "difference";

/// Headlines with their reasons, then what else differs; nothing without a comparison.
pub fn section(input: &Input, arms: &Arms) -> Option<Section> {
    let comparison = input.comparison?;
    let first = arms.list.first().map_or("", |arm| arm.key);
    let mut blocks = Vec::new();
    let lines = headlines(comparison, first);
    if lines.is_empty() {
        let text = "Nothing to compare: there is no pair of arms with a common metric.";
        blocks.push(Block::paragraph(text));
    } else {
        blocks.push(Block::Headlines { lines });
    }
    blocks.extend(super::load::readers(arms).map(Block::paragraph));
    blocks.extend(others(comparison, first));
    Some(Section {
        id: "verdict",
        title: "Verdict",
        lead: String::new(),
        blocks,
    })
}

/// The metric the report is about: CPU per token wherever there was load.
fn main_metric(comparison: &Comparison) -> Option<&Metric> {
    let mut with_pairs = comparison.metrics.iter().filter(|m| !m.pairs.is_empty());
    let cpu = with_pairs.clone().find(|metric| metric.name == names::CPU);
    cpu.or_else(|| with_pairs.next())
}

/// One for each arm against the first.
fn headlines(comparison: &Comparison, first: &str) -> Vec<Headline> {
    let Some(metric) = main_metric(comparison) else {
        return Vec::new();
    };
    let pairs = metric.pairs.iter().filter(|pair| pair.a == first);
    let finding = |pair: &Pair| {
        let of_pair = |finding: &&Finding| {
            is_statement(finding)
                && told::pair(comparison, finding)
                    .is_some_and(|(_, found)| std::ptr::eq(found, pair))
        };
        comparison.findings.iter().find(of_pair)
    };
    pairs
        .map(|pair| headline(metric, pair, finding(pair)))
        .collect()
}

fn headline(metric: &Metric, pair: &Pair, finding: Option<&Finding>) -> Headline {
    let [a, b] = told::values(metric, pair);
    let scale = Scale::of(&metric.unit, [a, b]);
    let (name_a, name_b) = (clean(&pair.a), clean(&pair.b));
    let what = names::metric(&metric.name);
    let differ = matches!(pair.verdict, Verdict::Higher | Verdict::Lower);
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
    let mut detail = vec![format!("{} against {}", scale.full(b), scale.full(a))];
    detail.extend(interval(pair.ci95).map(|range| format!("95 % interval of the ratio {range}")));
    if pair.may_be_chance() {
        detail.push("among so many metrics, chance alone puts one this far apart".into());
    }
    detail.extend(unexplained(pair, b - a));
    Headline {
        text,
        detail: detail.join("; "),
        reasons: finding
            .filter(|_| differ)
            .map_or(Vec::new(), |found| told::reasons(&found.text)),
        evidence: finding.map_or(Vec::new(), places),
    }
}

/// `2.05×–2.22×`, where it says more than the ratio itself: one round has none.
pub fn interval(ci95: [f64; 2]) -> Option<String> {
    let known = ci95.iter().all(|end| end.is_finite());
    let [low, high] = ci95.map(units::ratio);
    (known && low != high).then(|| format!("{low}–{high}"))
}

/// How much of a gap no term carries.
pub fn unexplained(pair: &Pair, gap: f64) -> Option<String> {
    let tells = !pair.terms.is_empty() && gap != 0.0 && gap.is_finite();
    let rest = (pair.unexplained / gap).abs();
    let words = match rest {
        0.0 => "nothing of the gap is unexplained".to_string(),
        r if r < 0.005 => "less than 1 % of the gap is unexplained".to_string(),
        r => format!("{} of the gap is unexplained", units::share(r)),
    };
    tells.then_some(words)
}

/// Differences from the first arm in other metrics, then what was found without a difference or about other pairs.
fn others(comparison: &Comparison, first: &str) -> Vec<Block> {
    let main = main_metric(comparison).map_or("", |metric| metric.name.as_str());
    let statements = comparison
        .findings
        .iter()
        .filter(|finding| is_statement(finding));
    let about_first = |finding: &Finding| {
        let pair = told::pair(comparison, finding);
        pair.is_some_and(|(_, pair)| pair.a == first)
    };
    let shown = |finding: &&Finding| finding.id == DIFFERENCE && about_first(finding);
    let (shown, rest): (Vec<_>, Vec<_>) = statements.partition(shown);
    // Those of the main metric are the headlines.
    let items: Vec<_> = shown
        .into_iter()
        .filter(|finding| finding.metric != main)
        .map(item)
        .collect();
    let rest: Vec<_> = rest.into_iter().map(item).collect();
    let mut blocks = Vec::new();
    if !items.is_empty() {
        let text = "What else differs".into();
        blocks.extend([Block::Heading { text }, Block::Findings { items }]);
    }
    if !rest.is_empty() {
        let title = "No difference, undecided, and other pairs".into();
        let findings = vec![Block::Findings { items: rest }];
        blocks.push(Block::Fold {
            title,
            blocks: findings,
        });
    }
    blocks
}

fn places(finding: &Finding) -> Vec<String> {
    finding.evidence.iter().map(|place| clean(place)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::comparison::Estimate;
    use std::collections::BTreeMap;

    fn headline_for(verdict: Verdict, finding: Option<&Finding>) -> Headline {
        let estimate = |value| Estimate {
            value,
            ci95: [value, value],
        };
        let (a, b, ci95) = ("go".to_string(), "bun".to_string(), [1.9, 2.1]);
        let pair = Pair {
            a,
            b,
            ratio: 2.0,
            ci95,
            verdict,
            ..Pair::default()
        };
        let arms = BTreeMap::from([
            ("go".into(), estimate(40e3)),
            ("bun".into(), estimate(80e3)),
        ]);
        let (name, unit) = (names::CPU.into(), "ns".into());
        headline(
            &Metric {
                name,
                unit,
                arms,
                ..Metric::default()
            },
            &pair,
            finding,
        )
    }

    #[test]
    fn a_difference_is_a_ratio_with_its_reasons() {
        let text = "CPU: bun takes 40 µs more: 30 µs in user code; 10 µs in sending".into();
        let finding = Finding {
            text,
            ..Finding::default()
        };
        let line = headline_for(Verdict::Higher, Some(&finding));
        assert_eq!(line.text, "bun needs 2.00× the CPU time per token of go");
        assert_eq!(
            line.detail,
            "80.00 µs against 40.00 µs; 95 % interval of the ratio 1.90×–2.10×"
        );
        assert_eq!(line.reasons, ["30 µs in user code", "10 µs in sending"]);
    }

    #[test]
    fn no_difference_is_said_in_words_and_has_no_reasons() {
        let finding = Finding {
            text: "a; b".into(),
            ..Finding::default()
        };
        let line = headline_for(Verdict::Equivalent, Some(&finding));
        assert_eq!(line.text, "bun and go need the same CPU time per token");
        assert!(line.reasons.is_empty());
        assert!(
            headline_for(Verdict::Inconclusive, None)
                .text
                .starts_with("The rounds do not tell")
        );
    }

    #[test]
    fn the_unexplained_part_is_in_the_headline() {
        let pair = |unexplained| Pair {
            unexplained,
            terms: vec![Default::default()],
            ..Pair::default()
        };
        assert_eq!(
            unexplained(&pair(-1.0), 20.0).unwrap(),
            "5 % of the gap is unexplained"
        );
        assert_eq!(
            unexplained(&pair(0.01), 20.0).unwrap(),
            "less than 1 % of the gap is unexplained"
        );
        assert_eq!(unexplained(&Pair::default(), 20.0), None);
    }
}
