//! A difference in one sentence, with its largest parts: "b takes X more than a: Y in …, because
//! …".

use super::sentence;
use crate::pair_view::PairView;
use crate::thresholds::{Limit, Thresholds};
use crate::{arms::Rounds, conditions, kinds, stats, unit_cost};
use recording::comparison::{Amount, Finding, Term};
use recording::evidence::Rows;
use recording::vocabulary::{Per, TermKind};
use recording::{Evidence, format};

/// The arms a and b of a pair.
type Pair<'a> = (&'a Rounds<'a>, &'a Rounds<'a>);

/// Most parts of a sentence.
const MOST_PARTS: usize = 4;
/// Share of a difference that may be left out of a sentence that calls it complete.
const COMPLETE: f64 = 0.01;

/// Returns the sentence about a difference, with the share that the ledger explains and the rows
/// that it rests on. `arms` are those of the pair.
pub fn decided(view: &PairView<'_>, arms: Option<Pair<'_>>, limits: &Thresholds) -> Finding {
    let (why, rows) = match view.pair.terms.is_empty() {
        true => (without_ledger(view, arms, limits), Vec::new()),
        false => why(view, arms, limits),
    };
    let text = format!("{}: {}{why}.", view.title(), opening(view));
    view.finding("difference", text, explained(view), rows)
}

/// Returns the sentence about a difference without a verdict: the measured difference, with a share
/// of 0.
pub fn undecided(view: &PairView<'_>, arms: Option<Pair<'_>>, limits: &Thresholds) -> Finding {
    let is_large = (view.pair.ratio - 1.0).abs() > stats::MARGIN;
    if !is_large || view.pair.terms.is_empty() {
        return view.finding("undecided", sentence::undecided(view), 0.0, vec![]);
    }
    let (why, rows) = why(view, arms, limits);
    let text = format!(
        "{} As measured, {}{why}.",
        sentence::undecided(view),
        opening(view)
    );
    view.finding("undecided", text, 0.0, rows)
}

/// Returns the parts of the difference in words, with their citations.
fn why(
    view: &PairView<'_>,
    arms: Option<Pair<'_>>,
    limits: &Thresholds,
) -> (String, Vec<Evidence>) {
    let (with, against) = parts(view, limits);
    let mut text = String::new();
    let parts: Vec<String> = with
        .iter()
        .map(|(_, part)| for_it(view, arms, part, limits))
        .collect();
    if !parts.is_empty() {
        text += &format!(": {}", parts.join("; "));
    }
    let saved = against.iter().map(|(_, part)| amount_in(view, part));
    let saved: Vec<String> = saved.collect();
    if !saved.is_empty() {
        let verb = match view.difference() > 0.0 {
            true => "saves",
            false => "spends",
        };
        text += &format!("; {} {verb} {}", view.pair.b, saved.join(" and "));
    }
    text += &remainder(view);
    let rows = with.iter().chain(&against);
    let cited = rows.map(|(index, _)| view.at.row(Rows::ByKind, *index));
    (text, cited.collect())
}

/// Returns the share of the difference that the terms explain, 0 to 1.
fn explained(view: &PairView<'_>) -> f64 {
    if view.pair.terms.is_empty() {
        return 0.0;
    }
    (1.0 - (view.pair.unexplained / view.difference()).abs()).max(0.0)
}

type Part<'a> = (usize, &'a Term);

/// Returns the rows worth reporting, largest first: those that make the difference, and those that
/// run against it.
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

/// Returns one part of the difference in words: how much, where, and why.
fn for_it(view: &PairView<'_>, arms: Option<Pair<'_>>, part: &Term, limits: &Thresholds) -> String {
    let mut text = amount_in(view, part);
    if let Some(place) = place(view, part) {
        text += &format!(" ({place})");
    }
    if let Some(reason) = reason(view, arms, part, limits) {
        text += &format!(", {reason}");
    }
    text
}

