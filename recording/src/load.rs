//! Summary of a load generator's run (`kontrast.load/1`).

use crate::Histogram;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Summary of one load.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadSummary {
    /// Always [`crate::LOAD_SCHEMA`].
    pub schema: String,
    /// Origin of the result: version, host, command line, start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Name of the scenario.
    #[serde(default)]
    pub scenario: String,
    /// Target URLs, with secrets masked.
    #[serde(default)]
    pub urls: Vec<String>,
    /// Time for which load was offered.
    #[serde(default)]
    pub duration_ns: u64,
    /// Reason why the load ended early (`interrupted`, for instance): the result is partial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_early: Option<String>,
    /// Time from the last byte of the server to the end, if the server had stopped answering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unresponsive_ns: Option<u64>,
    /// Requests by how they ended.
    pub requests: Requests,
    /// First 200 bytes of the first body (or error event) of each reason in `requests.rejected`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub error_bodies: BTreeMap<String, String>,
    /// Tokens received, those of cut streams included.
    pub tokens: u64,
    /// Tokens of complete answers by kind.
    #[serde(default)]
    pub token_kinds: TokenKinds,
    /// Tokens as the server reported them, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Chunks with tokens received (one may carry several tokens).
    pub chunks: u64,
    /// Bytes written to sockets, headers included.
    pub bytes_sent: u64,
    /// Bytes read from sockets, headers included.
    pub bytes_received: u64,
    /// Request written to first byte of the answer.
    pub ttfb: Distribution,
    /// Request written to first token of any kind.
    pub ttft: Distribution,
    /// Request written to first token of the answer itself, after reasoning and tool calls.
    #[serde(default)]
    pub ttfo: Distribution,
    /// Time between two chunks with tokens of one stream.
    pub chunk_interval: Distribution,
    /// Time between two tokens of one stream.
    pub itl: Distribution,
    /// Time per output token of one stream, the first excluded: one value a stream.
    #[serde(default)]
    pub tpot: Distribution,
    /// Request written to end of the stream.
    pub total: Distribution,
    /// Share of requests that met all service-level objectives, if any were set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goodput: Option<Goodput>,
    /// Steps of a load that has several, in order; empty for one that repeats a single request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<LoadStep>,
    /// Checks of every answer.
    pub checks: Vec<LoadCheck>,
    /// Thresholds and whether they were met.
    pub thresholds: Vec<Threshold>,
    /// Highest load that met the thresholds, where a run searched for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_sustained: Option<MaxSustained>,
    /// Load generator itself.
    pub client: Client,
    /// One entry a second.
    pub series: Vec<LoadPoint>,
}

/// Origin of a result.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// Identifier of the run, different in every run.
    pub run: String,
    /// Version of the load generator.
    pub version: String,
    /// Command line, with secrets masked.
    pub command: Vec<String>,
    /// Name of the host that ran it.
    pub host: String,
    /// Start of the load, nanoseconds since the Unix epoch.
    pub start_unix_ns: u64,
}

/// Requests by how they ended: `started` = `completed` + `failed` + `cut`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Requests {
    /// Requests begun.
    pub started: u64,
    /// Requests answered to the end, whether or not all checks passed.
    pub completed: u64,
    /// Requests without a complete answer, by reason.
    pub failed: BTreeMap<String, u64>,
    /// Requests still streaming when the graceful stop was over; in no percentile.
    pub cut: u64,
    /// Times that a request was sent again, since the server had closed the connection before it
    /// processed the request.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub resent: u64,
    /// Requests completed that failed a check, by reason (`status 502`); in no percentile either.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rejected: BTreeMap<String, u64>,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Tokens by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenKinds {
    /// Tokens of the answer itself.
    pub answer: u64,
    /// Reasoning ("thinking") tokens.
    pub reasoning: u64,
    /// Tokens of tool calls: names and arguments.
    pub tool_call: u64,
}

/// Tokens as the server reported them in its `usage` fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Answers that reported usage.
    pub answers: u64,
    /// Tokens of the prompts.
    pub prompt_tokens: u64,
    /// Tokens of the answers, reasoning included.
    pub completion_tokens: u64,
    /// Reasoning tokens.
    pub reasoning_tokens: u64,
}

