//! "b takes X more than a: Y of it in …, because …": the difference with its largest parts.

use super::sentence;
use crate::pair_view::PairView;
use crate::thresholds::{Limit, Thresholds};
use crate::{arms::Rounds, conditions, kinds, stats};
use recording::comparison::{Amount, Finding, Term};
use recording::evidence::Rows;
use recording::vocabulary::{CodeCategory, Per, TermKind};
use recording::{Evidence, format};

/// More parts than this make no sentence.
const MOST_PARTS: usize = 4;
/// The sentence, its share (what the ledger explains of the difference) and the rows it rests on.
///
/// `arms` are those of the pair.
pub fn tell(
    view: &PairView<'_>,
    arms: Option<(&Rounds<'_>, &Rounds<'_>)>,
    limits: &Thresholds,
) -> Finding {
    let (why, rows) = match view.pair.terms.is_empty() {
        true => (without_ledger(view, arms, limits), Vec::new()),
        false => why(view, limits),
    };
    let text = format!("{}: {}{why}", view.title(), opening(view));
    view.finding("difference", text, explained(view), rows)
}

/// The same of a difference that the rounds do not confirm: what was measured, and no share of anything.
pub fn tell_undecided(view: &PairView<'_>, limits: &Thresholds) -> Finding {
    let is_told = (view.pair.ratio - 1.0).abs() > stats::MARGIN && !view.pair.terms.is_empty();
    if !is_told {
        return view.finding(
            "undecided",
            sentence::undecided_with_ratio(view),
            0.0,
            vec![],
        );
    }
    let (why, rows) = why(view, limits);
    let text = format!(
        "{}. As measured, {}{why}",
        sentence::undecided(view),
        opening(view)
    );
    view.finding("undecided", text, 0.0, rows)
}

/// What makes the difference, with the citations of what it names.
fn why(view: &PairView<'_>, limits: &Thresholds) -> (String, Vec<Evidence>) {
    let (with, against) = parts(view, limits);
    let mut text = String::new();
    let told: Vec<String> = with
        .iter()
        .map(|(_, part)| for_it(view, part, limits))
        .collect();
    if !told.is_empty() {
        text += &format!(": {}", told.join("; "));
    }
    let saved = against.iter().map(|(_, part)| amount_in(view, part));
    let saved: Vec<String> = saved.collect();
    if !saved.is_empty() {
        let less = if view.difference() > 0.0 {
            "less"
        } else {
            "more"
        };
        text += &format!(
            "; against that {} takes {} {less}",
            view.pair.b,
            saved.join(" and ")
        );
    }
    text += &remainder(view);
    let rows = with.iter().chain(&against);
    let cited = rows.map(|(index, _)| view.at.row(Rows::ByKind, *index));
    (text, cited.collect())
}

/// What the terms explain of the difference, 0 to 1.
fn explained(view: &PairView<'_>) -> f64 {
    if view.pair.terms.is_empty() {
        return 0.0;
    }
    (1.0 - (view.pair.unexplained / view.difference()).abs()).max(0.0)
}

type Part<'a> = (usize, &'a Term);

/// Rows worth telling, largest first: those that make the difference, and those that run against it.
fn parts<'a>(view: &PairView<'a>, limits: &Thresholds) -> (Vec<Part<'a>>, Vec<Part<'a>>) {
    let difference = view.difference();
    let worth =
        |part: &Part<'_>| part.1.delta.abs() >= limits[Limit::ReportedShare] * difference.abs();
    let rows = view.pair.by_kind.iter().enumerate().filter(worth);
    let (mut with, mut against): (Vec<_>, Vec<_>) =
        rows.partition(|(_, row)| (row.delta > 0.0) == (difference > 0.0));
    with.truncate(MOST_PARTS);
    against.truncate(MOST_PARTS);
    (with, against)
}

fn opening(view: &PairView<'_>) -> String {
    let difference = view.difference();
    format!(
        "{} takes {} {} than {} ({})",
        view.pair.b,
        format::quantity(difference.abs(), view.metric.unit),
        if difference > 0.0 { "more" } else { "less" },
        view.pair.a,
        sentence::ratio(view)
    )
}

fn amount_in(view: &PairView<'_>, part: &Term) -> String {
    format!(
        "{} in {}",
        format::quantity(part.delta.abs(), view.metric.unit),
        part.cause
    )
}

/// One part of the difference: how much, where, and why.
fn for_it(view: &PairView<'_>, part: &Term, limits: &Thresholds) -> String {
    let mut text = amount_in(view, part);
    if let Some(place) = place(view, part) {
        text += &format!(" ({place})");
    }
    if let Some(reason) = reason(view, part, limits) {
        text += &format!(", {reason}");
    }
    text
}

