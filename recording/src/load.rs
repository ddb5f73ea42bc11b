//! The load generator's summary (`kontrast.load/1`).

use crate::Histogram;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What the load generator did and saw in one run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadSummary {
    /// Always [`crate::LOAD_SCHEMA`].
    pub schema: String,
    /// Name of the scenario.
    #[serde(default)]
    pub scenario: String,
    /// Where requests went.
    #[serde(default)]
    pub urls: Vec<String>,
    /// How long load was offered.
    #[serde(default)]
    pub duration_ns: u64,
    /// Why the load ended before its time (`interrupted`, `every request failed`), if it did: the result is partial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_early: Option<String>,
    /// Requests by how they ended.
    pub requests: Requests,
    /// Content tokens received, those of cut streams included.
    pub tokens: u64,
    /// Content chunks received (one may carry several tokens).
    pub chunks: u64,
    /// Bytes written to sockets, headers included.
    pub bytes_sent: u64,
    /// Bytes read from sockets, headers included.
    pub bytes_received: u64,
    /// Request written to first byte of the answer.
    pub ttfb: Distribution,
    /// Request written to first content chunk.
    pub ttft: Distribution,
    /// Between content chunks of one stream.
    pub chunk_interval: Distribution,
    /// Between content tokens of one stream.
    pub itl: Distribution,
    /// Request written to end of the stream.
    pub total: Distribution,
    /// The steps of a load that has several, in order; empty for one that asks the same again and again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<LoadStep>,
    /// What was checked of each answer.
    pub checks: Vec<LoadCheck>,
    /// Thresholds and whether they held.
    pub thresholds: Vec<Threshold>,
    /// The highest load that held the thresholds, where a run looked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// The load generator itself.
    pub client: Client,
    /// One entry a second.
    pub series: Vec<LoadPoint>,
}

/// Requests by how they ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Requests {
    /// Begun.
    pub started: u64,
    /// Answered to the end, all checks passed or not.
    pub completed: u64,
    /// Failed, by reason.
    pub failed: BTreeMap<String, u64>,
    /// Still streaming at the deadline; in no percentile.
    pub cut: u64,
    /// Completed, but failed a check, by reason (`status 502`); in no percentile either.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rejected: BTreeMap<String, u64>,
}

/// Percentiles of a duration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// Values recorded.
    pub count: u64,
    /// Smallest.
    pub min_ns: u64,
    /// Mean.
    pub mean_ns: u64,
    /// Median.
    pub p50_ns: u64,
    /// 90th percentile.
    pub p90_ns: u64,
    /// 95th percentile.
    pub p95_ns: u64,
    /// 99th percentile.
    pub p99_ns: u64,
    /// 99.9th percentile.
    pub p999_ns: u64,
    /// Largest.
    pub max_ns: u64,
    /// The distribution itself, in buckets at most 1/16 of their value wide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Histogram>,
    /// The distribution as an HdrHistogram (nanoseconds, three digits; V2 encoding, deflated, base64), from which
    /// summaries of several machines are joined exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hdr: Option<String>,
}

/// One step of several, apart from the others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadStep {
    /// How its checks and refusals are called.
    pub name: String,
    /// HTTP method.
    pub method: String,
    /// Path and query as written, placeholders included; empty for that of the URL.
    pub path: String,
    /// Answers that came to their end and passed every check.
    pub good: u64,
    /// Requests that failed, or whose answer failed a check.
    pub failed: u64,
    /// Request written to first content chunk, of those answers that had content.
    pub ttft: Distribution,
    /// Request written to end of the answer.
    pub total: Distribution,
}

/// One check, k6's sense of the word.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadCheck {
    /// What must hold.
    pub name: String,
    /// Answers for which it held.
    pub passed: u64,
    /// Answers for which it did not.
    pub failed: u64,
}

/// A threshold over the whole run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// As the user wrote it.
    pub expr: String,
    /// What was measured, in the expression's unit.
    pub value: f64,
    /// Whether it held.
    pub ok: bool,
}

/// The highest load that held the thresholds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Held {
    /// Users, or requests a second.
    pub load: f64,
    /// What `load` counts: `users` or `requests/s`.
    pub unit: String,
    /// The load at which a threshold was crossed; none if all held to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crossed_at: Option<f64>,
    /// The load generator was the bottleneck when the search ended: the server may hold more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub client_saturated: bool,
}

/// The load generator itself: whether it was the bottleneck.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Client {
    /// CPU time.
    pub cpu_ns: u64,
    /// Highest resident set.
    pub peak_rss_bytes: u64,
    /// How late its timers fired.
    pub scheduling_delay_p99_ns: u64,
    /// Its stamp of a chunk less the sender's stamp in it, median; 0 without stamps.
    pub stamp_error_p50_ns: u64,
    /// The same, 99th percentile.
    pub stamp_error_p99_ns: u64,
    /// Requests a second asked for (open loop), 0 in a closed loop.
    pub requested_rate: f64,
    /// Requests a second begun.
    pub achieved_rate: f64,
    /// Requests begun more than 10 ms after their appointed time (open loop).
    #[serde(default)]
    pub late_starts: u64,
    /// How late requests began, 99th percentile (open loop).
    #[serde(default)]
    pub start_delay_p99_ns: u64,
    /// Whether the client was the bottleneck: the run is invalid.
    pub saturated: bool,
    /// Which limits were exceeded, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub saturated_by: Vec<String>,
}

/// One second of load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadPoint {
    /// End of the interval, relative to the run's start.
    pub t_ns: u64,
    /// Streams open.
    pub active: u64,
    /// Requests completed in the interval.
    pub completed: u64,
    /// Tokens received in the interval.
    pub tokens: u64,
    /// Median time to first token of the streams completed in the interval.
    pub ttft_p50_ns: u64,
    /// Its 99th percentile.
    #[serde(default)]
    pub ttft_p99_ns: u64,
    /// Median time between tokens of the streams completed in the interval.
    #[serde(default)]
    pub itl_p50_ns: u64,
    /// Requests failed or wrongly answered in the interval.
    #[serde(default)]
    pub failed: u64,
    /// Load asked for at its end: users (closed loop) or requests a second (open loop).
    #[serde(default)]
    pub load: f64,
}
