//! Every way to move data over TCP is counted, and the kernel's own threads have a row.

use crate::support::{assert_counts, assert_sound, calls, record, record_with};
use recording::Recording;

const MEBIBYTES: u64 = 1 << 20;

fn bytes(recording: &Recording) -> (u64, u64) {
    let sockets = &recording.sockets;
    (sockets.send_bytes, sockets.recv_bytes)
}

#[test]
fn counts_bytes_that_are_spliced() {
    for hooks in [&[][..], &["--raw-tracepoints"]] {
        let recording = record_with(&["splice", "10485760"], hooks, |_| ());
        assert_sound(&recording);
        // A writer, the relay, and a reader.
        assert_eq!(bytes(&recording), (20 * MEBIBYTES, 20 * MEBIBYTES));
    }
}

#[test]
fn counts_bytes_of_a_file_that_is_sent() {
    let recording = record(&["send-file", "10485760"]);
    assert_eq!(bytes(&recording), (10 * MEBIBYTES, 10 * MEBIBYTES));
}

#[test]
fn counts_several_messages_of_one_call() {
    let recording = record(&["many-messages", "200"]);
    assert_eq!(bytes(&recording), (80_000, 80_000));
    assert_eq!(recording.sockets.send_calls, 800);
    assert_eq!(calls(&recording, "sendmmsg"), 200);
}

#[test]
fn counts_bytes_that_are_not_copied() {
    let recording = record(&["zero-copy", "300"]);
    assert_eq!(bytes(&recording), (30_000, 30_000));
    assert_eq!(recording.sockets.send_calls, 300);
}

#[test]
fn gives_kernel_threads_of_io_uring_a_row_of_their_own() {
    for (kind, name) in [("worker", "iou-wrk-"), ("poller", "iou-sqp-")] {
        let recording = record_with(&["uring", "300", kind], &[], |_| ());
        assert_counts(&recording);
        assert_eq!(bytes(&recording), (30_000, 30_000), "{kind}");
        let threads = recording.threads.iter();
        let kernel: Vec<_> = threads
            .filter(|thread| thread.name.starts_with(name))
            .collect();
        assert!(!kernel.is_empty(), "{kind}: {:#?}", recording.threads);
        for thread in kernel {
            assert!(thread.started_ns.is_some(), "{thread:?}");
            assert_eq!(thread.syscalls.len(), 1, "{thread:?}");
            let row = &thread.syscalls[0];
            assert_eq!(row.name, "io_uring_worker");
            // All of its time on a CPU is the kernel's, but for the way to its first instruction
            // and from its last.
            assert!(row.on_cpu_ns <= thread.on_cpu_ns, "{thread:?}");
            assert!(row.on_cpu_ns * 10 >= thread.on_cpu_ns * 7, "{thread:?}");
            assert_eq!(thread.samples.user, 0);
        }
    }
}

#[test]
fn recognises_a_connection_that_another_process_accepted() {
    let recording = record_with(&["passed", "100"], &["--no-tree"], |_| ());
    assert_sound(&recording);
    let sockets = &recording.sockets;
    assert_eq!(bytes(&recording), (100, 100));
    // Sends on an accepted connection, without anything received from upstream.
    assert_eq!((sockets.relays_matched, sockets.relays_unmatched), (0, 100));
}
