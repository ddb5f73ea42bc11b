//! The sentences' common parts.

use super::Story;
use crate::{quantity, stats::MARGIN};

/// `×2.10; 95 % interval 2.05–2.15`.
pub fn ratio(story: &Story<'_>) -> String {
    let [low, high] = story.pair.ci95.map(quantity::plain);
    format!(
        "{}; 95 % interval {low}–{high}",
        quantity::ratio(story.pair.ratio)
    )
}

/// There is no difference that matters.
pub fn equivalent(story: &Story<'_>) -> String {
    let (a, b) = (&story.pair.a, &story.pair.b);
    format!(
        "{}: no difference between {a} and {b} beyond ±{} ({}; {})",
        story.title,
        quantity::percent(MARGIN),
        values(story),
        ratio(story)
    )
}

/// The rounds do not tell whether there is one.
pub fn undecided(story: &Story<'_>) -> String {
    let (a, b) = (&story.pair.a, &story.pair.b);
    let [low, high] = story.pair.ci95;
    if low == high {
        return format!(
            "{}: one round each does not tell whether {a} and {b} differ ({})",
            story.title,
            values(story)
        );
    }
    format!(
        "{}: the rounds do not tell whether {a} and {b} differ ({}; {}); more rounds would",
        story.title,
        values(story),
        ratio(story)
    )
}

/// `go 19.2 µs, bun 61.3 µs`.
pub fn values(story: &Story<'_>) -> String {
    let value = |arm: &String| {
        let value = story.metric.arms[arm].value;
        format!("{arm} {}", quantity::text(value, &story.metric.unit))
    };
    format!("{}, {}", value(&story.pair.a), value(&story.pair.b))
}
