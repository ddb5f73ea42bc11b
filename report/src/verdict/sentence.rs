//! The sentence of a verdict.

use super::interval;
use crate::clean::{clean, clean_sentence};
use recording::comparison::{Comparison, Metric, Pair, Verdict as Outcome};
use recording::format;
use recording::vocabulary::MetricId;

/// Returns the sentence about a pair.
///
/// Arms with one round each (`single`) have no interval, so that nothing is decided about them.
pub fn headline(comparison: &Comparison, metric: &Metric, pair: &Pair, single: bool) -> String {
    let (a, b) = (clean(&pair.a), clean(&pair.b));
    let ratio = format::ratio(pair.ratio);
    if let Some(reason) = &pair.incomparable {
        return format!("No verdict: {}.", clean_sentence(reason));
    }
    match (pair.verdict, noun(metric)) {
        (Outcome::Higher | Outcome::Lower, Some(noun)) => {
            format!("{b} uses {ratio} the {noun} of {a}")
        }
        (Outcome::Higher | Outcome::Lower, None) => {
            format!("{b} has {ratio} the {} of {a}", metric.label())
        }
        (Outcome::Equivalent, Some(noun)) => format!("{b} and {a} use the same {noun}"),
        (Outcome::Equivalent, None) => {
            format!("{b} and {a} have the same {}", metric.label())
        }
        (Outcome::Inconclusive, _) if single => {
            format!(
                "No verdict: one round of {a} and {b} has no interval. Record more rounds of each."
            )
        }
        (Outcome::Inconclusive, _) if pair.may_be_chance() => format!(
            "No verdict: the interval of {b} against {a} excludes 1, but among {} metrics chance alone puts one this \
             far apart.{}",
            comparison.metrics.len(),
            more_rounds(pair)
        ),
        (Outcome::Inconclusive, _) => {
            let range = interval(pair.ci95).unwrap_or(ratio);
            let more = more_rounds(pair);
            format!("No verdict: the rounds are too noisy to tell {a} from {b} ({range}).{more}")
        }
    }
}

fn more_rounds(pair: &Pair) -> String {
    match pair.more_rounds {
        None | Some(0) => String::new(),
        Some(1) => " About 1 more round would resolve a 5 % difference.".into(),
        Some(more) => format!(
            " About {} more rounds would resolve a 5 % difference.",
            format::count(more)
        ),
    }
}

/// Returns the rounds of two arms: `2 rounds`, `2 and 3 rounds`.
pub fn rounds([a, b]: [u32; 2]) -> String {
    match (a, b) {
        (1, 1) => "1 round".into(),
        (a, b) if a == b => format!("{a} rounds"),
        (a, b) => format!("{a} and {b} rounds"),
    }
}

/// Returns the word for a resource that arms use: `CPU per token`; nothing for a latency or a
/// count.
pub fn noun(metric: &Metric) -> Option<String> {
    match metric.name {
        MetricId::RssBytes => Some("memory".into()),
        id if id.is_cpu_time() => Some(format!("CPU per {}", metric.per.label())),
        _ => None,
    }
}
