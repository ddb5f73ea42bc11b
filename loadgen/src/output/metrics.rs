//! Metrics of the running load, for Prometheus and OpenTelemetry.
//!
//! Names and units follow OpenTelemetry. Its collector converts them to the names that the
//! Prometheus
//! endpoint uses (`loadgen.ttft` in `s` becomes `loadgen_ttft_seconds`), so that a query finds
//! both.

use crate::measure::{Latency, Totals};

/// Upper bounds of the histograms' buckets, milliseconds. They are constant, so that the buckets of
/// several machines can be added.
pub const BOUNDS_MS: [f64; 18] = [
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 1e3, 2.5e3, 5e3,
    1e4, 6e4,
];

/// Metric.
#[derive(Debug)]
pub struct Metric<'a> {
    /// Name without the prefix `loadgen`.
    pub name: &'static str,
    /// Unit in UCUM notation: `s`, `By`, `{token}`.
    pub unit: &'static str,
    /// Description in one sentence.
    pub help: &'static str,
    /// Value.
    pub value: Value<'a>,
}

/// Value of a metric.
#[derive(Debug)]
pub enum Value<'a> {
    /// Counts that only grow, one per set of labels.
    Counter(Vec<Count<'a>>),
    /// A count that rises and falls.
    Gauge(u64),
    /// Durations, in seconds.
    Histogram(&'a Latency),
}

/// Count with its labels.
#[derive(Debug)]
pub struct Count<'a> {
    /// Names and values of the labels.
    pub labels: Vec<(&'static str, &'a str)>,
    /// The count.
    pub count: u64,
}

/// Returns all metrics.
pub fn all(totals: &Totals) -> Vec<Metric<'_>> {
    let counter = |name, unit, help, count| Metric {
        name,
        unit,
        help,
        value: Value::Counter(vec![Count {
            labels: Vec::new(),
            count,
        }]),
    };
    let mut metrics = vec![
        Metric {
            name: "requests",
            unit: "{request}",
            help: "Requests by how they ended.",
            value: Value::Counter(requests(totals)),
        },
        counter("tokens", "{token}", "Tokens received.", totals.tokens),
        counter(
            "chunks",
            "{chunk}",
            "Chunks with tokens received.",
            totals.chunks,
        ),
        counter("sent", "By", "Bytes written to sockets.", totals.bytes_sent),
        counter(
            "received",
            "By",
            "Bytes read from sockets.",
            totals.bytes_received,
        ),
        Metric {
            name: "active_streams",
            unit: "{stream}",
            help: "Open streams.",
            value: Value::Gauge(totals.counters.active),
        },
    ];
    metrics.extend(totals.counters.named().map(|(name, latency)| Metric {
        name,
        unit: "s",
        help: "Latency in seconds, of answers that passed all checks.",
        value: Value::Histogram(latency),
    }));
    metrics
}

/// Returns the requests by how they ended. Rejected requests are not among the completed ones.
fn requests(totals: &Totals) -> Vec<Count<'_>> {
    let requests = &totals.counters.requests;
    let rejected: u64 = requests.rejected.values().sum();
    let plain = |result, count| Count {
        labels: vec![("result", result)],
        count,
    };
    let mut counts = vec![
        plain("completed", requests.completed - rejected),
        plain("cut", requests.cut),
    ];
    for (result, reasons) in [
        ("failed", &requests.failed),
        ("rejected", &requests.rejected),
    ] {
        counts.extend(reasons.iter().map(|(reason, count)| Count {
            labels: vec![("result", result), ("reason", reason)],
            count: *count,
        }));
    }
    counts
}

/// Returns the number of durations that do not exceed each of [`BOUNDS_MS`].
pub fn within_bounds(latency: &Latency) -> impl Iterator<Item = u64> {
    BOUNDS_MS
        .map(|ms| latency.count() - latency.count_above((ms * 1e6) as u64))
        .into_iter()
}

/// Returns the sum of the durations in seconds.
pub fn sum_seconds(latency: &Latency) -> f64 {
    latency.mean() * latency.count() as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_every_ended_request_once() {
        let mut totals = Totals::default();
        let requests = &mut totals.counters.requests;
        (requests.completed, requests.cut) = (10, 2);
        requests.rejected.insert("status 502".into(), 3);
        requests.failed.insert("timeout".into(), 1);
        let counts = super::requests(&totals);
        assert_eq!(counts.iter().map(|count| count.count).sum::<u64>(), 13);
        assert_eq!(counts[0].count, 7);
        assert_eq!(
            counts[3].labels,
            [("result", "rejected"), ("reason", "status 502")]
        );
    }

    #[test]
    fn sorts_durations_into_ascending_bounds() {
        assert!(BOUNDS_MS.is_sorted());
        let mut latency = Latency::default();
        [1, 20, 3_000]
            .iter()
            .for_each(|ms| latency.record(ms * 1_000_000));
        let within: Vec<u64> = within_bounds(&latency).collect();
        assert_eq!((within[0], within[4], within[17]), (0, 1, 3));
        assert!((sum_seconds(&latency) - 3.021).abs() < 0.01);
    }
}
