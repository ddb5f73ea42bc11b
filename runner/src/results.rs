//! Results of rounds in one line, for the display of progress.

use crate::round::Round;
use recording::LoadSummary;

/// Formats the result of a load; not every workload has tokens.
fn of_load(load: &LoadSummary) -> String {
    let held = match &load.max_sustained {
        Some(held) => format!("held {:.0} {}: ", held.load, held.unit),
        None => String::new(),
    };
    let tokens = match load.tokens {
        0 => String::new(),
        tokens => format!(", {tokens} tokens"),
    };
    format!("{held}{} requests{tokens}", load.requests.completed)
}

/// Formats the result of a finished round.
pub fn of_round(round: &Round) -> String {
    let recording = &round.recording;
    let seconds = recording.window.duration_ns as f64 / 1e9;
    let starts = &recording.starts;
    if !starts.is_empty() {
        let sum: u64 = starts.iter().map(|start| start.first_token_ns).sum();
        let mean = sum as f64 / starts.len() as f64 / 1e6;
        return format!("{} starts, first token after {mean:.1} ms", starts.len());
    }
    match (&recording.load, &recording.work) {
        (Some(load), _) => format!("{} in {seconds:.1} s", of_load(load)),
        (None, Some(work)) => format!("{} {}s in {seconds:.1} s", work.count, work.name),
        (None, None) => format!("recorded for {seconds:.1} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::load::{MaxSustained, Requests};

    #[test]
    fn omits_quantities_that_were_not_counted() {
        let requests = Requests {
            completed: 12,
            ..Requests::default()
        };
        let mut load = LoadSummary {
            requests,
            ..LoadSummary::default()
        };
        assert_eq!(of_load(&load), "12 requests");
        load.tokens = 600;
        load.max_sustained = Some(MaxSustained {
            load: 420.0,
            unit: "users".into(),
            ..MaxSustained::default()
        });
        assert_eq!(of_load(&load), "held 420 users: 12 requests, 600 tokens");
    }
}
