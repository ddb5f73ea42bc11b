//! Accounting under random, seeded faults.

use crate::scripted::{GOOD, event_stream, load, send, serve_with, whole};
use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

/// Number of requests that the server received, and of good answers that it sent completely.
#[derive(Default)]
struct Served {
    requests: AtomicU64,
    good: AtomicU64,
}

/// Starts a server that resets, truncates, stalls, refuses and delays at random.
fn faulty(seed: u64) -> (String, Arc<Served>) {
    let random = Mutex::new(SmallRng::seed_from_u64(seed));
    let served = Arc::new(Served::default());
    let counts = served.clone();
    let url = serve_with(move |_, _, out| {
        counts.requests.fetch_add(1, SeqCst);
        let fault = random.lock().unwrap().random_range(0..100);
        let good = event_stream(GOOD);
        match fault {
            // Closed before the answer, within its head, within its body.
            0..4 => return None,
            4..6 => return send(out, "HTTP/1.1 200").and(None),
            6..10 => return send(out, &good[..good.len() - 5]).and(None),
            10..12 => return send(out, "what?\r\n\r\n").and(None),
            12..16 => return send(out, &whole("500 Internal Server Error", "no")),
            16..18 => {
                return send(out, &event_stream("data: {\"error\":\"gone\"}\n\n"));
            }
            // Stalled beyond the timeout.
            18..20 => {
                send(out, &good[..good.len() - 5])?;
                thread::sleep(Duration::from_millis(900));
                return None;
            }
            20..30 => thread::sleep(Duration::from_millis(20)),
            _ => {}
        }
        send(out, &good)?;
        counts.good.fetch_add(1, SeqCst);
        Some(())
    });
    (url, served)
}

#[test]
fn accounts_for_every_request_under_random_faults() {
    for mode in [["--users", "20"], ["--rate", "300"]] {
        let (url, served) = faulty(7);
        let more = [
            "--requests",
            "800",
            "--duration",
            "1h",
            "--timeout",
            "500ms",
            "--graceful-stop",
            "1h",
        ];
        let run = load(&url, &[&mode[..], &more].concat());
        let requests = &run.summary.requests;
        let failed: u64 = requests.failed.values().sum();
        let rejected: u64 = requests.rejected.values().sum();
        assert_eq!((requests.started, requests.cut), (800, 0), "{mode:?}");
        assert_eq!(requests.completed + failed, 800, "{mode:?}");
        let good = requests.completed - rejected;
        assert_eq!(good, run.summary.total.count, "{mode:?}");
        // A busy machine may take longer than the timeout for a good answer.
        assert!(good <= served.good.load(SeqCst), "{mode:?}");
        assert_eq!(
            served.requests.load(SeqCst),
            800 + requests.resent,
            "{mode:?}"
        );
        for reason in [
            "closed before the answer",
            "closed in mid-stream",
            "malformed HTTP answer",
            "timeout",
        ] {
            assert!(requests.failed[reason] > 0, "{mode:?}: {reason}");
        }
        for reason in ["status 500", "error event"] {
            assert!(requests.rejected[reason] > 0, "{mode:?}: {reason}");
        }
    }
}
