//! OTLP's JSON form, for an OpenTelemetry collector.

use super::{Metric, Number, Point, Totals, Value, estimated_sum, seconds, within_bounds};
use recording::Histogram;
use serde_json::{Value as Json, json};

/// `AGGREGATION_TEMPORALITY_CUMULATIVE`; enumerations are integers in OTLP's JSON.
const CUMULATIVE: u8 = 2;

/// Returns an `ExportMetricsServiceRequest` with the counts up to `unix_ns`. Values are cumulative,
/// so that the next export replaces a lost one.
pub fn export(totals: &Totals, unix_ns: u64) -> Json {
    let span = Span {
        start: totals.start_unix_ns.to_string(),
        now: unix_ns.to_string(),
    };
    let metrics = totals.metrics();
    let metrics: Vec<Json> = metrics.iter().map(|metric| span.metric(metric)).collect();
    let version = env!("CARGO_PKG_VERSION");
    let mut resource = attributes(&[("service.name", &totals.arm)]);
    let pid = json!({ "key": "process.pid", "value": { "intValue": totals.pid.to_string() } });
    resource.push(pid);
    json!({ "resourceMetrics": [{
        "resource": { "attributes": resource },
        "scopeMetrics": [{
            "scope": { "name": "kontrast", "version": version },
            "metrics": metrics,
        }],
    }] })
}

fn attributes(labels: &[(&'static str, &str)]) -> Vec<Json> {
    let attribute =
        |(key, value): &(&str, &str)| json!({ "key": key, "value": { "stringValue": value } });
    labels.iter().map(attribute).collect()
}

/// Times of a data point. OTLP's JSON writes 64-bit integers as strings.
struct Span {
    start: String,
    now: String,
}

impl Span {
    fn metric(&self, metric: &Metric<'_>) -> Json {
        let (unit, kind, data) = match &metric.value {
            Value::Counter(points) => {
                let unit = points.first().map_or("1", |point| unit(point.number));
                (unit, "sum", self.sum(points))
            }
            Value::Gauge(number) => {
                let point = json!({ "timeUnixNano": self.now, "asInt": number.to_string() });
                ("1", "gauge", json!({ "dataPoints": [point] }))
            }
            Value::Histogram(times) => ("s", "histogram", self.histogram(times)),
        };
        json!({
            "name": format!("kontrast.{}", metric.name),
            "description": metric.help,
            "unit": unit,
            kind: data,
        })
    }

    fn sum(&self, points: &[Point<'_>]) -> Json {
        let point = |point: &Point<'_>| {
            let (key, value) = match point.number {
                Number::Count(count) | Number::Bytes(count) => ("asInt", json!(count.to_string())),
                Number::Nanoseconds(ns) => ("asDouble", json!(seconds(ns as f64))),
            };
            json!({
                "startTimeUnixNano": self.start,
                "timeUnixNano": self.now,
                "attributes": attributes(&point.labels),
                key: value,
            })
        };
        json!({
            "aggregationTemporality": CUMULATIVE,
            "isMonotonic": true,
            "dataPoints": points.iter().map(point).collect::<Vec<_>>(),
        })
    }

    /// Each bucket counts apart; the last one holds all values above the last bound.
    fn histogram(&self, times: &Histogram) -> Json {
        let (bounds, within): (Vec<f64>, Vec<u64>) = within_bounds(times)
            .map(|(bound, count)| (seconds(bound as f64), count))
            .unzip();
        let mut before = 0;
        let buckets = within.into_iter().chain([times.count]);
        let buckets = buckets.map(|within| within - std::mem::replace(&mut before, within));
        let buckets: Vec<String> = buckets.map(|count| count.to_string()).collect();
        json!({
            "aggregationTemporality": CUMULATIVE,
            "dataPoints": [{
                "startTimeUnixNano": self.start,
                "timeUnixNano": self.now,
                "count": times.count.to_string(),
                "sum": seconds(estimated_sum(times)),
                "bucketCounts": buckets,
                "explicitBounds": bounds,
            }],
        })
    }
}

fn unit(number: Number) -> &'static str {
    match number {
        Number::Count(_) => "1",
        Number::Bytes(_) => "By",
        Number::Nanoseconds(_) => "s",
    }
}
