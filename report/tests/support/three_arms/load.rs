//! The load of the example, and the checks of a recording.

use super::Example;
use super::numbers::{DURATION_NS, REQUESTS, TOKENS};
use recording::load::{Client, Distribution, LoadCheck, Requests};
use recording::observer::Check;
use recording::vocabulary::Runtime;
use recording::{LOAD_SCHEMA, LoadSummary, Recording};

/// Returns the load generator's summary.
pub fn summary(example: &Example, noise: f64) -> LoadSummary {
    let server_ns = match example.runtime {
        Runtime::Go => 900_000.0,
        _ => 1_500_000.0,
    };
    let late = server_ns * example.factor * noise;
    LoadSummary {
        schema: LOAD_SCHEMA.into(),
        scenario: "quick".into(),
        urls: vec!["http://127.0.0.1:8080".into()],
        duration_ns: DURATION_NS,
        requests: Requests {
            started: REQUESTS + 10,
            completed: REQUESTS,
            cut: 10,
            ..Requests::default()
        },
        tokens: TOKENS,
        chunks: TOKENS,
        bytes_sent: 9_860,
        bytes_received: 118_412,
        ttfb: distribution(20e6 + 0.7 * late, REQUESTS),
        ttft: distribution(20e6 + late, REQUESTS),
        chunk_interval: distribution(20e6 + 0.1 * late, TOKENS / 2),
        itl: distribution(20e6 + 0.1 * late, TOKENS / 2),
        total: distribution(1_000e6 + 20.0 * late, REQUESTS),
        checks: vec![LoadCheck {
            name: "status is 200".into(),
            passed: REQUESTS,
            failed: 0,
        }],
        client: Client {
            cpu_ns: 90_000_000,
            peak_rss_bytes: 12 << 20,
            ..Client::default()
        },
        ..LoadSummary::default()
    }
}

fn distribution(median_ns: f64, count: u64) -> Distribution {
    let at = |factor: f64| (median_ns * factor) as u64;
    Distribution {
        count,
        min_ns: at(0.98),
        mean_ns: at(1.003),
        p50_ns: at(1.0),
        p90_ns: at(1.02),
        p95_ns: at(1.025),
        p99_ns: at(1.04),
        p999_ns: at(1.05),
        max_ns: at(1.06),
        histogram: None,
        hdr: None,
    }
}

/// Returns the checks of a recording, one of them failed if asked for.
pub fn checks(recording: &Recording, one_fails: bool) -> Vec<Check> {
    let bytes = recording.sockets.send_bytes as f64;
    let on_cpu = recording.process.on_cpu_ns as f64;
    let seen = if one_fails { 0.965 * bytes } else { bytes };
    let lifetime = DURATION_NS as f64;
    vec![
        Check::within("thread_time", "ns", lifetime, lifetime, 0.002 * lifetime),
        Check::within(
            "on_cpu_vs_kernel",
            "ns",
            on_cpu * 1.001,
            on_cpu,
            0.01 * on_cpu,
        ),
        Check::within("bytes_vs_load", "bytes", bytes, seen, 0.01 * bytes),
    ]
}
