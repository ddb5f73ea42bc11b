//! Rounds in which a runtime helped: which functions its user time went to, what it did, and what the help cost.
//!
//! Nothing here is held against anything: with help, a runtime does more than it would without.

use crate::{
    ledger::sampling::{Z, variance},
    metrics,
    runtime::code,
};
use recording::{
    Recording,
    comparison::{DetailEvent, DetailFunction, DetailRound, Estimate, Metric},
    process::CodeSamples,
};
use std::collections::BTreeMap;

/// Functions kept of each round.
const FUNCTIONS: usize = 25;
/// What the help's cost is told by.
const CPU: &str = "cpu_ns_per_token";

/// Every detail round, in the order given; `measured` is what the other rounds came to.
pub fn measure(recordings: &[(String, Recording)], measured: &[Metric]) -> Vec<DetailRound> {
    let rounds = recordings.iter();
    rounds
        .filter_map(|(path, recording)| of_round(path, recording, measured))
        .collect()
}

fn of_round(path: &str, recording: &Recording, measured: &[Metric]) -> Option<DetailRound> {
    let detail = recording.detail.as_ref()?;
    let tokens = recording.tokens();
    let per_token = |count: u64| (tokens > 0).then(|| count as f64 / tokens as f64);
    let events = detail.events.iter().map(|event| DetailEvent {
        what: event.what.clone(),
        count: event.count,
        per_token: per_token(event.count),
    });
    let sample = metrics::by_name(CPU).and_then(|metric| metric.sample(recording));
    Some(DetailRound {
        arm: recording.target.arm.clone(),
        compiled: detail.compiled.clone(),
        cpu_ns_per_token: sample.map(|sample| sample.amount / sample.over),
        measured_cpu_ns_per_token: of_arm(measured, &recording.target.arm),
        samples: recording.code.iter().map(|found| found.samples).sum(),
        functions: functions(recording),
        events: events.collect(),
        notes: notes(recording),
        evidence: evidence(path, recording),
    })
}

fn evidence(path: &str, recording: &Recording) -> Vec<String> {
    let mut parts = vec!["process/on_cpu_ns", "detail"];
    parts.extend((!recording.code.is_empty()).then_some("code"));
    let parts = parts.iter();
    parts.map(|part| format!("{path}#/{part}")).collect()
}

fn of_arm(measured: &[Metric], arm: &str) -> Option<Estimate> {
    let metric = measured.iter().find(|metric| metric.name == CPU)?;
    metric.arms.get(arm).copied()
}

/// What could not be had, and what speaks against this round alone.
fn notes(recording: &Recording) -> Vec<String> {
    let mut notes = recording
        .detail
        .as_ref()
        .map_or_else(Vec::new, |detail| detail.notes.clone());
    let failed = recording.checks.iter().filter(|check| !check.ok);
    notes.extend(failed.map(|check| format!("check {} failed in this round", check.name)));
    if recording.is_partial() {
        notes.push("this round ended early".into());
    }
    notes
}

/// Time and samples of the threads of one role.
#[derive(Default)]
struct Role {
    user_ns: u64,
    samples: u64,
}

/// What is known of one function, all roles together.
#[derive(Default)]
struct Found {
    ns: f64,
    variance: f64,
    samples: u64,
}

/// Functions by their share of user time. As in the ledger, each role's time is measured, and is shared out by the samples
/// that found its threads.
fn functions(recording: &Recording) -> Vec<DetailFunction> {
    let roles = roles(recording);
    let user_ns: u64 = roles.values().map(|role| role.user_ns).sum();
    let mut found: BTreeMap<[&str; 3], Found> = BTreeMap::new();
    for samples in &recording.code {
        let Some(role) = roles.get(samples.role.as_str()) else {
            continue;
        };
        let kind = code::doing(&recording.target.runtime, samples);
        let entry = found
            .entry([&samples.function, place(samples), kind])
            .or_default();
        entry.ns += role.user_ns as f64 * samples.samples as f64 / role.samples as f64;
        entry.variance += variance(role.user_ns, samples.samples, role.samples);
        entry.samples += samples.samples;
    }
    let whole = user_ns.max(1) as f64;
    let function = |([name, place, kind], found): ([&str; 3], Found)| DetailFunction {
        name: name.into(),
        place: place.into(),
        kind: kind.into(),
        share: found.ns / whole,
        error: Z * found.variance.sqrt() / whole,
        samples: found.samples,
    };
    let mut functions: Vec<_> = found.into_iter().map(function).collect();
    functions.sort_by(|one, other| other.share.total_cmp(&one.share));
    functions.truncate(FUNCTIONS);
    functions
}

