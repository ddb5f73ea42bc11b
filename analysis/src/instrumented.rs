//! Instrumented rounds: the functions that user time went to, events of the runtime, and the cost
//! of instrumentation.
//!
//! No number of these rounds enters a comparison, because an instrumented runtime does more than it
//! would otherwise.

mod goroutine_waits;

use crate::{functions, metrics};
use recording::comparison::{Estimate, InstrumentedEvent, InstrumentedRound, Metric};
use recording::evidence::{Field, Part};
use recording::instrumented::{ALLOCATED_BYTES, COLLECTIONS, RuntimeEvent};
use recording::vocabulary::{MetricId, Per};
use recording::{Evidence, Recording};

/// Metric that shows the cost of instrumentation.
const CPU: MetricId = MetricId::CpuNsPerToken;

/// Describes every instrumented round, in the order given; `measured` has the metrics of the other
/// rounds.
pub fn measure(recordings: &[(String, Recording)], measured: &[Metric]) -> Vec<InstrumentedRound> {
    let rounds = recordings.iter();
    rounds
        .filter_map(|(path, recording)| of_round(path, recording, measured))
        .collect()
}

fn of_round(path: &str, recording: &Recording, measured: &[Metric]) -> Option<InstrumentedRound> {
    let instrumented = recording.instrumented.as_ref()?;
    let tokens = recording.tokens();
    let per_token = |count: u64| (tokens > 0).then(|| count as f64 / tokens as f64);
    let collections = instrumented.events.iter();
    let collections = collections.filter(|event| event.name == COLLECTIONS && event.count > 0);
    let collections = collections.map(|event| event.count).next();
    let per_collection = |event: &RuntimeEvent| {
        let bytes = (event.name == ALLOCATED_BYTES).then_some(event.count as f64);
        Some(bytes? / collections? as f64)
    };
    let events = instrumented.events.iter().map(|event| InstrumentedEvent {
        name: event.name.clone(),
        count: event.count,
        per_token: per_token(event.count),
        per_collection: per_collection(event),
    });
    let sample = metrics::of(CPU).sample(recording, Per::Token);
    let functions = functions::Functions::of(std::iter::once(recording));
    Some(InstrumentedRound {
        arm: recording.target.arm.clone(),
        compiled: instrumented.compiled.clone(),
        cpu_ns_per_token: sample.map(|sample| sample.amount / sample.over),
        measured_cpu_ns_per_token: of_arm(measured, &recording.target.arm),
        samples: functions.samples,
        functions: functions.shares(functions::OF_ROUND),
        events: events.collect(),
        goroutine_waits: goroutine_waits::of_round(recording, &instrumented.goroutine_waits),
        notes: notes(recording),
        evidence: vec![
            Evidence::part(path, Part::Process).field(Field::OnCpuNs),
            Evidence::part(path, Part::Instrumented),
        ],
    })
}

fn of_arm(measured: &[Metric], arm: &str) -> Option<Estimate> {
    let metric = measured.iter().find(|metric| metric.name == CPU)?;
    metric.arms.get(arm).copied()
}

/// Lists missing data, and reasons against this round alone.
fn notes(recording: &Recording) -> Vec<String> {
    let instrumented = recording.instrumented.as_ref();
    let mut notes = instrumented.map_or_else(Vec::new, |data| data.notes.clone());
    let failed = recording.checks.iter().filter(|check| !check.ok);
    notes.extend(failed.map(|check| format!("check {} failed in this round", check.name)));
    if recording.is_partial() {
        notes.push("this round ended early".into());
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence;
    use crate::testing::{compare, go_and_bun};
    use recording::observer::Check;
    use recording::testing::{Build, MAIN};
    use recording::{Ended, Instrumented};

    fn instrumented(arm: &str) -> (String, Recording) {
        let build = Build::arm(arm)
            .thread(1, MAIN, |thread| thread.user(1_000, 4))
            .code("answer", 6)
            .load(50, 5)
            .with(|recording| {
                recording.instrumented = Some(Instrumented {
                    events: [
                        ("goroutines created", 100),
                        (ALLOCATED_BYTES, 900),
                        (COLLECTIONS, 3),
                    ]
                    .map(|(name, count)| RuntimeEvent {
                        name: name.into(),
                        count,
                    })
                    .into(),
                    ..Instrumented::default()
                });
            });
        (format!("{arm}/1-instrumented"), build.done())
    }

    #[test]
    fn keeps_instrumented_rounds_out_of_all_other_numbers() {
        let plain = go_and_bun(2);
        let mut with = plain.clone();
        let (path, mut recording) = instrumented("bun");
        recording.window.ended = Ended::Interrupted;
        recording.observer.lost_events = 1_000_000;
        recording.host.kernel = "another".into();
        recording.checks = vec![Check::within("thread_time", "ns", 1.0, 9.0, 0.0)];
        with.push((path, recording));
        let mut comparison = compare(&with);
        let rounds = std::mem::take(&mut comparison.instrumented);
        assert_eq!(comparison, compare(&plain));
        let [round] = &rounds[..] else {
            panic!("one round")
        };
        assert_eq!(round.notes.len(), 2, "{:?}", round.notes);
        assert_eq!(round.events[0].per_token, Some(2.0));
        let per_collection = [0, 1, 2].map(|at| round.events[at].per_collection);
        assert_eq!(per_collection, [None, Some(300.0), None]);
        let measured = &comparison.metrics.iter().find(|metric| metric.name == CPU);
        assert_eq!(
            round.measured_cpu_ns_per_token,
            measured.map(|metric| metric.arms["bun"])
        );
        assert_eq!(round.cpu_ns_per_token, Some(1_000.0 / 50.0));
        let library = evidence::Library::new(&comparison, &with);
        for place in &round.evidence {
            assert!(library.resolve(place).is_ok(), "{place}");
        }
    }
}
