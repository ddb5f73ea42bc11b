//! `kontrast run` with failures: it reports the reason and keeps finished files.

use crate::common::{Place, Server, program, stderr};
use recording::Ended;
use std::fs;
use std::process::Command;

/// Asserts that a run fails with exit code 1 and these words.
fn refused(place: &Place, arms: &[String], more: &[&str], words: &[&str]) {
    let output = place.run(arms, more);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
}

#[test]
fn keeps_existing_results() {
    let (place, server) = (Place::new(), Server::start());
    fs::create_dir(&place.out).unwrap();
    fs::write(place.file("mine"), "").unwrap();
    refused(
        &place,
        &[server.arm("a")],
        &[],
        &["is not empty; results are never overwritten"],
    );
    assert_eq!(fs::read_dir(&place.out).unwrap().count(), 1);
}

#[test]
fn rejects_invalid_arms_before_writing() {
    let place = Place::new();
    let gone = "a=pid:2147483647@http://127.0.0.1:1/chat".to_string();
    refused(&place, &["nosuch".into()], &[], &["nosuch", "target.toml"]);
    refused(
        &place,
        &[gone.clone(), gone.clone()],
        &[],
        &["same results folder"],
    );
    refused(
        &place,
        &["a=pid:1@https://x".into()],
        &[],
        &["is not an http:// URL"],
    );
    refused(
        &place,
        &["a=pid:1@ftp://x".into()],
        &[],
        &["does not speak HTTP", "--load-command"],
    );
    refused(
        &place,
        std::slice::from_ref(&gone),
        &["--target-cpus", "1023"],
        &["no such CPU"],
    );
    let mail = place.target("mail", "run = \"true\"\nworkloads = [\"mail\"]");
    refused(&place, &[mail], &[], &["does not serve chat"]);
    assert!(!place.out.exists());
    refused(&place, &[gone], &[], &["there is no process 2147483647"]);
}

#[test]
fn leaves_no_results_of_a_failed_build() {
    let place = Place::new();
    let target = place.target(
        "broken",
        "build = \"echo missing semicolon; exit 1\"\nrun = \"true\"",
    );
    refused(
        &place,
        &[target],
        &[],
        &["building broken failed", "missing semicolon"],
    );
    assert!(!place.out.exists());
}

#[test]
fn quotes_the_log_of_a_target_that_ends() {
    let place = Place::new();
    let target = place.target("dying", "run = \"echo no license; exit 7\"");
    refused(
        &place,
        &[target],
        &[],
        &[
            "dying ended by itself",
            "no license",
            "No round was finished",
        ],
    );
}

#[test]
fn quotes_a_target_that_dies_under_load_and_keeps_its_recording() {
    let place = Place::new();
    let run = "echo out of luck >&2; echo $$ > ../pid; exec STUB --addr 127.0.0.1:{port}";
    let run = run.replace("STUB", program("stub").to_str().unwrap());
    let target = place.target("frail", &format!("run = \"{run}\""));
    let kill = "pid=$(cat pid); kill -9 $pid; \
        while grep -q 'State:.[^Z]' /proc/$pid/status; do sleep 0.01; done; exit 5 # {url}";
    let more = ["--load-command", kill];
    refused(
        &place,
        &[target],
        &more,
        &["frail ended by itself (signal", "out of luck"],
    );
    assert_eq!(place.recording("frail/1").window.ended, Ended::Interrupted);
}

#[test]
fn reports_a_server_that_does_not_serve_the_workload() {
    let place = Place::new();
    let run = format!(
        "run = \"{} --addr 127.0.0.1:{{port}}\"",
        program("stub").display()
    );
    // The stub does not serve /chat.
    let target = place.target("deaf", &run);
    refused(
        &place,
        &[target],
        &["--warmup", "1s", "--duration", "1s"],
        &["warming up failed", "404"],
    );
}

#[test]
fn quotes_the_log_of_a_recorder_that_cannot_record() {
    let place = Place::with_recorder("echo 'CAP_BPF is missing' >&2; exit 1");
    let server = Server::start();
    refused(
        &place,
        &[server.arm("a")],
        &[],
        &[
            "the recorder ended before it was recording",
            "CAP_BPF is missing",
        ],
    );
}

#[test]
fn ends_the_round_when_the_recorder_fails() {
    let place = Place::with_recorder("echo recording; echo lost my maps >&2; exit 1");
    let server = Server::start();
    refused(
        &place,
        &[server.arm("a")],
        &["--duration", "30s"],
        &["the recorder failed", "lost my maps"],
    );
}

#[test]
fn compares_rounds_finished_before_a_failure() {
    let place = Place::with_recorder(
        r#"case "$out" in */a/2/*) echo no more >&2; exit 1; esac; echo recording; cat > /dev/null; write"#,
    );
    let server = Server::start();
    refused(
        &place,
        &[server.arm("a")],
        &["--load-command", "true # {url}"],
        &["ended before it was recording", "no more"],
    );
    let comparison = recording::io::load_comparison(&place.out).unwrap();
    assert!(!comparison.validity.ok);
    assert!(comparison.validity.reasons[0].starts_with("partial: 1 of 2 rounds were finished"));
    assert!(place.file("report.html").exists());
}

#[test]
fn passes_on_the_threshold_code_of_a_load_command() {
    let (place, server) = (Place::new(), Server::start());
    let output = place.run(
        &[server.arm("a")],
        &["--load-command", "echo {url}; exit 99"],
    );
    let code = output.status.code();
    // Exit code 3 if a check rejects the recordings, as it may with a recorder without probes.
    assert!(code == Some(99) || code == Some(3), "{}", stderr(&output));
    let log = fs::read_to_string(place.file("a/1/load.log")).unwrap();
    assert_eq!(log, format!("{}/v1/chat/completions\n", server.url));
}

#[test]
fn ends_a_load_command_after_the_duration() {
    let (place, server) = (Place::new(), Server::start());
    let more = ["--load-command", "sleep 1000 # {url}", "--duration", "50ms"];
    let output = place.run(&[server.arm("a")], &more);
    assert!(
        place.file("comparison.json").exists(),
        "{}",
        stderr(&output)
    );
}

#[test]
fn rejects_a_malformed_noise_file() {
    let place = Place::new();
    fs::create_dir_all(&place.out).unwrap();
    fs::write(place.file("noise.json"), "{}").unwrap();
    for (file, why) in [
        ("noise.json", "bench noise"),
        ("nothing.json", "No such file"),
    ] {
        let path = place.file(file).display().to_string();
        let output = place.run(&["go".into()], &["--noise", &path]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn exits_with_2_for_options_that_do_not_go_together() {
    let place = Place::new();
    let slow = ["--slow", "proxy_latency>5ms"];
    let output = place.run(
        &["go".into()],
        &[&slow[..], &["--workload", "cold-start"]].concat(),
    );
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    let mut record = Command::new(env!("CARGO_BIN_EXE_kontrast"));
    record.args(["record", "--pid", "1", "--probes", "counters"]);
    let output = record.args(slow).output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--slow needs --probes all"), "{said}");
}
