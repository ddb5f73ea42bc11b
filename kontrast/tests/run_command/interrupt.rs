//! Ctrl-C at any time: processes end, and finished rounds are compared.

use crate::common::{Begun, Place, Server, assert_gone, program};
use nix::sys::signal::Signal;
use recording::Ended;

/// Ends a run by `signal` and returns exit code and output. No process of it may be left.
fn ended_by(signal: Signal, run: Begun) -> (Option<i32>, String) {
    let processes = run.descendants();
    run.signal(signal);
    let end = run.end();
    assert_gone(&processes);
    end
}

#[test]
fn keeps_a_partial_recording_when_interrupted() {
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP] {
        let (place, mut server) = (Place::new(), Server::start());
        let mut run = place.begin(&[server.arm("a")], &["--duration", "100s"]);
        run.until("recording under load");
        run.until_descendants(4);
        let (code, said) = ended_by(signal, run);
        assert_eq!(code, Some(1), "{said}");
        assert!(
            said.contains("No round was finished") && said.contains("kontrast: interrupted"),
            "{said}"
        );
        let recording = place.recording("a/1");
        assert_eq!(recording.window.ended, Ended::Interrupted);
        assert!(server.lives());
    }
}

#[test]
fn compares_finished_rounds_when_interrupted() {
    let (place, server) = (Place::new(), Server::start());
    let load = "test -e done && exec sleep 1000; touch done # {url}";
    let mut run = place.begin(&[server.arm("a")], &["--load-command", load]);
    run.until("round 2: recording under load");
    let (code, said) = ended_by(Signal::SIGINT, run);
    assert_eq!(code, Some(3), "{said}");
    let comparison = recording::io::load_comparison(&place.out).unwrap();
    assert_eq!(
        comparison.validity.reasons[0],
        "partial: 1 of 2 rounds were finished (interrupted)"
    );
    assert_eq!(comparison.arms[0].rounds, 1);
    assert!(place.file("report.html").exists());
    assert_eq!(place.recording("a/2").window.ended, Ended::Interrupted);
}

#[test]
fn ends_while_warming_up() {
    let (place, server) = (Place::new(), Server::start());
    let mut run = place.begin(
        &[server.arm("a")],
        &["--warmup", "100s", "--load-command", "sleep 1000 # {url}"],
    );
    run.until("warming up");
    let (code, said) = ended_by(Signal::SIGINT, run);
    assert_eq!(code, Some(1), "{said}");
}

#[test]
fn ends_while_building() {
    let place = Place::new();
    let target = place.target("slow", "build = \"sleep 1000; true\"\nrun = \"true\"");
    let run = place.begin(&[target], &[]);
    // The shell and the program that it waits for.
    run.until_descendants(2);
    let (code, said) = ended_by(Signal::SIGINT, run);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("interrupted") && !place.out.exists(),
        "{said}"
    );
}

#[test]
fn ends_while_waiting_for_a_target() {
    let place = Place::new();
    let target = place.target("mute", "run = \"sleep 1000\"");
    let run = place.begin(&[target], &[]);
    run.until_descendants(2);
    let (code, said) = ended_by(Signal::SIGTERM, run);
    assert_eq!(code, Some(1), "{said}");
}

/// Starts a run that records a target with a child, under a load that does not end.
fn recording_a_forking_target(place: &Place) -> Begun {
    let run = format!(
        "run = \"sleep 1000 & {} --addr 127.0.0.1:{{port}}\"",
        program("stub").display()
    );
    let target = place.target("forking", &run);
    let mut run = place.begin(&[target], &["--load-command", "sleep 1000 # {url}"]);
    run.until("recording under load");
    run.until_descendants(7);
    run
}

#[test]
fn ends_a_target_with_its_children() {
    let place = Place::new();
    let run = recording_a_forking_target(&place);
    let (code, said) = ended_by(Signal::SIGINT, run);
    assert_eq!(code, Some(1), "{said}");
    assert_eq!(
        place.recording("forking/1").window.ended,
        Ended::Interrupted
    );
}

#[test]
fn leaves_no_process_when_killed() {
    let place = Place::new();
    let run = recording_a_forking_target(&place);
    let (code, _) = ended_by(Signal::SIGKILL, run);
    assert_eq!(code, None);
}

#[test]
fn kills_processes_at_the_second_interrupt() {
    let place =
        Place::with_recorder("trap '' INT TERM; echo recording; while :; do sleep 1000; done");
    let server = Server::start();
    let mut run = place.begin(&[server.arm("a")], &["--duration", "100s"]);
    run.until("recording under load");
    run.signal(Signal::SIGINT);
    run.until("writing the recording");
    let (code, said) = ended_by(Signal::SIGINT, run);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("interrupted twice"), "{said}");
}
