//! Where a difference comes from: a bridge from one arm's cost to the other's, and the table behind it.

use super::{names, verdict};
use crate::arms::Arms;
use crate::chart::{Chart, Paint, Step, Waterfall};
use crate::clean::clean;
use crate::document::{Block, Cell, Figure, Section, Table, Tone};
use crate::{
    Input,
    units::{self, Scale},
};
use recording::comparison::{Amount, Metric, Pair, Term};

/// Bars of terms before the small ones are drawn as one.
const BARS: usize = 12;

const LEAD: &str = "Each bar begins where the one above ends, so the bars add up from the first arm's cost to the \
second's. What no term accounts for is drawn as a bar of its own. The count effect is the part of a term that \
comes from there being more (or fewer) of it, the unit-cost effect from each being dearer (or cheaper).";

/// Every pair with terms: the first arm against each other in full, further pairs folded.
pub fn section(input: &Input, arms: &Arms) -> Option<Section> {
    let comparison = input.comparison?;
    let first = arms.list.first()?.key;
    let mut metrics: Vec<&Metric> = comparison.metrics.iter().collect();
    metrics.sort_by_key(|metric| metric.name != names::CPU);
    let told = metrics
        .iter()
        .flat_map(|metric| metric.pairs.iter().map(move |pair| (*metric, pair)));
    let (shown, folded): (Vec<_>, Vec<_>) = told
        .filter(|(_, pair)| !pair.terms.is_empty())
        .partition(|(metric, pair)| pair.a == first && has_own_bridge(metric));
    let mut blocks: Vec<Block> = shown
        .into_iter()
        .flat_map(|(metric, pair)| {
            let mut blocks = vec![Block::Heading {
                text: heading(metric, pair),
            }];
            blocks.extend(bridge(metric, pair, arms));
            blocks
        })
        .collect();
    blocks.extend(folded.into_iter().map(|(metric, pair)| Block::Fold {
        title: heading(metric, pair),
        blocks: bridge(metric, pair, arms),
    }));
    Some(Section {
        id: "bridge",
        title: "Where the difference comes from",
        lead: LEAD.into(),
        blocks,
    })
}

/// Costs are worth a chart up front; counts per token repeat in other units what the costs already tell.
fn has_own_bridge(metric: &Metric) -> bool {
    metric.name == names::CPU || metric.name == "rss_bytes"
}

fn heading(metric: &Metric, pair: &Pair) -> String {
    let what = names::heading(&names::metric(&metric.name));
    format!("{what}: {} → {}", clean(&pair.a), clean(&pair.b))
}

fn bridge(metric: &Metric, pair: &Pair, arms: &Arms) -> Vec<Block> {
    let [a, b] =
        [&pair.a, &pair.b].map(|arm| metric.arms.get(arm).map_or(f64::NAN, |found| found.value));
    let scale = Scale::of(&metric.unit, [a, b]);
    let gap = b - a;
    let mut sentence = format!(
        "{} → {}: {}",
        scale.full(a),
        scale.full(b),
        scale.signed_full(gap)
    );
    if let Some(range) = verdict::interval(pair.ci95) {
        sentence += &format!(" ({}, 95 % interval {range})", units::ratio(pair.ratio));
    }
    if let Some(rest) = verdict::explained(pair, gap) {
        sentence += &format!("; {rest}");
    }
    sentence.push('.');
    vec![
        Block::paragraph(sentence),
        figure(metric, pair, arms, [a, b], &scale),
        table(metric, pair, [a, b], &scale),
    ]
}

fn figure(metric: &Metric, pair: &Pair, arms: &Arms, [a, b]: [f64; 2], scale: &Scale) -> Block {
    let total = |arm: &str, value: f64| Step {
        label: clean(arm),
        from: 0.0,
        to: scale.scaled(value),
        value: scale.full(value),
        paint: Paint::Arm(arms.position(arm)),
        total: true,
    };
    let mut steps = vec![total(&pair.a, a)];
    let mut at = a;
    for (label, delta, paint) in bars(pair) {
        let (from, to) = (scale.scaled(at), scale.scaled(at + delta));
        steps.push(Step {
            label,
            from,
            to,
            value: scale.signed(delta),
            paint,
            total: false,
        });
        at += delta;
    }
    steps.push(total(&pair.b, b));
    let name = |text: &str| {
        text.chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
            .collect::<String>()
    };
    Block::Figure(Figure {
        id: format!(
            "bridge-{}-{}-{}",
            name(&metric.name),
            name(&pair.a),
            name(&pair.b)
        ),
        title: heading(metric, pair),
        description: format!(
            "Bars from {} to {}, one a term; the table below has the numbers.",
            clean(&pair.a),
            clean(&pair.b)
        ),
        chart: Chart::Waterfall(Waterfall { steps }),
    })
}