fn place(samples: &CodeSamples) -> &str {
    match samples.file.as_str() {
        "" => &samples.class,
        file => file,
    }
}

/// Samples that were counted but have no place belong to a role as much as those that have one.
fn roles(recording: &Recording) -> BTreeMap<&str, Role> {
    let mut roles: BTreeMap<&str, Role> = BTreeMap::new();
    for thread in &recording.threads {
        let role = roles.entry(&thread.role).or_default();
        role.user_ns += thread.user_ns;
        role.samples += thread.samples.user;
    }
    let mut placed: BTreeMap<&str, u64> = BTreeMap::new();
    for samples in &recording.code {
        *placed.entry(&samples.role).or_default() += samples.samples;
    }
    for (name, placed) in placed {
        if let Some(role) = roles.get_mut(name) {
            role.samples = role.samples.max(placed);
        }
    }
    roles
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        evidence,
        testing::{Build, MAIN, go_and_bun},
    };
    use recording::{Detail, Ended, detail::RuntimeEvent, observer::Check};

    fn code(role: &str, function: &str, samples: u64) -> CodeSamples {
        CodeSamples {
            role: role.into(),
            function: function.into(),
            class: "jit code".into(),
            samples,
            ..CodeSamples::default()
        }
    }

    fn detail_of(arm: &str) -> (String, Recording) {
        let build = Build::arm(arm)
            .thread(1, MAIN, |thread| thread.user(900, 4))
            .thread(2, "pool", |thread| thread.user(100, 1))
            .load(50, 5)
            .with(|recording| {
                recording.threads[0].samples.user = 10;
                recording.threads[1].samples.user = 2;
                recording.code = vec![
                    code(MAIN, "answer", 6),
                    code(MAIN, "parse", 2),
                    code("pool", "parse", 2),
                    code("ended thread", "parse", 9),
                ];
                recording.detail = Some(Detail {
                    events: vec![RuntimeEvent {
                        what: "goroutines made".into(),
                        count: 100,
                    }],
                    ..Detail::default()
                });
            });
        (format!("{arm}/1-detail"), build.done())
    }

    #[test]
    fn functions_have_their_share_of_the_time_of_their_threads() {
        let rounds = measure(&[detail_of("bun")], &[]);
        let told: Vec<_> = rounds[0]
            .functions
            .iter()
            .map(|function| (function.name.as_str(), function.samples, function.share))
            .collect();
        // Of the main loop's 900 ns, 6 and 2 of 10 samples; all that was seen of the pool's 100 ns.
        assert_eq!(told, [("answer", 6, 0.54), ("parse", 4, 0.28)]);
        assert!(
            rounds[0].functions[0].error > 0.2,
            "ten samples tell little"
        );
        assert_eq!(rounds[0].events[0].per_token, Some(2.0));
    }

    #[test]
    fn a_detail_round_is_in_no_number_but_its_own() {
        let plain = go_and_bun(2);
        let mut with = plain.clone();
        let (path, mut recording) = detail_of("bun");
        recording.window.ended = Ended::Interrupted;
        recording.observer.lost_events = 1_000_000;
        recording.host.kernel = "another".into();
        recording.checks = vec![Check::within("thread_time", "ns", 1.0, 9.0, 0.0)];
        with.push((path, recording));
        let mut comparison = crate::compare(&with);
        let detail = std::mem::take(&mut comparison.detail);
        assert_eq!(comparison, crate::compare(&plain));
        assert_eq!(detail.len(), 1);
        assert_eq!(detail[0].notes.len(), 2, "{:?}", detail[0].notes);
        let measured = &comparison.metrics.iter().find(|metric| metric.name == CPU);
        assert_eq!(
            detail[0].measured_cpu_ns_per_token,
            measured.map(|metric| metric.arms["bun"])
        );
        assert_eq!(detail[0].cpu_ns_per_token, Some(1_000.0 / 50.0));
        let library = evidence::Library::new(&comparison, &with);
        for place in &detail[0].evidence {
            assert!(library.resolve(place).is_ok(), "{place}");
        }
    }
}
