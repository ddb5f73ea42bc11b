//! Prometheus's binary form, which has native histograms: length-delimited protocol buffers
//! (`metrics.proto` of github.com/prometheus/client_model, of which the messages below have the
//! fields that are written here).

use super::{full_name, native};
use crate::metrics::{Durations, Metric, Number, Value};
use prost::Message;

/// Media type of [`families`].
pub const CONTENT_TYPE: &str = "application/vnd.google.protobuf; \
    proto=io.prometheus.client.MetricFamily; encoding=delimited";

const COUNTER: i32 = 0;
const GAUGE: i32 = 1;
const HISTOGRAM: i32 = 4;

#[derive(Clone, PartialEq, Message)]
struct Family {
    #[prost(string, required, tag = "1")]
    name: String,
    #[prost(string, required, tag = "2")]
    help: String,
    #[prost(int32, required, tag = "3")]
    r#type: i32,
    #[prost(message, repeated, tag = "4")]
    metric: Vec<Sample>,
}

#[derive(Clone, PartialEq, Message)]
struct Sample {
    #[prost(message, repeated, tag = "1")]
    label: Vec<Label>,
    #[prost(message, optional, tag = "2")]
    gauge: Option<Amount>,
    #[prost(message, optional, tag = "3")]
    counter: Option<Amount>,
    #[prost(message, optional, tag = "7")]
    histogram: Option<Histogram>,
}

#[derive(Clone, PartialEq, Message)]
struct Label {
    #[prost(string, required, tag = "1")]
    name: String,
    #[prost(string, required, tag = "2")]
    value: String,
}

/// A gauge or a counter.
#[derive(Clone, Copy, PartialEq, Message)]
struct Amount {
    #[prost(double, required, tag = "1")]
    value: f64,
}

#[derive(Clone, PartialEq, Message)]
struct Histogram {
    #[prost(uint64, required, tag = "1")]
    sample_count: u64,
    #[prost(double, required, tag = "2")]
    sample_sum: f64,
    #[prost(message, repeated, tag = "3")]
    bucket: Vec<Bucket>,
    #[prost(sint32, optional, tag = "5")]
    schema: Option<i32>,
    #[prost(double, optional, tag = "6")]
    zero_threshold: Option<f64>,
    #[prost(uint64, optional, tag = "7")]
    zero_count: Option<u64>,
    #[prost(message, repeated, tag = "12")]
    positive_span: Vec<native::Span>,
    #[prost(sint64, repeated, packed = "false", tag = "13")]
    positive_delta: Vec<i64>,
}

/// A bucket of a classic histogram.
#[derive(Clone, Copy, PartialEq, Message)]
struct Bucket {
    #[prost(uint64, required, tag = "1")]
    cumulative_count: u64,
    #[prost(double, required, tag = "2")]
    upper_bound: f64,
}

/// Returns all metrics as length-delimited messages, one a metric. Names and `labels` are those of
/// [the text](super::page). Histograms are classic, and native as well where their values are
/// known.
pub fn families(prefix: &str, labels: &[(&str, &str)], metrics: &[Metric<'_>]) -> Vec<u8> {
    let families = metrics.iter().map(|metric| family(prefix, labels, metric));
    families
        .flat_map(|family| family.encode_length_delimited_to_vec())
        .collect()
}

fn family(prefix: &str, own: &[(&str, &str)], metric: &Metric<'_>) -> Family {
    let sample = |more: &[(&str, &str)]| Sample {
        label: own.iter().chain(more).map(label).collect(),
        ..Sample::default()
    };
    let (kind, samples) = match &metric.value {
        Value::Counter(points) => {
            let samples = points.iter().map(|point| Sample {
                counter: Some(amount(point.number)),
                ..sample(&point.labels)
            });
            (COUNTER, samples.collect())
        }
        Value::Gauge(count) => {
            let gauge = Some(amount(Number::Whole(*count)));
            (
                GAUGE,
                vec![Sample {
                    gauge,
                    ..sample(&[])
                }],
            )
        }
        Value::Histogram(durations) => {
            let histogram = Some(histogram(durations));
            let sample = Sample {
                histogram,
                ..sample(&[])
            };
            (HISTOGRAM, vec![sample])
        }
    };
    Family {
        name: full_name(prefix, metric),
        help: metric.help.to_owned(),
        r#type: kind,
        metric: samples,
    }
}

fn label((name, value): &(&str, &str)) -> Label {
    Label {
        name: (*name).to_owned(),
        value: (*value).to_owned(),
    }
}

fn amount(number: Number) -> Amount {
    let value = match number {
        Number::Whole(count) => count as f64,
        Number::Seconds(seconds) => seconds,
    };
    Amount { value }
}

fn histogram(durations: &Durations) -> Histogram {
    let buckets = durations.within.iter();
    let buckets = buckets.map(|&(upper_bound, cumulative_count)| Bucket {
        cumulative_count,
        upper_bound,
    });
    let classic = Histogram {
        sample_count: durations.count,
        sample_sum: durations.sum,
        bucket: buckets.collect(),
        ..Histogram::default()
    };
    let Some(values) = &durations.values else {
        return classic;
    };
    let native = native::buckets(values);
    Histogram {
        schema: Some(native::SCHEMA),
        zero_threshold: Some(native::ZERO_THRESHOLD),
        zero_count: Some(native.zero_count),
        positive_span: native.spans,
        positive_delta: native.deltas,
        ..classic
    }
}
