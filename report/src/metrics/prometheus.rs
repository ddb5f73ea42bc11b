//! The Prometheus text format, version 0.0.4, and its binary form.

mod native;
pub mod protobuf;

use super::{Durations, Metric, Number, Value};
use std::fmt::{self, Write};

/// Media type of [`page`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Returns all metrics as text. Names begin with `prefix` and end with their unit; `labels` are on
/// each of them.
pub fn page(prefix: &str, labels: &[(&str, &str)], metrics: &[Metric<'_>]) -> String {
    let mut page = String::new();
    for metric in metrics {
        // Writing to a string does not fail.
        let _ = write_metric(&mut page, prefix, labels, metric);
    }
    page
}

/// Returns the name with prefix and unit, as Prometheus's conventions ask.
fn full_name(prefix: &str, metric: &Metric<'_>) -> String {
    let unit = match metric.unit {
        "By" => "_bytes",
        "s" => "_seconds",
        _ => "",
    };
    let total = match &metric.value {
        Value::Counter(_) => "_total",
        Value::Gauge(_) | Value::Histogram(_) => "",
    };
    format!("{prefix}_{}{unit}{total}", metric.name)
}

fn write_metric(
    page: &mut String,
    prefix: &str,
    own: &[(&str, &str)],
    metric: &Metric<'_>,
) -> fmt::Result {
    let name = full_name(prefix, metric);
    let kind = match &metric.value {
        Value::Counter(_) => "counter",
        Value::Gauge(_) => "gauge",
        Value::Histogram(_) => "histogram",
    };
    writeln!(page, "# HELP {name} {}", metric.help)?;
    writeln!(page, "# TYPE {name} {kind}")?;
    match &metric.value {
        Value::Counter(points) => points.iter().try_for_each(|point| {
            let labels = braced(own, &point.labels);
            match point.number {
                Number::Whole(count) => writeln!(page, "{name}{labels} {count}"),
                Number::Seconds(seconds) => writeln!(page, "{name}{labels} {seconds}"),
            }
        }),
        Value::Gauge(count) => writeln!(page, "{name}{} {count}", braced(own, &[])),
        Value::Histogram(durations) => histogram(page, &name, own, durations),
    }
}

fn histogram(
    page: &mut String,
    name: &str,
    own: &[(&str, &str)],
    durations: &Durations,
) -> fmt::Result {
    let Durations {
        within, sum, count, ..
    } = durations;
    for (bound, count) in within {
        let labels = braced(own, &[("le", &bound.to_string())]);
        writeln!(page, "{name}_bucket{labels} {count}")?;
    }
    let (labels, all) = (braced(own, &[]), braced(own, &[("le", "+Inf")]));
    writeln!(page, "{name}_bucket{all} {count}")?;
    writeln!(page, "{name}_sum{labels} {sum}")?;
    writeln!(page, "{name}_count{labels} {count}")
}

/// Returns labels in braces, if there are any.
fn braced(own: &[(&str, &str)], more: &[(&str, &str)]) -> String {
    let label = |(name, value): &(&str, &str)| format!("{name}=\"{}\"", escaped(value));
    let labels: Vec<String> = own.iter().chain(more).map(label).collect();
    match labels.is_empty() {
        true => String::new(),
        false => format!("{{{}}}", labels.join(",")),
    }
}

/// Escapes a label's value as the text format asks.
fn escaped(value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"");
    value.replace('\n', "\\n")
}
