//! The notes below a verdict: both figures of coverage, advice, and the cost of observing.

use super::entry::Side;
use crate::clean::{clean, clean_sentence};
use recording::comparison::{Arm, Comparison, Finding, Metric, ObserverCost, Pair};
use recording::format::{self, Scale};
use recording::observer::Mode;
use recording::vocabulary::Per;

/// Begins each advice.
const LEAD: &str = "what to try";

/// Returns the shares of a difference that rows account for and that have a name, where arms
/// differ, and the named share of each arm's CPU time; nothing without a ledger. Shares of a
/// difference that is noise mean nothing.
pub fn coverage_of_pair(
    comparison: &Comparison,
    metric: &Metric,
    pair: &Pair,
    differ: bool,
) -> Option<String> {
    if !metric.name.is_cpu_time() {
        return None;
    }
    let named_of = |name: &String| {
        let arm = comparison.arms.iter().find(|arm| arm.arm == *name)?;
        let share = format::percent_tenths(arm.named?);
        Some(format!("{share} of {}", clean(name)))
    };
    let arms: Vec<String> = [&pair.a, &pair.b]
        .into_iter()
        .filter_map(named_of)
        .collect();
    let shares = pair.accounted.zip(pair.named).filter(|_| differ);
    let mut parts = Vec::new();
    parts.extend(shares.map(|(accounted, named)| {
        format!(
            "accounted for: {} of the difference; named: {}",
            format::percent_tenths(accounted),
            format::percent_tenths(named)
        )
    }));
    let named = format!("named of each arm's CPU: {}", arms.join(", "));
    parts.extend((!arms.is_empty()).then_some(named));
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Returns the shares of an arm's CPU time that rows account for and that have a name.
pub fn coverage_of_arm(arm: &Arm, metric: &Metric) -> Option<String> {
    let shares = arm.accounted.zip(arm.named);
    let (accounted, named) = shares.filter(|_| metric.name.is_cpu_time())?;
    Some(format!(
        "accounted for: {} of its CPU; named: {}",
        format::percent_tenths(accounted),
        format::percent_tenths(named)
    ))
}

/// Returns the advice of the first cause that has some.
pub fn advice(
    comparison: &Comparison,
    metric: &Metric,
    about: Option<(&Pair, &Side)>,
) -> Option<String> {
    let names = about.map(|(pair, _)| [pair.a.as_str(), pair.b.as_str()]);
    let fits = |finding: &&Finding| {
        let pair = finding.pair.as_ref().map(|[a, b]| [a.as_str(), b.as_str()]);
        let same = finding.metric == metric.name
            || finding.metric.is_cpu_time() && metric.name.is_cpu_time();
        same && pair == names && !finding.consequence
    };
    let findings = comparison.findings.iter().filter(fits);
    let advised = findings.filter(|finding| !finding.advice.is_empty());
    // Advice with a known saving comes first; a profile of user code removes nothing by itself.
    let known = advised.clone().find(|finding| finding.predicted.is_some());
    let Some(found) = known.or_else(|| advised.clone().next()) else {
        return of_waste(comparison).filter(|_| about.is_none());
    };
    let place = match about {
        Some((pair, side)) if side.costly == pair.a => format!(" in {}", clean(&pair.a)),
        _ => String::new(),
    };
    Some(with_lead(&place, &with_prediction(found)))
}

/// Returns a finding's advice with the predicted saving, where it is known; empty without advice.
pub fn advice_of(finding: &Finding) -> String {
    match finding.advice.is_empty() {
        true => String::new(),
        false => with_lead("", &with_prediction(finding)),
    }
}

/// Returns advice with the words that begin each advice; `place` names an arm.
pub fn with_lead(place: &str, advice: &str) -> String {
    format!("{LEAD}{place}: {advice}")
}

/// Returns the advice of the costliest waste of an arm alone.
fn of_waste(comparison: &Comparison) -> Option<String> {
    let costliest = comparison.arms.first()?.waste.first()?;
    Some(with_lead("", &clean_sentence(&costliest.advice)))
}

fn with_prediction(finding: &Finding) -> String {
    let advice = clean_sentence(&finding.advice);
    match finding.predicted {
        Some(saving) => {
            let (unit, per) = (finding.metric.unit(), finding.metric.per());
            let change = Scale::of(unit, [saving.delta]).signed_full(saving.delta);
            let per = match per {
                Per::Total => String::new(),
                Per::Work(_) => " per unit of work".into(),
                per => format!(" per {}", per.label()),
            };
            format!(
                "{} (predicted: {change}{per})",
                advice.trim_end_matches('.')
            )
        }
        None => advice,
    }
}

/// Returns the cost of observing these arms with all probes, where it was measured.
pub fn observing_cost(comparison: &Comparison, arms: &[&String]) -> Option<String> {
    let costs = comparison.observer_cost.iter();
    let all: Vec<&ObserverCost> = costs
        .filter(|cost| cost.mode == Mode::All && arms.contains(&&cost.arm))
        .collect();
    let percent = |cost: &ObserverCost| format::percent_tenths(cost.ratio.value - 1.0);
    let included = if arms.len() > 1 { "in both" } else { "above" };
    match all[..] {
        [] => None,
        [one] if arms.len() == 1 => Some(format!(
            "observing cost {} (included {included})",
            percent(one)
        )),
        _ => {
            let each = all
                .iter()
                .map(|cost| format!("{} in {}", percent(cost), clean(&cost.arm)));
            let each = each.collect::<Vec<_>>().join(", ");
            Some(format!("observing cost {each} (included {included})"))
        }
    }
}
