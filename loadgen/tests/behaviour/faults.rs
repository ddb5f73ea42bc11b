//! Servers that freeze, stall or throttle, and a host without descriptors.

use crate::scripted::{GOOD, event_stream, load, send, serve_always as serve, serve_with, whole};
use recording::LoadSummary;
use std::collections::HashMap;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

#[test]
fn fails_a_run_whose_server_froze() {
    let url = serve_with(|number, _, out| {
        if number >= 20 {
            thread::sleep(Duration::from_secs(60));
        }
        send(out, &event_stream(GOOD))
    });
    let run = load(
        &url,
        &[
            "--users",
            "2",
            "--duration",
            "1500ms",
            "--graceful-stop",
            "1500ms",
            "--threshold",
            "ttft:p(99)<3600s",
            "--threshold",
            "failed:rate<1%",
        ],
    );
    let requests = &run.summary.requests;
    assert_eq!(requests.failed["no first byte before the end"], 2);
    assert_eq!((requests.completed, requests.cut), (20, 0));
    assert!(!run.summary.thresholds[1].ok);
    assert!(run.summary.unresponsive_ns.is_some());
    let expected = if run.summary.client.saturated { 3 } else { 1 };
    assert_eq!(run.code, Some(expected));
    assert!(
        run.stderr.contains("stopped answering") || expected == 3,
        "{}",
        run.stderr
    );
}

#[test]
fn goes_on_while_first_answers_are_still_streaming() {
    let url = serve_with(|number, _, out| {
        if number >= 4 {
            return send(out, &whole("500 Internal Server Error", "no"));
        }
        let head = event_stream(GOOD);
        let (first, rest) = head.split_at(head.len() - GOOD.len() + 24);
        send(out, first)?;
        thread::sleep(Duration::from_millis(1_500));
        send(out, rest)
    });
    let run = load(
        &url,
        &[
            "--users",
            "8",
            "--duration",
            "1800ms",
            "--graceful-stop",
            "1h",
        ],
    );
    assert_eq!(run.summary.ended_early, None);
    assert_eq!(run.summary.ttft.count, 4);
    assert!(run.summary.requests.rejected["status 500"] > 20);
}

#[test]
fn waits_as_long_as_retry_after_asks() {
    for status in ["429 Too Many Requests", "503 Service Unavailable"] {
        let head = format!("HTTP/1.1 {status}\r\nretry-after: 3600\r\ncontent-length: 4\r\n\r\n");
        let url = serve(format!("{head}slow"));
        let run = load(&url, &["--users", "3", "--duration", "1500ms"]);
        assert_eq!(run.summary.requests.started, 3, "{status}");
        let reason = format!("status {}", &status[..3]);
        assert_eq!(run.summary.error_bodies[&reason], "slow");
    }
}

#[test]
fn backs_off_without_retry_after() {
    let url = serve(whole("429 Too Many Requests", ""));
    let run = load(&url, &["--users", "1", "--duration", "1s"]);
    // 100, 200, 400 and 800 ms apart at least.
    assert!(
        (1..=4).contains(&run.summary.requests.started),
        "{:?}",
        run.summary.requests
    );
}

#[test]
fn keeps_the_rate_of_an_open_loop_when_throttled() {
    let url = serve("HTTP/1.1 429 Slow\r\nretry-after: 3600\r\ncontent-length: 0\r\n\r\n".into());
    let run = load(
        &url,
        &["--rate", "200", "--requests", "40", "--duration", "1h"],
    );
    assert_eq!(run.summary.requests.rejected["status 429"], 40);
}

#[test]
fn fails_a_request_that_takes_longer_than_the_timeout_in_every_mode() {
    let url = serve_with(|_, _, out| {
        send(out, "HTTP/1.1 200 OK\r\n")?;
        thread::sleep(Duration::from_secs(60));
        None
    });
    for mode in [["--users", "2"], ["--rate", "100"]] {
        let more = [
            "--requests",
            "4",
            "--duration",
            "1h",
            "--timeout",
            "100ms",
            "--graceful-stop",
            "1h",
        ];
        let run = load(&url, &[&mode[..], &more].concat());
        assert_eq!(run.summary.requests.failed["timeout"], 4, "{mode:?}");
    }
}

#[test]
fn marks_a_run_without_descriptors_as_invalid() {
    let url = serve_with(|_, _, out| {
        send(out, "HTTP/1.1 200 OK\r\n")?;
        thread::sleep(Duration::from_secs(60));
        None
    });
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("load.json");
    let script = format!(
        "ulimit -n 40; exec {} run --url {url} --rate 200 --threads 1 --duration 1s --graceful-stop 100ms --json {}",
        env!("CARGO_BIN_EXE_loadgen"),
        json.display()
    );
    let output = Command::new("sh").args(["-c", &script]).output().unwrap();
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let summary: LoadSummary = recording::io::load(&json, recording::LOAD_SCHEMA).unwrap();
    assert!(summary.requests.failed["out of file descriptors"] > 0);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(text.matches("ulimit -n").count(), 1, "{text}");
}

#[test]
fn loses_no_request_to_a_server_that_closes_connections_without_notice() {
    for answers_per_connection in [1, 3] {
        let answered = Arc::new(Mutex::new(HashMap::new()));
        let url = serve_with(move |_, _, out| {
            send(out, &event_stream(GOOD))?;
            let mut answered = answered.lock().unwrap();
            let count = answered.entry(out.peer_addr().ok()?).or_insert(0);
            *count += 1;
            (*count < answers_per_connection).then_some(())
        });
        let run = load(&url, &["--users", "4", "--requests", "300"]);
        assert_eq!(
            run.summary.requests.completed, 300,
            "{:?}",
            run.summary.requests
        );
    }
}

#[test]
fn reports_a_server_that_takes_requests_and_never_answers() {
    let url = serve_with(|_, _, _| None);
    let run = load(&url, &["--users", "2", "--requests", "6"]);
    let requests = &run.summary.requests;
    assert_eq!(requests.failed.values().sum::<u64>(), 6, "{requests:?}");
    assert_eq!(requests.resent, 0);
}
