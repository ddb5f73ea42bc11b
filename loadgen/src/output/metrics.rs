//! The metrics shown while the load runs, whichever way they are fetched or sent.
//!
//! Names and units follow OpenTelemetry. Its collector turns them into the names that the Prometheus endpoint uses
//! (`loadgen.ttft` in `s` becomes `loadgen_ttft_seconds`), so that a query finds both.

use crate::measure::{Latency, Totals};

/// Upper bounds of the histograms' buckets, milliseconds. They are the same everywhere, so that those of several
/// machines add up.
pub const BOUNDS_MS: [f64; 18] = [
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 1e3, 2.5e3, 5e3,
    1e4, 6e4,
];

/// A metric and its values.
#[derive(Debug)]
pub struct Metric<'a> {
    /// Without the prefix `loadgen`.
    pub name: &'static str,
    /// As UCUM writes it: `s`, `By`, `{token}`.
    pub unit: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// What was counted.
    pub value: Value<'a>,
}

/// What a metric holds.
#[derive(Debug)]
pub enum Value<'a> {
    /// Counts that only grow, one for each set of labels.
    Counter(Vec<Count<'a>>),
    /// A count that comes and goes.
    Gauge(u64),
    /// Durations; their unit is the second.
    Histogram(&'a Latency),
}

/// A count and what tells it from others of the same name.
#[derive(Debug)]
pub struct Count<'a> {
    /// Names and values.
    pub labels: Vec<(&'static str, &'a str)>,
    /// So many.
    pub count: u64,
}

/// Everything there is to show.
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
        counter(
            "tokens",
            "{token}",
            "Content tokens received.",
            totals.tokens,
        ),
        counter(
            "chunks",
            "{chunk}",
            "Content chunks received.",
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
            help: "Streams open.",
            value: Value::Gauge(totals.tally.active),
        },
    ];
    metrics.extend(totals.tally.named().map(|(name, latency)| Metric {
        name,
        unit: "s",
        help: "Seconds, of answers that passed all checks.",
        value: Value::Histogram(latency),
    }));
    metrics
}

/// Each request is in one count: those that were rejected are not among the completed.
fn requests(totals: &Totals) -> Vec<Count<'_>> {
    let requests = &totals.tally.requests;
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

/// How many durations do not exceed each of [`BOUNDS_MS`].
pub fn within_bounds(latency: &Latency) -> impl Iterator<Item = u64> {
    BOUNDS_MS
        .map(|ms| latency.count() - latency.count_above((ms * 1e6) as u64))
        .into_iter()
}

/// Their sum in seconds.
pub fn sum_seconds(latency: &Latency) -> f64 {
    latency.mean() * latency.count() as f64 / 1e9
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_that_ended_is_in_one_count() {
        let mut totals = Totals::default();
        let requests = &mut totals.tally.requests;
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
    fn bounds_are_ascending_and_hold_what_they_should() {
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
