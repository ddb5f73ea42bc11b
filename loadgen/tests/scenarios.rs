//! Every built-in scenario, scaled to about a second.

#![expect(clippy::unwrap_used, reason = "tests panic rather than return errors")]

mod common;

use common::{loadgen, serve};
use recording::LoadSummary;

fn shortened(scenario: &str, more: &[&str]) -> (Option<i32>, LoadSummary) {
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("load.json");
    let url = format!("{}/good", serve());
    let mut arguments = vec!["run", "--scenario", scenario, "--url", &url];
    arguments.extend(["--duration", "1200ms", "--graceful-stop", "1h"]);
    arguments.extend(["--json", json.to_str().unwrap()]);
    arguments.extend(more);
    let output = loadgen(&arguments);
    let summary = recording::io::load(&json, recording::LOAD_SCHEMA);
    let summary: LoadSummary = summary.unwrap_or_else(|error| panic!("{error}: {output:?}"));
    assert_eq!(summary.scenario, scenario);
    (output.status.code(), summary)
}

/// Asserts that every request was answered and passed its checks. No stream is cut, since the
/// graceful stop is an hour.
fn all_answered(summary: &LoadSummary) {
    let requests = &summary.requests;
    assert!(requests.completed > 0, "{requests:?}");
    assert_eq!(requests.started, requests.completed);
    assert!(requests.failed.is_empty() && requests.rejected.is_empty());
    assert_eq!(summary.ttft.count, requests.completed);
    assert_eq!(summary.ended_early, None);
}

#[test]
fn runs_closed_loops() {
    for scenario in ["baseline", "quick", "stress", "soak", "spike", "hold"] {
        let (code, summary) = shortened(scenario, &["--users", "4"]);
        assert!(matches!(code, Some(0 | 3)), "{scenario}: {code:?}");
        all_answered(&summary);
        assert_eq!(summary.client.requested_rate, 0.0, "{scenario}");
        assert!(summary.series.iter().all(|point| point.load <= 4.0));
    }
}

#[test]
fn runs_the_open_loop_at_its_rate() {
    let (code, summary) = shortened("open", &["--rate", "50"]);
    assert!(matches!(code, Some(0 | 3)), "{code:?}");
    all_answered(&summary);
    // The seed is the same in every run.
    let client = &summary.client;
    assert!((40.0..60.0).contains(&client.requested_rate), "{client:?}");
    assert!(client.achieved_rate <= client.requested_rate, "{client:?}");
}

#[test]
fn reports_a_breakpoint_that_is_never_reached() {
    let never = ["--users", "4", "--threshold", "failed:rate<1%"];
    let (_, summary) = shortened("breakpoint", &never);
    all_answered(&summary);
    let held = summary.max_sustained.unwrap();
    assert_eq!((held.unit.as_str(), held.crossed_at), ("users", None));
    assert!(summary.thresholds[0].ok);
}
