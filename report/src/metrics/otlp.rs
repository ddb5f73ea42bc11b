//! OTLP's JSON form, for an OpenTelemetry collector.
//!
//! All values are cumulative since the start, so that the next export replaces a lost one.

use super::{Durations, Metric, Number, Point, Value};
use serde_json::{Value as Json, json};

/// `AGGREGATION_TEMPORALITY_CUMULATIVE`; enumerations are integers in OTLP's JSON.
const CUMULATIVE: u8 = 2;

/// The program whose metrics are exported.
#[derive(Clone, Debug)]
pub struct Source<'a> {
    /// Name of the program, which begins the names of metrics.
    pub name: &'a str,
    /// Version of the program.
    pub version: &'a str,
    /// Attributes of what it observes, made by [`text`] and [`integer`].
    pub resource: Vec<Json>,
    /// When counting began, nanoseconds since the Unix epoch.
    pub start_unix_ns: u64,
}

/// Returns an `ExportMetricsServiceRequest` with the counts up to `unix_ns`.
pub fn export(source: &Source<'_>, metrics: &[Metric<'_>], unix_ns: u64) -> Json {
    let span = Span {
        start: source.start_unix_ns.to_string(),
        now: unix_ns.to_string(),
    };
    let metrics = metrics
        .iter()
        .map(|metric| span.metric(source.name, metric));
    json!({ "resourceMetrics": [{
        "resource": { "attributes": source.resource },
        "scopeMetrics": [{
            "scope": { "name": source.name, "version": source.version },
            "metrics": metrics.collect::<Vec<_>>(),
        }],
    }] })
}

/// Returns an attribute with a text.
pub fn text(key: &str, value: &str) -> Json {
    json!({ "key": key, "value": { "stringValue": value } })
}

/// Returns an attribute with a number.
pub fn integer(key: &str, value: u64) -> Json {
    json!({ "key": key, "value": { "intValue": value.to_string() } })
}

/// Times of a data point. OTLP's JSON writes 64-bit integers as strings.
struct Span {
    start: String,
    now: String,
}

impl Span {
    fn metric(&self, prefix: &str, metric: &Metric<'_>) -> Json {
        let (kind, data) = match &metric.value {
            Value::Counter(points) => ("sum", self.sum(points)),
            Value::Gauge(number) => {
                let point = json!({ "timeUnixNano": self.now, "asInt": number.to_string() });
                ("gauge", json!({ "dataPoints": [point] }))
            }
            Value::Histogram(durations) => ("histogram", self.histogram(durations)),
        };
        json!({
            "name": format!("{prefix}.{}", metric.name),
            "description": metric.help,
            "unit": metric.unit,
            kind: data,
        })
    }

    fn sum(&self, points: &[Point<'_>]) -> Json {
        let point = |point: &Point<'_>| {
            let (key, value) = match point.number {
                Number::Whole(count) => ("asInt", json!(count.to_string())),
                Number::Seconds(seconds) => ("asDouble", json!(seconds)),
            };
            let labels = point.labels.iter();
            json!({
                "startTimeUnixNano": self.start,
                "timeUnixNano": self.now,
                "attributes": labels.map(|(key, value)| text(key, value)).collect::<Vec<_>>(),
                key: value,
            })
        };
        json!({
            "aggregationTemporality": CUMULATIVE,
            "isMonotonic": true,
            "dataPoints": points.iter().map(point).collect::<Vec<_>>(),
        })
    }

    /// Each bucket counts apart; the last one holds all durations above the last bound.
    fn histogram(&self, durations: &Durations) -> Json {
        let (bounds, within): (Vec<f64>, Vec<u64>) = durations.within.iter().copied().unzip();
        let mut before = 0;
        let buckets = within.into_iter().chain([durations.count]);
        let buckets = buckets.map(|within| within - std::mem::replace(&mut before, within));
        json!({
            "aggregationTemporality": CUMULATIVE,
            "dataPoints": [{
                "startTimeUnixNano": self.start,
                "timeUnixNano": self.now,
                "count": durations.count.to_string(),
                "sum": durations.sum,
                "bucketCounts": buckets.map(|count| count.to_string()).collect::<Vec<_>>(),
                "explicitBounds": bounds,
            }],
        })
    }
}
