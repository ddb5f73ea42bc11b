//! The sentences' common parts.

use crate::pair_view::PairView;
use crate::stats::MARGIN;
use recording::comparison::Verdict;
use recording::format;

/// `×2.10; 95 % interval 2.05–2.15`.
pub fn ratio(view: &PairView<'_>) -> String {
    let ratio = format::ratio(view.pair.ratio);
    if !has_interval(view) {
        return format!("{ratio}; no interval");
    }
    let [low, high] = view.pair.ci95.map(format::ratio);
    format!("{ratio}; 95 % interval {low}–{high}")
}

/// There is no difference that matters.
pub fn equivalent(view: &PairView<'_>) -> String {
    let (a, b) = (&view.pair.a, &view.pair.b);
    format!(
        "{}: no difference between {a} and {b} beyond ±{} ({}; {})",
        view.title(),
        format::percent(MARGIN),
        values(view),
        ratio(view)
    )
}

/// The rounds do not tell whether there is one.
pub fn undecided(view: &PairView<'_>) -> String {
    let (a, b) = (&view.pair.a, &view.pair.b);
    let rounds = if has_interval(view) {
        "the rounds do"
    } else {
        "one round each does"
    };
    let (title, values) = (view.title(), values(view));
    let chance = if view.pair.may_be_chance() {
        "; among so many metrics, chance alone puts one this far apart"
    } else {
        ""
    };
    format!(
        "{title}: {rounds} not tell whether {a} and {b} differ ({values}){chance}; more rounds would"
    )
}

/// The same, with the ratio.
pub fn undecided_with_ratio(view: &PairView<'_>) -> String {
    format!("{} ({})", undecided(view), ratio(view))
}

fn has_interval(view: &PairView<'_>) -> bool {
    view.pair.ci95[0] < view.pair.ci95[1] || view.pair.verdict != Verdict::Inconclusive
}

/// `go 19.2 µs, bun 61.3 µs`.
pub fn values(view: &PairView<'_>) -> String {
    let value = |arm: &String| {
        let value = view.metric.arms[arm].value;
        format!("{arm} {}", format::quantity(value, view.metric.unit))
    };
    format!("{}, {}", value(&view.pair.a), value(&view.pair.b))
}
