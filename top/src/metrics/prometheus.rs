//! The Prometheus text format, version 0.0.4.

use super::{Metric, Number, Totals, Value, estimated_sum, seconds, within_bounds};
use recording::Histogram;
use std::fmt::{self, Write};

/// Media type of [`page`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Returns all metrics as text. Names begin with `kontrast_` and end with their unit.
pub fn page(totals: &Totals) -> String {
    let mut page = String::new();
    for metric in totals.metrics() {
        // Writing to a string does not fail.
        let _ = write_metric(&mut page, totals, &metric);
    }
    page
}

fn write_metric(page: &mut String, totals: &Totals, metric: &Metric<'_>) -> fmt::Result {
    let (suffix, kind) = match &metric.value {
        Value::Counter(points) => {
            let unit = points.first().map_or("", |point| unit(point.number));
            (format!("{unit}_total"), "counter")
        }
        Value::Gauge(_) => (String::new(), "gauge"),
        Value::Histogram(_) => ("_seconds".into(), "histogram"),
    };
    let name = format!("kontrast_{}{suffix}", metric.name);
    writeln!(page, "# HELP {name} {}", metric.help)?;
    writeln!(page, "# TYPE {name} {kind}")?;
    let own = target(totals);
    match &metric.value {
        Value::Counter(points) => points.iter().try_for_each(|point| {
            let labels: String = point.labels.iter().map(label).collect();
            let value = match point.number {
                Number::Count(count) | Number::Bytes(count) => count.to_string(),
                Number::Nanoseconds(ns) => seconds(ns as f64).to_string(),
            };
            writeln!(page, "{name}{{{own}{labels}}} {value}")
        }),
        Value::Gauge(number) => writeln!(page, "{name}{{{own}}} {number}"),
        Value::Histogram(times) => histogram(page, &name, &own, times),
    }
}

fn histogram(page: &mut String, name: &str, own: &str, times: &Histogram) -> fmt::Result {
    for (bound, count) in within_bounds(times) {
        let bound = seconds(bound as f64);
        writeln!(page, "{name}_bucket{{{own},le=\"{bound}\"}} {count}")?;
    }
    let (sum, count) = (seconds(estimated_sum(times)), times.count);
    writeln!(page, "{name}_bucket{{{own},le=\"+Inf\"}} {count}")?;
    writeln!(page, "{name}_sum{{{own}}} {sum}")?;
    writeln!(page, "{name}_count{{{own}}} {count}")
}

fn unit(number: Number) -> &'static str {
    match number {
        Number::Count(_) => "",
        Number::Bytes(_) => "_bytes",
        Number::Nanoseconds(_) => "_seconds",
    }
}

/// Returns the labels that all metrics have.
fn target(totals: &Totals) -> String {
    let pid = totals.pid.to_string();
    let labels = [("arm", totals.arm.as_str()), ("pid", &pid)];
    let labels: String = labels.iter().map(label).collect();
    labels.trim_start_matches(',').to_owned()
}

/// Returns a label after a comma.
fn label((name, value): &(&str, &str)) -> String {
    let value = value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n");
    format!(",{name}=\"{value}\"")
}
