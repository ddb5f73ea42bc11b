//! Whether a comparison may be trusted: lost events, cut rounds, arms that are not comparable.
//! Every reason is reported.

use crate::arms::Rounds;
use crate::thresholds::{Limit, Thresholds};
use recording::comparison::Validity;
use recording::vocabulary::Unit;
use recording::{Recording, format};
use std::collections::BTreeSet;

/// Judges all arms together: the rounds that are compared, and all there are. A faulty round that
/// only measures the cost of observing makes that part of the result invalid, so it counts as well.
pub fn judge(compared: &[Rounds<'_>], all: &[Rounds<'_>]) -> Validity {
    let rounds = all.iter().flat_map(|arm| &arm.rounds);
    let mut reasons: Vec<String> = rounds
        .clone()
        .flat_map(|(path, recording)| of_round(path, recording))
        .collect();
    reasons.extend(compared.iter().filter_map(few_rounds));
    let first = compared.iter().filter_map(|arm| arm.rounds.first());
    let firsts: Vec<&Recording> = first.map(|(_, recording)| *recording).collect();
    reasons.extend(differing("ways of observing", &firsts, |r| {
        r.observer.mode.name().into()
    }));
    let recordings: Vec<&Recording> = rounds.map(|(_, recording)| *recording).collect();
    reasons.extend(differing("kernels", &recordings, |r| r.host.kernel.clone()));
    reasons.extend(differing("hosts", &recordings, |r| {
        format!("{} × {}", r.host.cpus, r.host.cpu_model)
    }));
    reasons.extend(differing("CPU placements", &recordings, |r| {
        r.host.cpu_placement.clone()
    }));
    reasons.extend(differing("load scenarios", &recordings, |r| {
        r.load
            .as_ref()
            .map_or("none".into(), |load| load.scenario.clone())
    }));
    Validity {
        ok: reasons.is_empty(),
        reasons,
    }
}

fn of_round(path: &str, recording: &Recording) -> Vec<String> {
    let mut reasons = Vec::new();
    let failed = recording.checks.iter().filter(|check| !check.ok);
    reasons.extend(failed.map(|check| {
        let text = |value: f64| in_unit(value, &check.unit);
        format!(
            "{path}: check {} failed: expected {}, measured {} (allowed: {} more or less)",
            check.name,
            text(check.expected),
            text(check.measured),
            text(check.tolerance)
        )
    }));
    let handled: u64 = recording
        .observer
        .probe_groups
        .iter()
        .map(|group| group.hits)
        .sum();
    let lost = recording.observer.lost_events;
    if lost as f64 > Thresholds::default()[Limit::LostShare] * handled as f64 {
        reasons.push(format!(
            "{path}: {lost} events were lost, of {handled} handled"
        ));
    }
    if recording.is_partial() {
        reasons.push(format!(
            "{path}: the recording ended early ({:?})",
            recording.window.ended
        ));
    }
    if let Some(load) = &recording.load {
        if load.client.saturated {
            reasons.push(format!("{path}: the load generator was the bottleneck"));
        }
        let failed: u64 = load.requests.failed.values().sum();
        if failed > 0 {
            reasons.push(format!(
                "{path}: {failed} of {} requests failed",
                load.requests.started
            ));
        }
    }
    reasons
}

/// Formats a value of a check, whose unit may be one that metrics do not have.
fn in_unit(value: f64, unit: &str) -> String {
    match unit.parse::<Unit>() {
        Ok(known) => format::quantity(value, known),
        Err(_) => format!("{} {unit}", format::number(value)),
    }
}

fn few_rounds(arm: &Rounds<'_>) -> Option<String> {
    let (arm, rounds) = (arm.arm, arm.rounds.len());
    (rounds < 2).then(|| {
        format!("{arm} has one round only: there is no interval and no verdict; record at least 2 rounds, better 4")
    })
}

/// Returns a reason where recordings differ in something that must be the same.
fn differing(
    plural: &str,
    recordings: &[&Recording],
    of: fn(&Recording) -> String,
) -> Option<String> {
    let seen: BTreeSet<String> = recordings.iter().map(|recording| of(recording)).collect();
    let list: Vec<String> = seen.into_iter().collect();
    (list.len() > 1).then(|| format!("recordings of different {plural}: {}", list.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{compare, go_and_bun};
    use recording::{
        Ended,
        observer::{Check, Mode},
    };

    fn reasons(change: impl FnOnce(&mut Recording)) -> String {
        let mut recordings = go_and_bun(2);
        change(&mut recordings[3].1);
        compare(&recordings).validity.reasons.join("\n")
    }

    #[test]
    fn reports_nothing_against_a_sound_comparison() {
        assert_eq!(reasons(|_| ()), "");
    }

    #[test]
    fn names_each_fault_with_its_recording() {
        let check = Check::within("thread_time", "ns", 1e7, 2e7, 1e6);
        assert!(reasons(|r| r.checks.push(check)).contains(
            "bun/2: check thread_time failed: expected 10.0 ms, measured 20.0 ms (allowed: 1.00 ms"
        ));
        assert!(reasons(|r| r.observer.lost_events = 3).contains("3 events were lost"));
        assert!(reasons(|r| r.window.ended = Ended::TargetExited).contains("ended early"));
        let saturated = |r: &mut Recording| r.load.as_mut().expect("load").client.saturated = true;
        assert!(reasons(saturated).contains("bottleneck"));
        let fail = |r: &mut Recording| {
            let requests = &mut r.load.as_mut().expect("load").requests;
            requests.failed.insert("status 502".into(), 4);
        };
        assert!(reasons(fail).contains("4 of 200 requests failed"));
    }

    #[test]
    fn reports_different_hosts() {
        assert!(reasons(|r| r.host.kernel = "6.1".into()).contains("different kernels: 6.1; 6.18"));
        // The round without probes is not compared, but an arm that has no other is.
        let without = |r: &mut Recording| r.observer.mode = Mode::None;
        assert!(!reasons(without).contains("ways of observing"));
        let mut arms = go_and_bun(2);
        arms.iter_mut()
            .filter(|(path, _)| path.starts_with("bun"))
            .for_each(|(_, recording)| without(recording));
        let judged = compare(&arms).validity.reasons.join("\n");
        assert!(judged.contains("different ways of observing: all; none"));
        assert!(reasons(|r| r.host.cpus = 64).contains("different hosts"));
        assert!(reasons(|r| r.load = None).contains("different load scenarios"));
    }

    #[test]
    fn reports_a_single_round() {
        let reasons = compare(&go_and_bun(1)).validity.reasons;
        assert_eq!(reasons.len(), 2);
        assert!(reasons[0].starts_with("go has one round only"));
    }
}