/// The one row that makes most of a part in the dearer arm, if one does.
fn place(view: &PairView<'_>, part: &Term) -> Option<String> {
    let dearer = |term: &Term| {
        if part.delta > 0.0 {
            term.in_b.value
        } else {
            term.in_a.value
        }
    };
    let rows = view
        .pair
        .terms
        .iter()
        .filter(|term| kinds::is_part_of(term.role.as_ref(), term.kind, part.kind));
    let most = rows.max_by(|one, other| dearer(one).total_cmp(&dearer(other)))?;
    let says_more = most.cause != part.cause && most.kind != TermKind::Code(CodeCategory::Unnamed);
    let call = says_more.then_some(most.cause.as_str());
    let role = most.role.as_ref().map(|role| role.label());
    let words: Vec<&str> = call.into_iter().chain(role).collect();
    (2.0 * dearer(most) > dearer(part) && !words.is_empty())
        .then(|| format!("mostly {}", words.join(", ")))
}

/// Whether there are more of them or each is dearer; `None` where nothing was counted.
fn reason(view: &PairView<'_>, part: &Term, limits: &Thresholds) -> Option<String> {
    if kinds::is_dedicated(part.kind) {
        return None;
    }
    // Without a unit of work, what is counted has no "a token".
    if part.in_a.count == 0.0 || part.in_b.count == 0.0 || view.metric.per == Per::Total {
        return None;
    }
    let what = counted(part.kind);
    let counts = format!(
        "{} {what} a {} where {} has {}",
        format::number(part.in_b.count),
        view.metric.per,
        view.pair.a,
        format::number(part.in_a.count)
    );
    let costs = costs(view, part);
    let is_the_reason = |effect: f64| effect / part.delta >= limits[Limit::ReasonShare];
    Some(if is_the_reason(part.count_effect) {
        format!("because it has {counts}")
    } else if is_the_reason(part.unit_cost_effect) {
        format!("because its {what} cost {costs}")
    } else {
        format!("because it has {counts}, at {costs}")
    })
}

/// What one costs in both arms; where one of them spends nothing, there is nothing to hold it against.
fn costs(view: &PairView<'_>, part: &Term) -> String {
    let each = |amount: Amount| format::quantity(amount.value / amount.count, view.metric.unit);
    let (a, b) = (&view.pair.a, &view.pair.b);
    match (part.in_a.value > 0.0, part.in_b.value > 0.0) {
        (true, true) => format!("{} each rather than {}", each(part.in_b), each(part.in_a)),
        (false, _) => format!("{} each, which {a} gets for nothing", each(part.in_b)),
        (_, false) => format!(
            "nothing, where those of {a} cost {} each and {b} pays for none",
            each(part.in_a)
        ),
    }
}

/// What the count of a kind of work counts.
fn counted(kind: TermKind) -> &'static str {
    match kind {
        TermKind::Fault => "faults",
        kind if kind.is_user_code() => "wake-ups",
        _ => "calls",
    }
}

fn without_ledger(
    view: &PairView<'_>,
    arms: Option<(&Rounds<'_>, &Rounds<'_>)>,
    limits: &Thresholds,
) -> String {
    let known = arms.and_then(|(a, b)| known_of_the_larger(view, [a, b], limits));
    known.unwrap_or_else(|| "; the recordings do not say why".into())
}

/// The conditions of the arm with the larger value that the other has not.
fn known_of_the_larger(
    view: &PairView<'_>,
    [a, b]: [&Rounds<'_>; 2],
    limits: &Thresholds,
) -> Option<String> {
    let (larger, smaller) = if view.difference() > 0.0 {
        (b, a)
    } else {
        (a, b)
    };
    let others = conditions::titles(smaller, view.metric.name, limits);
    let own = conditions::titles(larger, view.metric.name, limits);
    let own = own.into_iter().filter(|title| !others.contains(title));
    let own: Vec<String> = own.map(str::to_lowercase).collect();
    (!own.is_empty()).then(|| format!("; {} has {}", larger.arm, own.join(" and ")))
}

/// What the ledger leaves open, always said.
fn remainder(view: &PairView<'_>) -> String {
    let open = view.pair.unexplained;
    let share = (open / view.difference()).abs();
    if share < 0.005 {
        return "; nothing is unexplained".into();
    }
    let amount = format::quantity(open.abs(), view.metric.unit);
    let share = format::percent(share);
    if (open > 0.0) == (view.difference() > 0.0) {
        format!("; {amount} ({share}) is not explained")
    } else {
        format!("; the parts overshoot by {amount} ({share}), which is not explained")
    }
}
