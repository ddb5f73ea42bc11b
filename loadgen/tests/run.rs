//! `loadgen run` from outside: results, rejections, exit codes.

#![expect(clippy::unwrap_used, reason = "tests panic rather than return errors")]

mod common;

use common::{loadgen, serve};
use recording::LoadSummary;

/// Ends after a number of requests, so that counts do not depend on the speed of the machine.
const EIGHT: [&str; 4] = ["--requests", "8", "--graceful-stop", "1h"];

/// Runs a load of two users against a behaviour of the test server.
fn load(path: &str, more: &[&str]) -> (Option<i32>, LoadSummary, String) {
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("load.json");
    let url = format!("{}{path}", serve());
    let mut arguments = vec!["run", "--users", "2", "--url", &url];
    arguments.extend(["--json", json.to_str().unwrap()]);
    arguments.extend(more);
    let output = loadgen(&arguments);
    let summary = recording::io::load(&json, recording::LOAD_SCHEMA).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into();
    (output.status.code(), summary, stderr)
}

fn accounts_for_every_request(summary: &LoadSummary) {
    let requests = &summary.requests;
    let failed: u64 = requests.failed.values().sum();
    assert_eq!(requests.started, requests.completed + failed + requests.cut);
}

#[test]
fn summarizes_a_good_server() {
    let (code, summary, _) = load("/good", &EIGHT);
    accounts_for_every_request(&summary);
    let completed = summary.requests.completed;
    // On a busy machine, the load generator may be late and mark the run invalid (exit code 3).
    assert!(matches!(code, Some(0 | 3)), "{code:?}");
    assert_eq!((completed, summary.requests.cut), (8, 0));
    assert_eq!(
        (summary.tokens, summary.chunks),
        (completed * 5, completed * 5)
    );
    assert_eq!(summary.ttft.count, completed);
    assert_eq!(summary.itl.count, completed * 4);
    assert!(
        summary.ttfb.p50_ns <= summary.ttft.p50_ns && summary.ttft.p50_ns <= summary.total.p50_ns
    );
    assert!(
        summary
            .checks
            .iter()
            .all(|check| check.failed == 0 && check.passed == completed)
    );
    assert_eq!(
        summary.series.iter().map(|point| point.tokens).sum::<u64>(),
        summary.tokens
    );
}

#[test]
fn counts_bytes_on_the_socket() {
    let (_, summary, _) = load("/echo", &[&EIGHT[..], &["--body", "12345"]].concat());
    let answer = "HTTP/1.1 200 OK\r\ncontent-length: 44\r\n\r\ndata: {\"content\":\"a\",\"b\":5}\n\ndata: [DONE]\n\n";
    assert_eq!(
        summary.bytes_received,
        summary.requests.completed * answer.len() as u64
    );
}

#[test]
fn names_rejected_answers_and_excludes_them() {
    for (path, reason) in [
        ("/502", "status 502"),
        ("/nodone", "no [DONE]"),
        ("/empty", "no content token"),
        ("/error", "error event"),
    ] {
        let (code, summary, stderr) = load(path, &EIGHT);
        accounts_for_every_request(&summary);
        assert_eq!(code, Some(1), "{path}");
        assert!(
            summary.requests.rejected[reason] > 0,
            "{path}: {:?}",
            summary.requests
        );
        assert_eq!((summary.ttft.count, summary.total.count), (0, 0));
        assert!(stderr.contains(reason), "{stderr}");
    }
}

#[test]
fn names_failures() {
    for (path, reason) in [
        ("/close", "closed before the answer"),
        ("/midstream", "closed in mid-stream"),
        ("/garbage", "malformed HTTP answer"),
    ] {
        let (code, summary, _) = load(path, &EIGHT);
        accounts_for_every_request(&summary);
        assert_eq!(code, Some(1), "{path}");
        assert!(
            summary.requests.failed.contains_key(reason),
            "{path}: {:?}",
            summary.requests
        );
    }
}

#[test]
fn fails_a_stalled_stream() {
    let (code, summary, _) = load("/stall", &[&EIGHT[..], &["--timeout", "50ms"]].concat());
    accounts_for_every_request(&summary);
    assert_eq!((code, summary.requests.failed["timeout"]), (Some(1), 8));
    let more = ["--duration", "1s", "--graceful-stop", "100ms"];
    let (code, summary, _) = load("/stall", &more);
    let requests = &summary.requests;
    let stalled = requests.failed["stream stalled before the end"];
    assert_eq!((code, summary.ttft.count), (Some(1), 0));
    assert_eq!(stalled + requests.cut, requests.started);
    assert!(stalled > 0 && requests.completed == 0);
}

