#[path = "../../tests/support/snapshot.rs"]
mod snapshot;

use super::*;
use serde_json::json;
use snapshot::snapshot;

/// A name that has to be escaped.
const ARM: &str = "a \"quoted\" arm";

fn totals() -> Totals {
    let mut totals = Totals::default();
    (1..=4).for_each(|second| totals.add(snapshot(ARM, second)));
    totals
}

fn counter(totals: &Totals, name: &str) -> Vec<Number> {
    let metrics = totals.metrics().into_iter();
    let mut named = metrics.filter(|metric| metric.name == name);
    match named.next().map(|metric| metric.value) {
        Some(Value::Counter(points)) => points.iter().map(|point| point.number).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn adds_up_all_since_the_window_opened() {
    let totals = totals();
    assert_eq!(counter(&totals, "requests"), [Number::Whole(4 * 412)]);
    assert_eq!(counter(&totals, "syscalls"), [Number::Whole(4 * 21)]);
    let cpu = counter(&totals, "cpu").into_iter().map(|part| match part {
        Number::Seconds(seconds) => seconds,
        other => panic!("{other:?}"),
    });
    assert!((cpu.sum::<f64>() - 4.0 * 0.55).abs() < 1e-9);
}

#[test]
fn prints_the_text_format_of_prometheus() {
    let page = totals().page();
    let own = r#"arm="a \"quoted\" arm",pid="7""#;
    for line in [
        "# TYPE kontrast_requests_total counter".to_owned(),
        format!("kontrast_requests_total{{{own}}} 1648"),
        format!("kontrast_run_queue_latency_seconds_bucket{{{own},le=\"0.000001024\"}} 0"),
        format!("kontrast_run_queue_latency_seconds_bucket{{{own},le=\"0.000002048\"}} 36"),
        format!("kontrast_run_queue_latency_seconds_bucket{{{own},le=\"+Inf\"}} 40"),
        format!("kontrast_run_queue_latency_seconds_count{{{own}}} 40"),
    ] {
        assert!(page.lines().any(|found| found == line), "{line}\n{page}");
    }
}

#[test]
fn exports_the_target_and_its_counts() {
    let request = totals().export(9);
    let of_target = &request["resourceMetrics"][0];
    let attributes = &of_target["resource"]["attributes"];
    assert_eq!(attributes[1]["value"]["intValue"], "7");
    let metrics = of_target["scopeMetrics"][0]["metrics"].as_array();
    let mut metrics = metrics.expect("a list").iter();
    let waits = metrics.find(|metric| metric["name"] == "kontrast.run_queue_latency");
    let point = &waits.expect("there")["histogram"]["dataPoints"][0];
    assert_eq!(point["startTimeUnixNano"], "5");
    let buckets = &point["bucketCounts"];
    assert_eq!((&buckets[1], &buckets[21]), (&json!("36"), &json!("4")));
}