/// Returns the row that makes most of a part in the costly arm, if one does.
fn place(view: &PairView<'_>, part: &Term) -> Option<String> {
    let costly = |term: &Term| {
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
    let most = rows.max_by(|one, other| costly(one).total_cmp(&costly(other)))?;
    let says_more = most.cause != part.cause && kinds::is_named(most.kind);
    let call = says_more.then_some(most.cause.as_str());
    let role = most.role.as_ref().map(|role| role.label());
    let words: Vec<&str> = call.into_iter().chain(role).collect();
    (2.0 * costly(most) > costly(part) && !words.is_empty())
        .then(|| format!("mostly {}", words.join(", ")))
}

/// Returns whether count or unit cost is the reason; `None` where nothing was counted.
fn reason(
    view: &PairView<'_>,
    arms: Option<Pair<'_>>,
    part: &Term,
    limits: &Thresholds,
) -> Option<String> {
    if kinds::is_dedicated(part.kind) {
        return None;
    }
    // Without a unit of work, a count is per nothing.
    if part.in_a.count == 0.0 || part.in_b.count == 0.0 || view.metric.per == Per::Total {
        return None;
    }
    let events = counted(part.kind);
    let counts = format!(
        "{} {events} per {} against {}",
        format::number(part.in_b.count),
        view.metric.per,
        format::number(part.in_a.count)
    );
    let is_the_reason = |effect: f64| effect / part.delta >= limits[Limit::ReasonShare];
    if is_the_reason(part.count_effect) {
        return Some(format!("because it has {counts}"));
    }
    if part.kind.is_user_code() {
        return code(view, part);
    }
    let costs = costs(view, part);
    Some(if is_the_reason(part.unit_cost_effect) {
        let known = arms.and_then(|arms| unit_cost(arms, part));
        let known = known.unwrap_or_else(|| "for a reason that is not known".into());
        format!("because its {events} cost {costs}, {known}")
    } else {
        format!("because it has {counts}, at {costs}")
    })
}

/// Returns why each event costs more in the arm that takes more.
fn unit_cost((a, b): Pair<'_>, part: &Term) -> Option<String> {
    let each = |amount: Amount| amount.value / amount.count;
    let costs = [each(part.in_b), each(part.in_a)];
    match part.delta > 0.0 {
        true => unit_cost::reason([b, a], part.kind, costs),
        false => unit_cost::reason([a, b], part.kind, [costs[1], costs[0]]),
    }
}

/// Returns the code that makes most of a part of user code: its largest category, and the function
/// with most of that, where they are known. The cost of a wake-up explains nothing.
fn code(view: &PairView<'_>, part: &Term) -> Option<String> {
    let sign = part.delta.signum();
    let of_part = |term: &&Term| kinds::is_part_of(term.role.as_ref(), term.kind, part.kind);
    let rows = view.pair.by_cause.iter().filter(of_part);
    let most = rows.max_by(|one, other| (one.delta * sign).total_cmp(&(other.delta * sign)))?;
    let function = most.function.as_deref();
    if !kinds::is_named(most.kind) {
        return Some("for a reason that is not known: most of it has no name".into());
    }
    let amount = format::quantity(most.delta.abs(), view.metric.unit);
    let function = function.map_or_else(String::new, |name| format!(", most in {name}"));
    match most.kind == part.kind {
        true => (!function.is_empty()).then(|| function.trim_start_matches(", ").to_owned()),
        false => Some(format!("of which {amount} in {}{function}", most.cause)),
    }
}

/// Returns the unit costs of both arms in words.
fn costs(view: &PairView<'_>, part: &Term) -> String {
    let each = |amount: Amount| format::quantity(amount.value / amount.count, view.metric.unit);
    format!("{} each against {}", each(part.in_b), each(part.in_a))
}

/// Returns the events that rows of a kind count.
fn counted(kind: TermKind) -> &'static str {
    match kind {
        TermKind::Fault => "faults",
        kind if kind.is_user_code() => "wake-ups",
        _ => "syscalls",
    }
}

fn without_ledger(view: &PairView<'_>, arms: Option<Pair<'_>>, limits: &Thresholds) -> String {
    let known = arms.and_then(|(a, b)| known_of_the_larger(view, [a, b], limits));
    known.unwrap_or_else(|| "; the recordings do not show why".into())
}

/// Returns the conditions of the arm with the larger value that the other does not have.
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

/// Returns the rest without a row and without a name in words, also where both are 0.
fn remainder(view: &PairView<'_>) -> String {
    let open = view.pair.unexplained;
    let difference = view.difference();
    let share = (open / difference).abs();
    let unnamed = unnamed(view);
    if share < COMPLETE && unnamed.is_none() {
        return "; nothing is unexplained".into();
    }
    let mut text = String::new();
    if share >= COMPLETE {
        let amount = format::quantity(open.abs(), view.metric.unit);
        let share = format::percent(share);
        text += &match (open > 0.0) == (difference > 0.0) {
            true => format!("; {amount} ({share}) is unexplained"),
            false => format!("; the rows overshoot by {amount} ({share})"),
        };
    }
    text + &unnamed.unwrap_or_default()
}

/// Returns the part without a name in words; nothing where it is small.
fn unnamed(view: &PairView<'_>) -> Option<String> {
    let unnamed = view.pair.terms.iter();
    let unnamed = unnamed.filter(|term| !kinds::is_named(term.kind));
    let unnamed: f64 = unnamed.map(|term| term.delta).sum();
    let share = (unnamed / view.difference()).abs();
    (share >= COMPLETE).then(|| {
        let amount = format::quantity(unnamed.abs(), view.metric.unit);
        format!("; {amount} ({}) has no name", format::percent(share))
    })
}