/// Share of requests that met all service-level objectives.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Goodput {
    /// Objectives as the user wrote them.
    pub slo: String,
    /// Requests that passed all checks and met all objectives.
    pub met: u64,
    /// Requests that ended, failures included.
    pub ended: u64,
}

/// Percentiles of a duration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// Number of values.
    pub count: u64,
    /// Smallest value.
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
    /// Largest value.
    pub max_ns: u64,
    /// Histogram, in buckets at most 1/16 of their value wide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram: Option<Histogram>,
    /// HdrHistogram (nanoseconds, three digits; V2 encoding, deflated, base64), from which the
    /// summaries of several machines are merged exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hdr: Option<String>,
}

/// Counts and latencies of one step of several.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadStep {
    /// Name that its checks and reasons carry.
    pub name: String,
    /// HTTP method.
    pub method: String,
    /// Path and query as written, placeholders included; empty for that of the URL.
    pub path: String,
    /// Answers that were complete and passed every check.
    pub good: u64,
    /// Requests that failed, or whose answer failed a check.
    pub failed: u64,
    /// Request written to first token, of the answers that had tokens.
    pub ttft: Distribution,
    /// Request written to end of the answer.
    pub total: Distribution,
}

/// One check, in k6's sense of the word.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadCheck {
    /// Condition that an answer must meet.
    pub name: String,
    /// Answers that met it.
    pub passed: u64,
    /// Answers that did not meet it.
    pub failed: u64,
}

/// A threshold over the whole run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Threshold {
    /// Expression as the user wrote it.
    pub expr: String,
    /// Measured value in `unit`.
    pub value: f64,
    /// Unit of `value`: `ms`, `s`, `%`, `/s`, …; empty for a plain count or share.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unit: String,
    /// Whether the threshold was met.
    pub ok: bool,
}

/// Highest load that met the thresholds ("max sustained").
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MaxSustained {
    /// Users, or requests a second.
    pub load: f64,
    /// Unit of `load`: `users` or `requests/s`.
    pub unit: String,
    /// Load at which a threshold was crossed; none if all were met to the end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crossed_at: Option<f64>,
    /// Whether the load generator was the bottleneck: the server may sustain more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub client_saturated: bool,
}

/// Load generator itself: whether it was the bottleneck.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Client {
    /// CPU time.
    pub cpu_ns: u64,
    /// Highest resident set.
    pub peak_rss_bytes: u64,
    /// Delay of its timers, 99th percentile.
    pub scheduling_delay_p99_ns: u64,
    /// Timers that fired more than 10 ms late.
    #[serde(default)]
    pub late_timers: u64,
    /// Stamp of a chunk here less the sender's stamp in it, median; 0 without stamps.
    pub stamp_error_p50_ns: u64,
    /// Stamp of a chunk here less the sender's stamp in it, 99th percentile.
    pub stamp_error_p99_ns: u64,
    /// Requests a second that were due (open loop), 0 in a closed loop.
    pub requested_rate: f64,
    /// Requests a second begun.
    pub achieved_rate: f64,
    /// Requests begun more than 10 ms after their due time (open loop).
    #[serde(default)]
    pub late_starts: u64,
    /// Delay of requests after their due time, 99th percentile (open loop).
    #[serde(default)]
    pub start_delay_p99_ns: u64,
    /// Requests that failed because this host had no file descriptor or port left.
    #[serde(default)]
    pub out_of_resources: u64,
    /// Whether the load generator was the bottleneck: the run is invalid.
    pub saturated: bool,
    /// Limits that were exceeded, as sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub saturated_by: Vec<String>,
}

/// One second of load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadPoint {
    /// End of the interval, relative to the start of the load.
    pub t_ns: u64,
    /// Open streams.
    pub active: u64,
    /// Requests completed in the interval.
    pub completed: u64,
    /// Tokens received in the interval.
    pub tokens: u64,
    /// Time to first token of the streams completed in the interval, median.
    pub ttft_p50_ns: u64,
    /// Time to first token of the streams completed in the interval, 99th percentile.
    #[serde(default)]
    pub ttft_p99_ns: u64,
    /// Time between tokens of the streams completed in the interval, median.
    #[serde(default)]
    pub itl_p50_ns: u64,
    /// Requests failed or rejected in the interval.
    #[serde(default)]
    pub failed: u64,
    /// Load offered at the end of the interval: users (closed loop) or requests a second (open
    /// loop).
    #[serde(default)]
    pub load: f64,
}
