//! Metrics of a running recording, read by programs that are not Kontrast's: Prometheus's client
//! for Python, the parser of its server, and OpenTelemetry's own message types. `cargo xtask test`
//! installs them.

#[path = "support/snapshot.rs"]
mod snapshot;

use serde_json::{Value, json};
use snapshot::snapshot;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use top::metrics::Totals;

/// A name with all that the text format has to escape.
const ARM: &str = "a \"quoted\" \\ arm";

/// Returns the counts of three seconds.
fn totals() -> Totals {
    let mut totals = Totals::default();
    (1..=3).for_each(|second| totals.add(snapshot(ARM, second)));
    totals
}

/// Returns the JSON that a reader in Python writes for this text.
fn read(reader: &str, text: &str) -> Value {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut python = Command::new(here.join("../.cache/metrics-readers/bin/python"));
    python.arg(here.join("tests/readers").join(reader));
    read_by(&mut python, text.as_bytes())
}

/// Returns the JSON that a program writes for this input.
fn read_by(reader: &mut Command, metrics: &[u8]) -> Value {
    reader.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = reader
        .spawn()
        .expect("the readers are there: `cargo xtask test` installs them");
    let mut input = child.stdin.take().expect("a pipe");
    input.write_all(metrics).expect("it reads");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    let shown = String::from_utf8_lossy(metrics);
    assert!(output.status.success(), "{reader:?} refuses:\n{shown}");
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Returns the value of the sample with this name and this label.
fn sample(family: &Value, name: &str, label: Option<(&str, &str)>) -> f64 {
    let samples = family["samples"].as_array().expect("samples");
    let mut found = samples.iter().filter(|sample| {
        let labels = &sample[1];
        assert_eq!(labels["arm"], ARM, "every sample names its arm");
        sample[0] == name && label.is_none_or(|(label, value)| labels[label] == value)
    });
    let value = found.next().expect("a sample")[2].as_f64();
    assert!(found.next().is_none(), "{name}: one sample");
    value.expect("a number")
}

#[test]
fn reads_the_page_by_the_client_of_prometheus() {
    let found = read("prometheus.py", &totals().page());
    let types = found.as_object().expect("families").values();
    assert!(types.clone().count() > 10, "{found}");
    for family in types {
        let name = family["type"].as_str().expect("a type");
        assert!(
            ["counter", "gauge", "histogram"].contains(&name),
            "{family}"
        );
        assert_ne!(family["help"], "", "{family}");
    }
    let requests = &found["kontrast_requests"];
    assert_eq!(requests["type"], "counter");
    assert_eq!(sample(requests, "kontrast_requests_total", None), 1236.0);
    let cpu = &found["kontrast_cpu_seconds"];
    let user = sample(cpu, "kontrast_cpu_seconds_total", Some(("kind", "user")));
    let syscall = sample(cpu, "kontrast_cpu_seconds_total", Some(("kind", "syscall")));
    assert!(
        (user + syscall - 3.0 * 0.55).abs() < 1e-9,
        "{user} {syscall}"
    );
    let name = "kontrast_run_queue_latency_seconds";
    let waits = &found[name];
    assert_eq!(waits["type"], "histogram");
    for (bound, count) in [("0.000001024", 0.0), ("0.000002048", 27.0), ("+Inf", 30.0)] {
        let bucket = sample(waits, &format!("{name}_bucket"), Some(("le", bound)));
        assert_eq!(bucket, count, "{bound}");
    }
    assert_eq!(sample(waits, &format!("{name}_count"), None), 30.0);
}

#[test]
fn reads_native_histograms_by_the_parser_of_the_server() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut reader = Command::new(here.join("../.cache/prometheus-reader"));
    let found = read_by(&mut reader, &totals().families());
    let requests = &found["kontrast_requests_total"];
    assert_eq!(requests["type"], "counter");
    assert_eq!(requests["samples"][0]["value"], 1236.0);
    assert_eq!(requests["samples"][0]["labels"]["arm"], ARM);
    let threads = &found["kontrast_threads"];
    assert_eq!(threads["type"], "gauge");
    assert_eq!(threads["samples"][0]["value"], 1.0);
    let waits = &found["kontrast_run_queue_latency_seconds"]["histograms"][0];
    assert_eq!(waits["labels"]["pid"], "7");
    assert_eq!(
        (&waits["schema"], &waits["zero_count"]),
        (&json!(3), &json!(0))
    );
    assert_eq!(waits["count"], 30);
    let buckets = waits["buckets"].as_array().expect("buckets");
    let counts = buckets.iter().map(|bucket| bucket[2].as_u64());
    assert_eq!(counts.collect::<Vec<_>>(), [Some(27), Some(3)]);
    for (bucket, seconds) in buckets.iter().zip([0.000_002, 5.0]) {
        let bound = |at: usize| bucket[at].as_f64().expect("a bound");
        assert!(
            bound(0) < seconds && seconds <= bound(1),
            "{seconds}: {bucket}"
        );
        assert!(
            (bound(1) / bound(0) - 2_f64.powf(0.125)).abs() < 1e-9,
            "{bucket}"
        );
    }
    let sum = waits["sum"].as_f64().expect("a sum");
    assert!((sum / (3.0 * 5.0) - 1.0).abs() < 0.03, "{sum}");
    let unused = &found["kontrast_proxy_latency_seconds"]["histograms"][0];
    assert_eq!(
        (&unused["count"], &unused["buckets"]),
        (&json!(0), &json!([]))
    );
}

#[test]
fn reads_the_request_by_the_messages_of_opentelemetry() {
    let found = read("otlp.py", &totals().export(9).to_string());
    assert_eq!(found["resource"]["service.name"], ARM);
    assert_eq!(found["resource"]["process.pid"], 7);
    let requests = &found["kontrast.requests"];
    assert_eq!(requests["type"], "sum");
    assert_eq!(requests["temporality"], 2, "cumulative");
    let point = &requests["points"][0];
    assert_eq!(point["value"], 1236);
    assert_eq!([&point["start"], &point["end"]], [&json!(5), &json!(9)]);
    let cpu = &found["kontrast.cpu"];
    assert_eq!(cpu["unit"], "s");
    let points = cpu["points"].as_array().expect("points").iter();
    let seconds = points.map(|point| point["value"].as_f64().expect("seconds"));
    assert!((seconds.sum::<f64>() - 3.0 * 0.55).abs() < 1e-9, "{cpu}");
    let waits = &found["kontrast.run_queue_latency"]["points"][0];
    assert_eq!(waits["count"], 30);
    let buckets = waits["buckets"].as_array().expect("buckets");
    let bounds = waits["bounds"].as_array().expect("bounds");
    assert_eq!(buckets.len(), bounds.len() + 1);
    let counts = buckets.iter().filter_map(Value::as_u64);
    assert_eq!(counts.sum::<u64>(), 30);
    assert_eq!(
        (&bounds[1], &buckets[1]),
        (&json!(0.000_002_048), &json!(27))
    );
}