/// The terms to draw: the largest one by one, the rest together, then what is not explained.
fn bars(pair: &Pair) -> Vec<(String, f64, Paint)> {
    let terms = by_size(pair);
    let paint = |delta: f64| {
        if delta < 0.0 {
            Paint::Fall
        } else {
            Paint::Rise
        }
    };
    let (drawn, rest) = terms.split_at(if terms.len() > BARS + 1 {
        BARS
    } else {
        terms.len()
    });
    let mut bars: Vec<_> = drawn
        .iter()
        .map(|term| (label(term), term.delta, paint(term.delta)))
        .collect();
    if !rest.is_empty() {
        let sum = rest.iter().map(|term| term.delta).sum();
        bars.push((format!("{} smaller terms", rest.len()), sum, paint(sum)));
    }
    bars.push(("unexplained".into(), pair.unexplained, Paint::Unexplained));
    bars
}

fn by_size(pair: &Pair) -> Vec<&Term> {
    let mut terms: Vec<&Term> = pair.terms.iter().collect();
    terms.sort_by(|one, other| other.delta.abs().total_cmp(&one.delta.abs()));
    terms
}

fn label(term: &Term) -> String {
    match &term.role {
        Some(role) => format!("{}: {}", clean(role), clean(&term.cause)),
        None => clean(&term.cause),
    }
}

fn table(metric: &Metric, pair: &Pair, [a, b]: [f64; 2], scale: &Scale) -> Block {
    let unit = scale.per(&metric.per);
    let unit = if unit.is_empty() {
        metric.per.clone()
    } else {
        unit
    };
    let mut table = Table::new(format!("Terms of the difference, in {}", clean(&unit)))
        .words("Thread role")
        .words("Cause")
        .number("Δ")
        .number("of the gap")
        .numbers("of which", ["count effect", "unit-cost effect"])
        .numbers(
            "value (count)",
            [clean(&pair.a).as_str(), clean(&pair.b).as_str()],
        )
        .words("Evidence");
    for term in by_size(pair) {
        table.row(Tone::Plain, term_row(term, b - a, scale));
    }
    table.row(
        Tone::Unexplained,
        sum_row(
            "unexplained",
            [pair.unexplained, b - a],
            [String::new(), String::new()],
            scale,
        ),
    );
    table.row(
        Tone::Total,
        sum_row(
            "difference",
            [b - a; 2],
            [scale.show(a), scale.show(b)],
            scale,
        ),
    );
    table.block()
}

fn term_row(term: &Term, gap: f64, scale: &Scale) -> Vec<Cell> {
    let evidence = term.evidence.iter().map(|place| clean(place)).collect();
    vec![
        clean(term.role.as_deref().unwrap_or("")).into(),
        clean(&term.cause).into(),
        scale.signed(term.delta).into(),
        units::share(term.delta / gap).into(),
        scale.signed(term.count_effect).into(),
        scale.signed(term.unit_cost_effect).into(),
        amount(term.in_a, scale),
        amount(term.in_b, scale),
        Cell {
            evidence,
            ..Cell::default()
        },
    ]
}

fn sum_row(name: &str, [delta, gap]: [f64; 2], [a, b]: [String; 2], scale: &Scale) -> Vec<Cell> {
    vec![
        "".into(),
        name.into(),
        scale.signed(delta).into(),
        units::share(delta / gap).into(),
        "".into(),
        "".into(),
        a.into(),
        b.into(),
        "".into(),
    ]
}

fn amount(amount: Amount, scale: &Scale) -> Cell {
    let cell = Cell::from(scale.show(amount.value));
    let counted = amount.count != 0.0;
    let times = |count| format!("{} ×", Scale::of("", [count]).show(count));
    if counted {
        cell.with_note(times(amount.count))
    } else {
        cell
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(terms: usize, unexplained: f64) -> Pair {
        let term = |at: usize| Term {
            cause: format!("call {at}"),
            delta: at as f64,
            ..Term::default()
        };
        Pair {
            terms: (1..=terms).map(term).collect(),
            unexplained,
            ..Pair::default()
        }
    }

    #[test]
    fn the_bars_add_up_whatever_is_drawn_together() {
        for terms in [0, 1, 13, 14, 40] {
            let pair = pair(terms, -2.5);
            let drawn: f64 = bars(&pair).iter().map(|bar| bar.1).sum();
            let told: f64 = pair.terms.iter().map(|term| term.delta).sum();
            assert_eq!(drawn, told - 2.5, "{terms} terms");
        }
    }

    #[test]
    fn the_unexplained_rest_is_always_a_bar() {
        let names: Vec<_> = bars(&pair(2, 0.0)).into_iter().map(|bar| bar.0).collect();
        assert_eq!(names, ["call 2", "call 1", "unexplained"]);
    }
}
