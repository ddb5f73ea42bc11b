//! The end of a recording: reasons why it is partial or invalid.

use super::Record;
use crate::outcome::Outcome;
use recording::{Ended, Recording};

impl Record {
    /// Reports on standard error what makes the recording partial or invalid.
    pub(super) fn conclude(&self, recording: &Recording) -> Outcome {
        // A command that was started for the recording ends it; nothing is missing then.
        let to_its_end = !self.command.is_empty() && recording.window.ended == Ended::TargetExited;
        if recording.is_partial() && !to_its_end {
            eprintln!("kontrast: partial: {}", why_partial(recording.window.ended));
        }
        for group in &recording.observer.probe_groups {
            if !group.fallback_reason.is_empty() {
                eprintln!(
                    "kontrast: {} served by {}, since {}",
                    group.group, group.source, group.fallback_reason
                );
            }
        }
        let mut outcome = Outcome::Done;
        for check in recording.checks.iter().filter(|check| !check.ok) {
            eprintln!(
                "kontrast: check {} failed: expected {} {}, measured {} (tolerance {}) {}",
                check.name, check.expected, check.unit, check.measured, check.tolerance, check.note
            );
            outcome = Outcome::Invalid;
        }
        outcome
    }
}

fn why_partial(ended: Ended) -> &'static str {
    match ended {
        Ended::Interrupted => "the recording was interrupted; data until then is written",
        Ended::TargetExited => "the target ended first; data until then is written",
        Ended::Duration | Ended::Asked => "",
    }
}
