//! A recording that grows: the snapshots of unit tests and of foreign readers.

use recording::Recording;
use recording::testing::{Build, distribution};

/// A snapshot of an arm after so many seconds.
pub fn snapshot(arm: &str, seconds: u64) -> Recording {
    let build = Build::arm(arm).thread(7, "main", |thread| {
        let thread = thread.user(seconds * 400_000_000, 1);
        thread.call("write", seconds * 21, seconds * 150_000_000)
    });
    let build = build.with(|recording| {
        recording.window.duration_ns = seconds * 1_000_000_000;
        recording.window.start_unix_ns = 5;
        recording.target.pid = 7;
        recording.sockets.requests = seconds * 412;
        let waits = [(2_000, 9 * seconds), (5_000_000_000, seconds)];
        let waits = distribution(&waits);
        recording.latency.insert("run_queue".into(), waits);
    });
    build.done()
}
