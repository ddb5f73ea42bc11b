//! Common parts of sentences.

use crate::pair_view::PairView;
use crate::stats::MARGIN;
use recording::format;

/// Returns `1.94×, 95 % interval 1.92×–1.95×`.
pub fn ratio(view: &PairView<'_>) -> String {
    let ratio = format::ratio(view.pair.ratio);
    if !has_interval(view) {
        return format!("{ratio}, no interval");
    }
    let [low, high] = view.pair.ci95.map(format::ratio);
    format!("{ratio}, 95 % interval {low}–{high}")
}

/// Says that there is no difference that matters.
pub fn equivalent(view: &PairView<'_>) -> String {
    let (a, b) = (&view.pair.a, &view.pair.b);
    format!(
        "{}: no difference between {a} and {b} beyond ±{} ({}; {}).",
        view.title(),
        format::percent(MARGIN),
        values(view),
        ratio(view)
    )
}

/// Says that there is no verdict, and how many rounds would bring one.
pub fn undecided(view: &PairView<'_>) -> String {
    let (a, b) = (&view.pair.a, &view.pair.b);
    let (title, values) = (view.title(), values(view));
    if let Some(reason) = &view.pair.incomparable {
        return format!("{title}: no verdict, because {reason} ({values}).");
    }
    if !has_interval(view) {
        return format!(
            "{title}: no verdict, because one round has no interval ({values}). Record at least 2 rounds, better 4."
        );
    }
    let reason = match view.pair.may_be_chance() {
        true => {
            format!("because among so many metrics chance alone sets {a} and {b} this far apart")
        }
        false => format!("because the rounds are too noisy to tell {a} from {b}"),
    };
    let more = match view.pair.more_rounds {
        Some(rounds) if rounds > 0 => {
            format!(" About {rounds} more rounds of each would resolve a 5 % difference.")
        }
        _ => String::new(),
    };
    format!(
        "{title}: no verdict, {reason} ({values}; {}).{more}",
        ratio(view)
    )
}

fn has_interval(view: &PairView<'_>) -> bool {
    view.pair.p_value.is_some()
}

/// Returns `go 19.2 µs, bun 61.3 µs`.
pub fn values(view: &PairView<'_>) -> String {
    let value = |arm: &String| {
        let value = view.metric.arms[arm].value;
        format!("{arm} {}", format::quantity(value, view.metric.unit))
    };
    format!("{}, {}", value(&view.pair.a), value(&view.pair.b))
}
