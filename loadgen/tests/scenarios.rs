//! Every scenario that comes with the program, squeezed to a moment: it runs, counts, and ends as it says.

#![expect(clippy::unwrap_used, reason = "tests panic rather than return errors")]

mod common;

use common::{loadgen, serve};
use recording::LoadSummary;

fn squeezed(scenario: &str, more: &[&str]) -> (Option<i32>, LoadSummary) {
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

/// Everything that was begun was answered rightly: nothing is cut, since it may take as long as it likes.
fn all_answered(summary: &LoadSummary) {
    let requests = &summary.requests;
    assert!(requests.completed > 0, "{requests:?}");
    assert_eq!(requests.started, requests.completed);
    assert!(requests.failed.is_empty() && requests.rejected.is_empty());
    assert_eq!(summary.ttft.count, requests.completed);
    assert_eq!(summary.ended_early, None);
}

#[test]
fn closed_loops_run() {
    for scenario in ["baseline", "quick", "stress", "soak", "spike", "hold"] {
        let (code, summary) = squeezed(scenario, &["--users", "4"]);
        assert!(matches!(code, Some(0 | 3)), "{scenario}: {code:?}");
        all_answered(&summary);
        assert_eq!(summary.client.requested_rate, 0.0, "{scenario}");
        assert!(summary.series.iter().all(|point| point.load <= 4.0));
    }
}

#[test]
fn the_open_loop_runs_at_its_rate() {
    let (code, summary) = squeezed("open", &["--rate", "50"]);
    assert!(matches!(code, Some(0 | 3)), "{code:?}");
    all_answered(&summary);
    // As many as were due: chance has the same seed in each run.
    let client = &summary.client;
    assert!((40.0..60.0).contains(&client.requested_rate), "{client:?}");
    assert!(client.achieved_rate <= client.requested_rate, "{client:?}");
}

#[test]
fn a_breakpoint_that_never_comes_is_told_as_such() {
    let never = ["--users", "4", "--threshold", "failed:rate<1%"];
    let (_, summary) = squeezed("breakpoint", &never);
    all_answered(&summary);
    let held = summary.held.unwrap();
    assert_eq!((held.unit.as_str(), held.crossed_at), ("users", None));
    assert!(summary.thresholds[0].ok);
}
