//! `kontrast run` where something is in the way: it says what, and keeps what there is.

use crate::common::{Place, Server, program, stderr};
use recording::Ended;
use std::fs;

/// Runs that must fail: with this exit code and these words.
fn refused(place: &Place, arms: &[String], more: &[&str], words: &[&str]) {
    let output = place.run(arms, more);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    for word in words {
        assert!(said.contains(word), "{word:?} is not in: {said}");
    }
}

#[test]
fn results_are_never_overwritten() {
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
fn arms_that_cannot_be_are_refused_before_anything_is_written() {
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
        &["a=pid:1@ftp://x".into()],
        &[],
        &["is not an http:// URL"],
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
fn a_build_that_fails_leaves_no_empty_results() {
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
fn a_target_that_ends_is_quoted() {
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
fn a_target_that_dies_under_load_is_quoted_and_its_recording_kept() {
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
fn a_server_that_answers_nothing_is_an_error_that_says_why() {
    let place = Place::new();
    let run = format!(
        "run = \"{} --addr 127.0.0.1:{{port}}\"",
        program("stub").display()
    );
    // The stub does not know /chat.
    let target = place.target("deaf", &run);
    refused(
        &place,
        &[target],
        &["--warmup", "1s", "--duration", "1s"],
        &["warming up failed", "404"],
    );
}

#[test]
fn a_recorder_that_cannot_record_is_quoted() {
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
fn a_recorder_that_fails_half_way_ends_the_round() {
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
fn what_was_finished_before_a_failure_is_compared_and_marked() {
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
fn a_load_command_that_crosses_a_threshold_is_no_failure() {
    let (place, server) = (Place::new(), Server::start());
    let output = place.run(
        &[server.arm("a")],
        &["--load-command", "echo {url}; exit 99"],
    );
    let code = output.status.code();
    // 3 where a check speaks against the recordings, which a recorder without programs may make it do.
    assert!(code == Some(99) || code == Some(3), "{}", stderr(&output));
    let log = fs::read_to_string(place.file("a/1/load.log")).unwrap();
    assert_eq!(log, format!("{}/v1/chat/completions\n", server.url));
}

#[test]
fn a_load_command_that_goes_on_is_ended_after_the_duration() {
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
fn a_noise_floor_that_is_none_is_refused() {
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
