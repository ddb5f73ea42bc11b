//! Outputs: terminal summary, HTML page, HDR log, live metrics.

pub mod exporter;
pub mod files;
pub mod hdr_log;
pub mod html;
pub mod metrics;
pub mod otlp;
pub mod progress;
pub mod prometheus;
mod steps;
pub mod text;

use recording::LoadSummary;
use recording::load::Distribution;
use std::fmt::Display;
use std::io::Write as _;

/// Prints a line to stderr. A full disk or a closed pipe there loses the line, but must not end the
/// run, as the panic of `eprintln!` would.
pub fn notice(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Returns the distributions, by their names in results.
fn distributions(summary: &LoadSummary) -> [(&'static str, &Distribution); 7] {
    [
        ("ttfb", &summary.ttfb),
        ("ttft", &summary.ttft),
        ("ttfo", &summary.ttfo),
        ("chunk_interval", &summary.chunk_interval),
        ("itl", &summary.itl),
        ("tpot", &summary.tpot),
        ("total", &summary.total),
    ]
}

#[cfg(test)]
pub(crate) mod tests {
    use recording::LoadSummary;
    use recording::load::{
        Client, Distribution, LoadCheck, LoadPoint, LoadStep, Requests, Threshold,
    };

    fn distribution(ms: u64) -> Distribution {
        let mut latency = crate::measure::Latency::default();
        (1..=10).for_each(|tenth| latency.record(ms * tenth * 100_000));
        latency.distribution()
    }

    fn step(name: &str, method: &str, path: &str, failed: u64) -> LoadStep {
        LoadStep {
            name: name.into(),
            method: method.into(),
            path: path.into(),
            good: 10 - failed,
            failed,
            total: distribution(5),
            ..LoadStep::default()
        }
    }

    /// Returns a summary in which every part has a value.
    pub fn summary() -> LoadSummary {
        LoadSummary {
            schema: recording::LOAD_SCHEMA.into(),
            scenario: "quick".into(),
            urls: vec!["http://127.0.0.1:8080/chat".into()],
            duration_ns: 2_000_000_000,
            requests: Requests {
                started: 14,
                completed: 11,
                failed: [("connection reset".into(), 1)].into(),
                cut: 2,
                resent: 0,
                rejected: [("status 502".into(), 1)].into(),
            },
            tokens: 500,
            chunks: 500,
            bytes_sent: 1_000,
            bytes_received: 123_456,
            ttfb: distribution(1),
            ttft: distribution(20),
            total: distribution(1_000),
            steps: vec![
                step("create", "POST", "/threads", 0),
                step("read", "GET", "/threads/{user}", 1),
            ],
            checks: vec![LoadCheck {
                name: "status is 200".into(),
                passed: 10,
                failed: 1,
            }],
            thresholds: vec![Threshold {
                expr: "ttft:p(95)<5ms".into(),
                value: 19.0,
                unit: "ms".into(),
                ok: false,
            }],
            client: Client {
                cpu_ns: 5_000_000,
                peak_rss_bytes: 10_000_000,
                saturated: true,
                saturated_by: vec!["its timers were late".into()],
                ..Client::default()
            },
            series: (1..=2)
                .map(|s| LoadPoint {
                    t_ns: s * 1_000_000_000,
                    active: 10,
                    ttft_p50_ns: 1,
                    ..LoadPoint::default()
                })
                .collect(),
            ..LoadSummary::default()
        }
    }
}
