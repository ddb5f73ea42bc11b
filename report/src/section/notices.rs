//! Faults that a reader must know of before any number.

use super::checks::sentence;
use crate::Input;
use crate::arms::Arms;
use crate::clean::clean_sentence;
use crate::document::{Notice, Tone};
use recording::observer::Mode;
use recording::{Ended, Recording, format};

/// Returns the notices. An invalid comparison names failed checks, partial recordings and
/// saturation itself; one recording alone is no comparison.
pub fn notices(input: &Input, arms: &Arms) -> Vec<Notice> {
    let mut notices = Vec::new();
    let validity = &input.comparison.validity;
    let alone = arms.recordings().count() == 1;
    if alone || validity.reasons.is_empty() {
        notices.extend(of_recordings(arms));
    } else {
        let reasons = validity.reasons.iter();
        notices.extend(notice(
            Tone::Bad,
            "This comparison is not valid: do not rely on its numbers",
            reasons.map(|reason| clean_sentence(reason)).collect(),
        ));
    }
    let lost = arms
        .rounds()
        .filter(|(_, round)| round.observer.lost_events > 0);
    let lost = lost.map(|(place, round)| {
        let count = format::count(round.observer.lost_events);
        format!("{place}: {count} events")
    });
    notices.extend(notice(Tone::Warning, "Events were lost", lost.collect()));
    notices.extend(partly_observed(arms));
    notices.extend(instrumented(arms));
    notices
}

/// Warns that an instrumented round is shown: it must not be read as a measured one.
fn instrumented(arms: &Arms) -> Option<Notice> {
    let rounds = arms
        .rounds()
        .filter(|(_, round)| round.instrumented.is_some());
    let lines = rounds
        .map(|(place, _)| format!("{place}: the cost of instrumentation is in every number here"));
    notice(
        Tone::Warning,
        "Recorded with an instrumented runtime",
        lines.collect(),
    )
}

/// Warns of recordings without all probes: their zeros are not measured.
fn partly_observed(arms: &Arms) -> Option<Notice> {
    let partly = arms
        .rounds()
        .filter(|(_, round)| round.observer.mode != Mode::All);
    let lines = partly.map(|(place, round)| {
        let probes = round.observer.mode.name();
        format!("{place}: --probes {probes}; data of the other probes is missing or shown as 0")
    });
    notice(
        Tone::Warning,
        "Recorded without all probes",
        lines.collect(),
    )
}

fn of_recordings(arms: &Arms) -> Vec<Notice> {
    let failed = arms.rounds().flat_map(|(place, round)| {
        let failed = round.checks.iter().filter(|check| !check.ok);
        failed.map(move |check| format!("{place}: {}", sentence(check)))
    });
    let partial = arms.rounds().filter(|(_, round)| round.is_partial());
    let partial = partial.map(|(place, round)| format!("{place}: {}", ended(round)));
    let saturated = |round: &Recording| {
        let load = round.load.as_ref();
        load.is_some_and(|load| load.client.saturated)
    };
    let slow = arms.rounds().filter(|(_, round)| saturated(round));
    let notices = [
        notice(Tone::Bad, "Checks failed", failed.collect()),
        notice(
            Tone::Bad,
            "The load generator was the bottleneck",
            slow.map(|(place, _)| place).collect(),
        ),
        notice(Tone::Warning, "Recordings are partial", partial.collect()),
    ];
    notices.into_iter().flatten().collect()
}

fn notice(tone: Tone, title: &str, lines: Vec<String>) -> Option<Notice> {
    (!lines.is_empty()).then(|| Notice {
        tone,
        title: title.into(),
        lines,
    })
}

fn ended(round: &Recording) -> &'static str {
    match round.window.ended {
        Ended::Interrupted => "interrupted",
        Ended::TargetExited => "the target ended before the window did",
        Ended::Duration | Ended::Asked => "complete",
    }
}
