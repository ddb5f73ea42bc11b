//! Signals, and terminals and files that take no text.

use crate::scripted::{GOOD, event_stream, loadgen, send, serve_always as serve, serve_with};
use recording::LoadSummary;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

/// Runs `loadgen` by a shell, which evaluates `before` and redirects as in `after`. Hanging up has
/// its default effect, also where these tests run under `nohup`, which a shell cannot undo.
fn shell(before: &str, arguments: &[&str], after: &str) -> Command {
    let mut command = Command::new("env");
    command.arg("--default-signal=HUP");
    let script = format!("{before} exec \"$0\" \"$@\" {after}");
    command.args(["sh", "-c", &script, env!("CARGO_BIN_EXE_loadgen")]);
    command.args(arguments);
    command
}

/// Starts a server whose first answer waits until the receiver's sender sends. The second receiver
/// gets a message when the first request arrives.
fn waiting_server(wait: Receiver<()>) -> (String, Receiver<()>) {
    let (arrived, arrives) = channel();
    let both = Arc::new(Mutex::new((arrived, wait)));
    let url = serve_with(move |number, _, out| {
        if number == 0 {
            let (arrived, wait) = &*both.lock().unwrap();
            arrived.send(()).unwrap();
            wait.recv().unwrap();
        }
        send(out, &event_stream(GOOD))
    });
    (url, arrives)
}

/// Runs a load by a shell that evaluates `before`, and hangs up during the first request. Without a
/// number of requests, only a signal ends the load.
fn hung_up(before: &str, requests: &[&str]) -> LoadSummary {
    let (go, wait) = channel();
    let (url, arrives) = waiting_server(wait);
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("load.json");
    let path = json.to_str().unwrap();
    let common = [
        "run", "--quiet", "--url", &url, "--users", "1", "--json", path,
    ];
    let limits = ["--duration", "1h", "--graceful-stop", "1h"];
    let arguments = [&common[..], &limits, requests].concat();
    let mut child = shell(before, &arguments, ">/dev/null").spawn().unwrap();
    arrives.recv().unwrap();
    let kill = format!("kill -HUP {}", child.id());
    assert!(
        Command::new("sh")
            .args(["-c", &kill])
            .status()
            .unwrap()
            .success()
    );
    go.send(()).unwrap();
    child.wait().unwrap();
    recording::io::load(&json, recording::LOAD_SCHEMA).unwrap()
}

#[test]
fn keeps_the_result_when_the_terminal_hangs_up() {
    let summary = hung_up("", &[]);
    assert_eq!(summary.ended_early.as_deref(), Some("interrupted"));
    assert!(summary.requests.completed > 0);
}

#[test]
fn outlives_its_terminal_under_nohup() {
    let summary = hung_up("trap '' HUP;", &["--requests", "200"]);
    assert_eq!(summary.ended_early, None);
    assert_eq!(summary.requests.completed, 200);
}

#[test]
fn keeps_the_result_when_stderr_takes_no_text() {
    let url = serve(event_stream(GOOD));
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("load.json");
    let path = json.to_str().unwrap();
    // Long enough for a line of progress.
    let load = [
        "run",
        "--url",
        &url,
        "--users",
        "1",
        "--duration",
        "1500ms",
        "--json",
        path,
    ];
    for redirection in ["2>/dev/full", "2>&-"] {
        let output = shell("", &load, redirection).output().unwrap();
        let code = output.status.code();
        assert!(matches!(code, Some(0 | 3)), "{redirection}: {output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("ttft"));
        std::fs::remove_file(&json).unwrap();
    }
}

#[test]
fn reports_that_stdout_takes_no_text() {
    let output = shell("", &["scenarios"], ">/dev/full").output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(
        stderr.starts_with("loadgen: cannot print the scenarios: "),
        "{stderr}"
    );
}

#[test]
fn names_the_error_of_the_system_once() {
    let url = "http://127.0.0.1:1/";
    let no_file = "/no/such/file";
    for option in [
        "--body",
        "--steps",
        "--prompts",
        "--scenario",
        "--replay",
        "--json",
    ] {
        let value = match option {
            "--body" => "@/no/such/file",
            "--json" => "/proc/nothing",
            _ => no_file,
        };
        let output = loadgen(&["run", "--url", url, option, value]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(stderr.matches("(os error").count(), 1, "{option}: {stderr}");
    }
}