#[test]
fn begins_due_requests_in_an_open_loop() {
    let dir = tempfile::tempdir().unwrap();
    let scenario = dir.path().join("even.toml");
    let text = "arrivals = 'even'\n[[stages]]\nduration = '1h'\nrate = 100.0";
    std::fs::write(&scenario, text).unwrap();
    let json = dir.path().join("load.json");
    let url = format!("{}/good", serve());
    let mut arguments = vec![
        "run",
        "--scenario",
        scenario.to_str().unwrap(),
        "--url",
        &url,
    ];
    arguments.extend(["--json", json.to_str().unwrap()]);
    arguments.extend(EIGHT);
    let output = loadgen(&arguments);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
    let summary: LoadSummary = recording::io::load(&json, recording::LOAD_SCHEMA).unwrap();
    accounts_for_every_request(&summary);
    assert_eq!(
        (summary.scenario.as_str(), summary.requests.completed),
        ("even", 8)
    );
    // Seven gaps of 10 ms lie between eight requests; they can begin later, never sooner.
    assert!(summary.duration_ns >= 70_000_000, "{}", summary.duration_ns);
    assert!(summary.total.min_ns > 0);
}

#[test]
fn reports_a_crossed_threshold() {
    let thresholds = [
        "--threshold",
        "ttft:p(95)<1us",
        "--threshold",
        "tokens:count>39",
    ];
    let (code, summary, _) = load("/good", &[&EIGHT[..], &thresholds].concat());
    let held: Vec<bool> = summary
        .thresholds
        .iter()
        .map(|threshold| threshold.ok)
        .collect();
    assert_eq!(held, [false, true]);
    let expected = if summary.client.saturated { 3 } else { 99 };
    assert_eq!(code, Some(expected));
}

#[test]
fn ends_the_run_at_a_crossed_threshold() {
    let more = [
        "--duration",
        "1h",
        "--threshold",
        "ttft:max<1us",
        "--stop-when-crossed",
    ];
    let (code, summary, _) = load("/good", &more);
    let held = summary.max_sustained.unwrap();
    assert_eq!(
        (held.load, held.unit.as_str(), held.crossed_at),
        (0.0, "users", Some(2.0))
    );
    assert_eq!(summary.ended_early.unwrap(), "ttft:max<1us no longer held");
    assert!(matches!(code, Some(3 | 99)), "{code:?}");
}

#[test]
fn ends_early_without_a_server() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{port}/chat");
    let output = loadgen(&["run", "--url", &url, "--duration", "1h"]);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr.contains("connection refused") && stderr.contains(&url),
        "{stderr}"
    );
}

#[test]
fn rejects_wrong_usage() {
    let url = "http://127.0.0.1:1/";
    for arguments in [
        &["run"][..],
        &["run", "--url", "nonsense"],
        &["run", "--url", url, "--users", "0"],
        &["run", "--url", url, "--requests", "0"],
        &["run", "--url", url, "--duration", "soon"],
        &["run", "--url", url, "--duration", "0s"],
        &["run", "--url", url, "--scenario", "no-such"],
        &["run", "--url", url, "--header", "nonsense"],
        &["run", "--url", url, "--threshold", "nonsense"],
        &["run", "--url", url, "--users", "2", "--rate", "2"],
        &[
            "run",
            "--url",
            url,
            "--json",
            "/no/such/directory/load.json",
        ],
        &["run", "--url", url, "--html", "/"],
        &["run", "--url", url, "--body", "@/no/such/file"],
        &["run", "--url", url, "--timeout", "0s"],
    ] {
        let output = loadgen(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
}

#[test]
fn writes_the_result_after_an_interrupt() {
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("load.json");
    let url = format!("{}/good", serve());
    let arguments = [
        "run",
        "--url",
        &url,
        "--duration",
        "1h",
        "--graceful-stop",
        "1h",
        "--json",
        json.to_str().unwrap(),
    ];
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_loadgen"))
        .args(arguments)
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    // The first line of progress shows that the load has begun.
    let mut line = String::new();
    let mut stderr = std::io::BufReader::new(child.stderr.take().unwrap());
    std::io::BufRead::read_line(&mut stderr, &mut line).unwrap();
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGINT).unwrap();
    assert!(matches!(child.wait().unwrap().code(), Some(0 | 3)));
    let summary: LoadSummary = recording::io::load(&json, recording::LOAD_SCHEMA).unwrap();
    accounts_for_every_request(&summary);
    assert_eq!(summary.ended_early.as_deref(), Some("interrupted"));
    assert!(summary.requests.completed > 0);
}
