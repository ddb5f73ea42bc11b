//! Faults that a reader must know of before any number.

use super::checks::sentence;
use super::observer::skipped_probes;
use crate::Input;
use crate::arms::Arms;
use crate::clean::clean_sentence;
use crate::document::{Notice, Tone};
use recording::host::CpuChange;
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
    notices.extend(probes_skipped(arms));
    notices.extend(changed_cpus(arms));
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

/// Warns of runs of probes that the kernel skipped.
fn probes_skipped(arms: &Arms) -> Option<Notice> {
    let rounds = arms.rounds().filter_map(|(place, round)| {
        let skipped = skipped_probes(round)?;
        Some(format!("{place}: {skipped}"))
    });
    notice(
        Tone::Warning,
        "The kernel skipped probes, since they ran on the same CPU already: as many events may be \
         missing",
        rounds.collect(),
    )
}

/// Warns of CPUs that went offline or came online: functions of code that ran there are less exact.
fn changed_cpus(arms: &Arms) -> Option<Notice> {
    let changed = arms
        .rounds()
        .filter(|(_, round)| !round.host.cpu_changes.is_empty());
    let lines = changed.map(|(place, round)| {
        let changes = &round.host.cpu_changes;
        let shown = changes.iter().take(MOST_CHANGES_SHOWN).map(change);
        let mut shown: Vec<String> = shown.collect();
        let more = changes.len() - shown.len();
        if more > 0 {
            shown.push(format!("{more} more"));
        }
        format!("{place}: {}", shown.join(", "))
    });
    notice(
        Tone::Warning,
        "CPUs went offline or came online: up to a second of samples is missing on each that came",
        lines.collect(),
    )
}

/// Changes of CPUs that a notice lists.
const MOST_CHANGES_SHOWN: usize = 8;

fn change(change: &CpuChange) -> String {
    let state = match (change.online, change.sampled) {
        (false, _) => "offline",
        (true, true) => "online",
        (true, false) => "online and not sampled",
    };
    let time = format::duration(change.t_ns);
    format!("CPU {} {state} after {time}", change.cpu)
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

#[cfg(test)]
mod tests {
    use super::*;
    use recording::testing::three_arms;

    #[test]
    fn names_probes_that_the_kernel_skipped() {
        let mut recordings = three_arms();
        recordings[0].1.observer.probe_groups[0].skipped = 1_234;
        let comparison = Default::default();
        let input = Input {
            comparison: &comparison,
            recordings: &recordings,
        };
        let notices = notices(&input, &Arms::of(&input));
        let found = notices
            .iter()
            .find(|notice| notice.title.contains("skipped"));
        let label = recordings[0].1.observer.probe_groups[0].group.label();
        let lines = &found.expect("a notice").lines;
        assert_eq!(lines.len(), 1, "{lines:?}");
        let end = format!("1,234 of {label}");
        assert!(lines[0].ends_with(&end), "{lines:?}");
    }

    #[test]
    fn lists_cpus_that_went_and_came() {
        let mut recordings = three_arms();
        let change = |cpu, online, sampled| CpuChange {
            t_ns: 2_000_000_000,
            cpu,
            online,
            sampled,
        };
        let changes = [change(1, false, false), change(1, true, true)];
        let many = (2..10).map(|cpu| change(cpu, true, false));
        recordings[0].1.host.cpu_changes = changes.into_iter().chain(many).collect();
        let comparison = Default::default();
        let input = Input {
            comparison: &comparison,
            recordings: &recordings,
        };
        let notices = notices(&input, &Arms::of(&input));
        let lines = notices.iter().flat_map(|notice| &notice.lines);
        let found: Vec<&String> = lines.filter(|line| line.contains("CPU 1")).collect();
        let begin =
            "CPU 1 offline after 2.00 s, CPU 1 online after 2.00 s, CPU 2 online and not sampled";
        assert!(found.len() == 1 && found[0].contains(begin), "{found:?}");
        assert!(found[0].ends_with("2 more"), "{found:?}");
    }
}
