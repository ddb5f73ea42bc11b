//! The sentences' common parts.

use super::Story;
use crate::stats::MARGIN;
use recording::comparison::Verdict;
use recording::format;

/// `×2.10; 95 % interval 2.05–2.15`.
pub fn ratio(story: &Story<'_>) -> String {
    let ratio = format::ratio(story.pair.ratio);
    if !has_interval(story) {
        return format!("{ratio}; no interval");
    }
    let [low, high] = story.pair.ci95.map(format::ratio);
    format!("{ratio}; 95 % interval {low}–{high}")
}

/// There is no difference that matters.
pub fn equivalent(story: &Story<'_>) -> String {
    let (a, b) = (&story.pair.a, &story.pair.b);
    format!(
        "{}: no difference between {a} and {b} beyond ±{} ({}; {})",
        story.title,
        format::percent(MARGIN),
        values(story),
        ratio(story)
    )
}

/// The rounds do not tell whether there is one.
pub fn undecided(story: &Story<'_>) -> String {
    let (a, b) = (&story.pair.a, &story.pair.b);
    let rounds = if has_interval(story) {
        "the rounds do"
    } else {
        "one round each does"
    };
    let (title, values) = (story.title, values(story));
    let chance = if story.pair.may_be_chance() {
        "; among so many metrics, chance alone puts one this far apart"
    } else {
        ""
    };
    format!(
        "{title}: {rounds} not tell whether {a} and {b} differ ({values}){chance}; more rounds would"
    )
}

/// The same, with the ratio.
pub fn undecided_with_ratio(story: &Story<'_>) -> String {
    format!("{} ({})", undecided(story), ratio(story))
}

fn has_interval(story: &Story<'_>) -> bool {
    story.pair.ci95[0] < story.pair.ci95[1] || story.pair.verdict != Verdict::Inconclusive
}

/// `go 19.2 µs, bun 61.3 µs`.
pub fn values(story: &Story<'_>) -> String {
    let value = |arm: &String| {
        let value = story.metric.arms[arm].value;
        format!("{arm} {}", format::quantity(value, story.metric.unit))
    };
    format!("{}, {}", value(&story.pair.a), value(&story.pair.b))
}
