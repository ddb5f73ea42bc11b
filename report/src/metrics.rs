//! Metrics of a recording or a load that runs, for Prometheus and OpenTelemetry.
//!
//! Names and units follow OpenTelemetry. Its collector converts them to the names that the
//! Prometheus page uses (`loadgen.ttft` in `s` becomes `loadgen_ttft_seconds`), so that a query
//! finds both.

pub mod otlp;
pub mod prometheus;

/// A metric with its values.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric<'a> {
    /// Name without prefix and unit.
    pub name: &'static str,
    /// Unit in UCUM notation: `s`, `By`, `1`, `{token}`.
    pub unit: &'static str,
    /// Text for people: the thing that it counts.
    pub help: &'static str,
    /// Its values.
    pub value: Value<'a>,
}

/// Values of a metric.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// Counts that only grow, one per set of labels.
    Counter(Vec<Point<'a>>),
    /// A count that rises and falls.
    Gauge(u64),
    /// Durations.
    Histogram(Durations),
}

/// A count with the labels that distinguish it from others of its metric.
#[derive(Clone, Debug, PartialEq)]
pub struct Point<'a> {
    /// Names and values of labels.
    pub labels: Vec<(&'static str, &'a str)>,
    /// The count.
    pub number: Number,
}

/// A count in the unit of its metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// Events or bytes.
    Whole(u64),
    /// Seconds.
    Seconds(f64),
}

/// Durations by size, in seconds.
#[derive(Clone, Debug, PartialEq)]
pub struct Durations {
    /// Ascending bounds, each with the number of durations within it.
    pub within: Vec<(f64, u64)>,
    /// Sum.
    pub sum: f64,
    /// Number, those above all bounds included.
    pub count: u64,
    /// Values, each with the number of durations near it, for native histograms. `None` where only
    /// classic ones are served.
    pub values: Option<Vec<(f64, u64)>>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn metrics() -> [Metric<'static>; 4] {
        let metric = |name, unit, value| Metric {
            name,
            unit,
            help: "Some.",
            value,
        };
        let point = |labels: &[_], number| Point {
            labels: labels.to_vec(),
            number,
        };
        let waits = Durations {
            within: vec![(0.5, 2), (1.0, 5)],
            sum: 4.25,
            count: 6,
            values: None,
        };
        let ended = [("result", "failed"), ("reason", "no \"done\": true\\\n")];
        [
            metric(
                "requests",
                "{request}",
                Value::Counter(vec![point(&ended, Number::Whole(3))]),
            ),
            metric(
                "cpu",
                "s",
                Value::Counter(vec![point(&[], Number::Seconds(1.5))]),
            ),
            metric("threads", "1", Value::Gauge(7)),
            metric("waits", "s", Value::Histogram(waits)),
        ]
    }

    #[test]
    fn prints_the_text_format_of_prometheus() {
        let page = prometheus::page("x", &[("pid", "9")], &metrics());
        let expected = r#"# HELP x_requests_total Some.
# TYPE x_requests_total counter
x_requests_total{pid="9",result="failed",reason="no \"done\": true\\\n"} 3
# HELP x_cpu_seconds_total Some.
# TYPE x_cpu_seconds_total counter
x_cpu_seconds_total{pid="9"} 1.5
# HELP x_threads Some.
# TYPE x_threads gauge
x_threads{pid="9"} 7
# HELP x_waits_seconds Some.
# TYPE x_waits_seconds histogram
x_waits_seconds_bucket{pid="9",le="0.5"} 2
x_waits_seconds_bucket{pid="9",le="1"} 5
x_waits_seconds_bucket{pid="9",le="+Inf"} 6
x_waits_seconds_sum{pid="9"} 4.25
x_waits_seconds_count{pid="9"} 6
"#;
        assert_eq!(page, expected);
        let bare = prometheus::page("x", &[], &metrics()[2..3]);
        assert!(bare.ends_with("\nx_threads 7\n"), "{bare}");
    }

    #[test]
    fn exports_cumulative_sums_and_separate_buckets() {
        let resource = vec![otlp::text("service.name", "go"), otlp::integer("pid", 9)];
        let source = otlp::Source {
            name: "x",
            version: "1.2",
            resource,
            start_unix_ns: 5,
        };
        let request = otlp::export(&source, &metrics(), 8);
        let of_resource = &request["resourceMetrics"][0];
        let pid = json!({ "key": "pid", "value": { "intValue": "9" } });
        assert_eq!(of_resource["resource"]["attributes"][1], pid);
        let scope = &of_resource["scopeMetrics"][0];
        assert_eq!(scope["scope"], json!({ "name": "x", "version": "1.2" }));
        let metrics = &scope["metrics"];
        let reason = json!({ "stringValue": "no \"done\": true\\\n" });
        let sum = &metrics[0]["sum"];
        assert_eq!(
            (&sum["aggregationTemporality"], &sum["isMonotonic"]),
            (&json!(2), &json!(true))
        );
        let point = &sum["dataPoints"][0];
        assert_eq!(point["attributes"][1]["value"], reason);
        let times = [&point["startTimeUnixNano"], &point["timeUnixNano"]];
        assert_eq!(times, [&json!("5"), &json!("8")]);
        assert_eq!(point["asInt"], "3");
        let cpu = &metrics[1];
        assert_eq!((&cpu["name"], &cpu["unit"]), (&json!("x.cpu"), &json!("s")));
        assert_eq!(cpu["sum"]["dataPoints"][0]["asDouble"], 1.5);
        assert_eq!(metrics[2]["gauge"]["dataPoints"][0]["asInt"], "7");
        let waits = &metrics[3]["histogram"]["dataPoints"][0];
        assert_eq!(waits["bucketCounts"], json!(["2", "3", "1"]));
        assert_eq!(waits["explicitBounds"], json!([0.5, 1.0]));
        assert_eq!(
            (&waits["count"], &waits["sum"]),
            (&json!("6"), &json!(4.25))
        );
    }
}
