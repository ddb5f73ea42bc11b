//! Metrics of the running load, for Prometheus and OpenTelemetry.

use crate::measure::{Latency, Totals};
use report::metrics::{Durations, Metric, Number, Point, Value};

/// Begins the names of metrics.
pub const PREFIX: &str = "loadgen";

/// Upper bounds of the histograms' buckets, milliseconds. They are constant, so that the buckets of
/// several machines can be added.
pub const BOUNDS_MS: [f64; 18] = [
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 1e3, 2.5e3, 5e3,
    1e4, 6e4,
];

/// Returns all metrics.
pub fn all(totals: &Totals) -> Vec<Metric<'_>> {
    let counter = |name, unit, help, count| Metric {
        name,
        unit,
        help,
        value: Value::Counter(vec![Point {
            labels: Vec::new(),
            number: Number::Whole(count),
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
        value: Value::Histogram(durations(latency)),
    }));
    metrics
}

/// Returns the requests by how they ended. Rejected requests are not among the completed ones.
fn requests(totals: &Totals) -> Vec<Point<'_>> {
    let requests = &totals.counters.requests;
    let rejected: u64 = requests.rejected.values().sum();
    let plain = |result, count| Point {
        labels: vec![("result", result)],
        number: Number::Whole(count),
    };
    let mut counts = vec![
        plain("completed", requests.completed - rejected),
        plain("cut", requests.cut),
    ];
    for (result, reasons) in [
        ("failed", &requests.failed),
        ("rejected", &requests.rejected),
    ] {
        counts.extend(reasons.iter().map(|(reason, count)| Point {
            labels: vec![("result", result), ("reason", reason)],
            number: Number::Whole(*count),
        }));
    }
    counts
}

fn durations(latency: &Latency) -> Durations {
    let within = |ms: f64| latency.count() - latency.count_above((ms * 1e6) as u64);
    Durations {
        within: BOUNDS_MS.map(|ms| (ms / 1e3, within(ms))).to_vec(),
        sum: latency.mean() * latency.count() as f64 / 1e9,
        count: latency.count(),
        values: None,
    }
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
        let numbers: Vec<Number> = counts.iter().map(|count| count.number).collect();
        assert_eq!(numbers, [7, 2, 1, 3].map(Number::Whole));
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
        let Durations { within, sum, .. } = durations(&latency);
        assert_eq!((within[0].1, within[4].1, within[17].1), (0, 1, 3));
        assert!((sum - 3.021).abs() < 0.01);
    }
}
