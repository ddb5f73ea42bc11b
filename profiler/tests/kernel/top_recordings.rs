//! Recordings that the live view writes.

use crate::support::{alone, assert_sound, calls, known, require_privilege};
use crate::tmux::{Tmux, line, view};
use recording::Recording;
use std::path::Path;
use std::time::Duration;

/// Loads the recording that was written below a folder.
fn only_recording(dir: &Path) -> Recording {
    let written = std::fs::read_dir(dir).expect("readable").flatten();
    let folders: Vec<_> = written.map(|entry| entry.path()).collect();
    assert_eq!(folders.len(), 1, "{folders:?}");
    recording::io::load_recording(&folders[0]).expect("a recording")
}

#[test]
fn writes_a_recording_by_a_key() {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (_target, pid, tmux) = view("record", dir.path());
    tmux.press(&["r"]);
    tmux.wait_for("wrote a recording of the last");
    let recording = only_recording(dir.path());
    assert_eq!(recording.target.pid.to_string(), pid);
    assert!(recording.process.on_cpu_ns > 0);
    tmux.press(&["q"]);
    tmux.wait_for("ended with 0");
}

#[test]
fn records_the_last_seconds_of_calls_at_known_instants() {
    /// Calls at the edges of the window, which the recording may have or not: those of 200 ms, for
    /// which a busy machine may keep the recorder from reading the maps.
    const EDGES: usize = 20;
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let mut target = known(&["ticks"]);
    let pid = target.line();
    target.say("go");
    let line = line(&pid, dir.path()).replace(" top ", " top --last 2s ");
    let tmux = Tmux::start("last", &line);
    tmux.wait_for("live");
    std::thread::sleep(Duration::from_secs(8));
    tmux.press(&["r"]);
    tmux.wait_for("wrote a recording of the last");
    tmux.press(&["q"]);
    tmux.wait_for("ended with 0");
    target.say("stop");
    let instants = target.line();
    let instants = instants.split(' ').map(|at| at.parse::<u64>().expect("ns"));
    let instants: Vec<u64> = instants.collect();
    let recording = only_recording(dir.path());
    assert_sound(&recording);
    let window = &recording.window;
    let ends_ns = window.start_unix_ns + window.duration_ns;
    let inside = instants
        .iter()
        .filter(|at| (window.start_unix_ns..ends_ns).contains(*at));
    let (inside, counted) = (inside.count(), calls(&recording, "getppid") as usize);
    assert!(inside.abs_diff(counted) <= EDGES, "{counted} of {inside}");
    assert!(
        inside + 100 < instants.len(),
        "the window is shorter than the view"
    );
    assert!(window.duration_ns >= 2_000_000_000, "{window:?}");
}
