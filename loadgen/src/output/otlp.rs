//! Metrics in OTLP's JSON form, for an OpenTelemetry collector.
//!
//! All values are cumulative since the load began, so the next export replaces a lost one.

use super::metrics::{self, BOUNDS_MS, Count, Metric};
use crate::measure::{Latency, Totals};
use serde_json::{Value, json};

/// `AGGREGATION_TEMPORALITY_CUMULATIVE`; enumerations are integers in OTLP's JSON.
const CUMULATIVE: u8 = 2;

/// Identity of the load generator.
#[derive(Clone, Debug)]
pub struct Origin {
    /// Name that differs from that of any other load generator with the same collector.
    pub instance: String,
    /// Name of the scenario.
    pub scenario: String,
    /// Start of the load, nanoseconds since the Unix epoch.
    pub start_unix_ns: u64,
}

/// Returns an `ExportMetricsServiceRequest` with the counts up to `unix_ns`.
pub fn export(origin: &Origin, totals: &Totals, unix_ns: u64) -> Value {
    let point = Point {
        start: origin.start_unix_ns.to_string(),
        now: unix_ns.to_string(),
    };
    let metrics: Vec<Value> = metrics::all(totals)
        .iter()
        .map(|metric| point.metric(metric))
        .collect();
    json!({ "resourceMetrics": [{
        "resource": { "attributes": attributes(&[
            ("service.name", "loadgen"),
            ("service.version", env!("CARGO_PKG_VERSION")),
            ("service.instance.id", &origin.instance),
            ("loadgen.scenario", &origin.scenario),
        ]) },
        "scopeMetrics": [{
            "scope": { "name": "loadgen", "version": env!("CARGO_PKG_VERSION") },
            "metrics": metrics,
        }],
    }] })
}

fn attributes(labels: &[(&str, &str)]) -> Value {
    let attribute =
        |(key, value): &(&str, &str)| json!({ "key": key, "value": { "stringValue": value } });
    labels.iter().map(attribute).collect()
}

/// Times of a data point. OTLP's JSON writes 64-bit integers as strings.
struct Point {
    start: String,
    now: String,
}

impl Point {
    fn metric(&self, metric: &Metric<'_>) -> Value {
        let mut value = json!({
            "name": format!("loadgen.{}", metric.name),
            "unit": metric.unit,
            "description": metric.help,
        });
        let (kind, data) = match &metric.value {
            metrics::Value::Counter(counts) => ("sum", self.sum(counts)),
            metrics::Value::Gauge(count) => (
                "gauge",
                json!({ "dataPoints": [{ "timeUnixNano": self.now, "asInt": count.to_string() }] }),
            ),
            metrics::Value::Histogram(latency) => ("histogram", self.histogram(latency)),
        };
        value[kind] = data;
        value
    }

    fn sum(&self, counts: &[Count<'_>]) -> Value {
        let point = |count: &Count<'_>| {
            json!({
                "startTimeUnixNano": self.start,
                "timeUnixNano": self.now,
                "asInt": count.count.to_string(),
                "attributes": attributes(&count.labels),
            })
        };
        json!({
            "aggregationTemporality": CUMULATIVE,
            "isMonotonic": true,
            "dataPoints": counts.iter().map(point).collect::<Vec<_>>(),
        })
    }

    fn histogram(&self, latency: &Latency) -> Value {
        let mut before = 0;
        let within = metrics::within_bounds(latency).chain([latency.count()]);
        // OTLP counts each bucket separately; the last one holds all values above the last bound.
        let buckets: Vec<String> = within
            .map(|within| (within - std::mem::replace(&mut before, within)).to_string())
            .collect();
        json!({
            "aggregationTemporality": CUMULATIVE,
            "dataPoints": [{
                "startTimeUnixNano": self.start,
                "timeUnixNano": self.now,
                "count": latency.count().to_string(),
                "sum": metrics::sum_seconds(latency),
                "bucketCounts": buckets,
                "explicitBounds": BOUNDS_MS.map(|ms| ms / 1e3),
            }],
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exported(totals: &Totals) -> Value {
        let origin = Origin {
            instance: "here-1".into(),
            scenario: "quick".into(),
            start_unix_ns: 5,
        };
        export(&origin, totals, 9)
    }

    fn named<'a>(request: &'a Value, name: &str) -> &'a Value {
        let metrics = request["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].as_array();
        let mut metrics = metrics.unwrap().iter();
        metrics.find(|metric| metric["name"] == name).unwrap()
    }

    #[test]
    fn exports_cumulative_counters_with_labels() {
        let mut totals = Totals::default();
        totals.counters.requests.failed.insert("timeout".into(), 3);
        let request = exported(&totals);
        let sum = &named(&request, "loadgen.requests")["sum"];
        assert_eq!(
            (
                sum["aggregationTemporality"].as_u64(),
                sum["isMonotonic"].as_bool()
            ),
            (Some(2), Some(true))
        );
        let failed = &sum["dataPoints"][2];
        assert_eq!(
            (&failed["asInt"], &failed["timeUnixNano"]),
            (&json!("3"), &json!("9"))
        );
        let reason = json!({ "key": "reason", "value": { "stringValue": "timeout" } });
        assert_eq!(failed["attributes"][1], reason);
    }

    #[test]
    fn exports_buckets_that_add_up_to_the_count() {
        let mut totals = Totals::default();
        [1, 20, 90_000]
            .iter()
            .for_each(|ms| totals.counters.ttft.record(ms * 1_000_000));
        let request = exported(&totals);
        let metric = named(&request, "loadgen.ttft");
        assert_eq!(metric["unit"], "s");
        let point = &metric["histogram"]["dataPoints"][0];
        let counts: Vec<u64> = point["bucketCounts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|count| count.as_str().unwrap().parse().unwrap())
            .collect();
        assert_eq!(
            counts.len(),
            point["explicitBounds"].as_array().unwrap().len() + 1
        );
        assert_eq!((counts.iter().sum::<u64>(), counts[18]), (3, 1));
        assert_eq!(point["count"], "3");
    }

    #[test]
    fn exports_the_identity_of_the_load_generator() {
        let request = exported(&Totals::default());
        let attributes = &request["resourceMetrics"][0]["resource"]["attributes"];
        assert_eq!(attributes[0]["value"]["stringValue"], "loadgen");
        assert_eq!(attributes[2]["value"]["stringValue"], "here-1");
    }
}
