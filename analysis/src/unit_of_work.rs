//! The unit of work of a comparison, and whether the arms did the same kind and amount of it.
//!
//! Costs per unit of a named work are comparable at any rate. Without a name the kernel's
//! own count of requests stands in, which a batch of requests counts once; and without that, only
//! seconds are left. Then two arms are comparable only if they did as much work a second.

use crate::arms::Rounds;
use crate::stats::{self, Sample};
use crate::thresholds::{Limit, Thresholds};
use recording::comparison::{Comparison, Estimate, UnitOfWork, Verdict};
use recording::vocabulary::{Per, Unit};
use recording::work::common_unit;
use recording::{Recording, format};
use std::collections::{BTreeMap, BTreeSet};

/// Returns the unit that all rounds of all arms have.
pub fn of(arms: &[Rounds<'_>]) -> Per {
    common_unit(rounds(arms))
}

/// Describes the unit, and how much of it each arm did; `None` without a round.
pub fn describe(arms: &[Rounds<'_>], per: Per) -> Option<UnitOfWork> {
    let first = rounds(arms).next()?;
    let work = first.work.as_ref().filter(|_| matches!(per, Per::Work(_)));
    let rates = arms.iter().map(|arm| (arm.arm.into(), rate(arm, per)));
    let cpu = arms.iter().map(|arm| (arm.arm.into(), cpu_per_second(arm)));
    Some(UnitOfWork {
        per,
        source: match (work, per) {
            (Some(work), _) => work.source.clone(),
            (None, Per::Token | Per::Request) => "load".into(),
            _ => String::new(),
        },
        assumed: work.is_some_and(|work| work.assumed),
        rates: match per {
            Per::Second | Per::Start => BTreeMap::new(),
            _ => rates.collect(),
        },
        cpu_ns_per_second: cpu.collect(),
    })
}

/// Withdraws the verdicts about costs per second, and per request as the kernel counts them, of
/// pairs that may have done different amounts of work.
pub fn withdraw_verdicts(comparison: &mut Comparison, arms: &[Rounds<'_>]) {
    let Some(work) = comparison.work.clone() else {
        return;
    };
    let is_named = !work.assumed && work.per != Per::Second;
    if is_named {
        return;
    }
    for metric in &mut comparison.metrics {
        if metric.per != work.per && metric.per != Per::Second {
            continue;
        }
        for pair in &mut metric.pairs {
            let arm = |name: &str| arms.iter().find(|arm| arm.arm == name);
            let Some((a, b)) = arm(&pair.a).zip(arm(&pair.b)) else {
                continue;
            };
            if let Some(reason) = incomparable(&work, [a, b]) {
                pair.verdict = Verdict::Inconclusive;
                pair.more_rounds = None;
                pair.incomparable = Some(reason);
            }
        }
    }
}

/// Returns why two arms may have done different work; `None` where they did the same.
fn incomparable(work: &UnitOfWork, [a, b]: [&Rounds<'_>; 2]) -> Option<String> {
    let remedy = "name the unit with --work or record with --load-command";
    let unit = work.per;
    let units = units([a, b]);
    if unit == Per::Second && units.len() > 1 {
        return Some(format!(
            "the recordings count different units of work ({}); record all of them with the same --work",
            units.into_iter().collect::<Vec<_>>().join(", ")
        ));
    }
    if unit == Per::Second {
        return Some(format!(
            "no unit of work is known, so that {} and {} may have done different amounts of it; {remedy}",
            a.arm, b.arm
        ));
    }
    let limits = Thresholds::default();
    let values = |of: fn(&Rounds<'_>, Per) -> f64| [a, b].map(|arm| of(arm, unit));
    let [rate_a, rate_b] = values(|arm, unit| rate(arm, unit).value);
    if differ(rate_a, rate_b) > limits[Limit::RateDifference] {
        return Some(format!(
            "the kernel counted {} {unit}s a second in {} and {} in {}, and one may be more work than another; {remedy}",
            format::number(rate_b.round()),
            b.arm,
            format::number(rate_a.round()),
            a.arm
        ));
    }
    let [size_a, size_b] = values(received_per);
    if differ(size_a, size_b) > limits[Limit::RequestSizeDifference] {
        return Some(format!(
            "a {unit} of {} has {} and one of {} {}, so that one may be more work than the other; {remedy}",
            b.arm,
            format::quantity(size_b, Unit::Bytes),
            a.arm,
            format::quantity(size_a, Unit::Bytes)
        ));
    }
    None
}

/// Returns the names of the units that the rounds count.
fn units([a, b]: [&Rounds<'_>; 2]) -> BTreeSet<String> {
    let rounds = a.rounds.iter().chain(&b.rounds);
    let unit = |recording: &Recording| match &recording.work {
        Some(work) => work.name.to_string(),
        None => "none".into(),
    };
    rounds.map(|(_, recording)| unit(recording)).collect()
}

/// Returns the difference of two sizes, as a share of the smaller one.
fn differ(a: f64, b: f64) -> f64 {
    let (smaller, larger) = (a.min(b), a.max(b));
    match smaller > 0.0 {
        true => larger / smaller - 1.0,
        false if larger > 0.0 => f64::INFINITY,
        false => 0.0,
    }
}

fn rounds<'a>(arms: &[Rounds<'a>]) -> impl Iterator<Item = &'a Recording> {
    let rounds = arms.iter().flat_map(|arm| &arm.rounds);
    rounds.map(|(_, recording)| *recording)
}

/// Returns the units a second over all rounds.
fn rate(arm: &Rounds<'_>, per: Per) -> Estimate {
    let samples: Vec<Sample> = rounds(std::slice::from_ref(arm))
        .map(|recording| Sample {
            amount: recording.units(per),
            over: recording.units(Per::Second),
        })
        .filter(|sample| sample.over > 0.0)
        .collect();
    match samples.is_empty() {
        true => Estimate::default(),
        false => Estimate {
            value: stats::value(&samples),
            ci95: stats::interval(&samples),
        },
    }
}

fn sum(arm: &Rounds<'_>, of: impl Fn(&Recording) -> f64) -> f64 {
    rounds(std::slice::from_ref(arm)).map(of).sum()
}

fn cpu_per_second(arm: &Rounds<'_>) -> f64 {
    let seconds = sum(arm, |recording| recording.units(Per::Second));
    let cpu = sum(arm, |recording| recording.process.on_cpu_ns as f64);
    if seconds > 0.0 { cpu / seconds } else { 0.0 }
}

/// Returns the bytes received per unit.
fn received_per(arm: &Rounds<'_>, per: Per) -> f64 {
    let units = sum(arm, |recording| recording.units(per));
    let bytes = sum(arm, |recording| recording.sockets.recv_bytes as f64);
    if units > 0.0 { bytes / units } else { 0.0 }
}

#[cfg(test)]
mod tests;
