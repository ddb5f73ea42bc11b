//! Metrics exported to a collector while the load runs.

#![expect(clippy::unwrap_used, reason = "tests panic rather than return errors")]

mod common;

use common::{loadgen, request, serve};
use serde_json::Value;
use std::io::{BufReader, Write};
use std::net::TcpListener;
use std::process::Output;
use std::sync::{Arc, Mutex};

type Deliveries = Arc<Mutex<Vec<(String, Value)>>>;

/// Starts a collector that stores each export and always answers the same.
fn collector(status: &'static str, answer: &'static str) -> (String, Deliveries) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let deliveries = Deliveries::default();
    let kept = deliveries.clone();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map(Result::unwrap) {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while let Some((path, body)) = request(&mut reader) {
                let body = serde_json::from_slice(&body).unwrap();
                kept.lock().unwrap().push((path, body));
                let head = format!(
                    "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n",
                    answer.len()
                );
                stream.write_all((head + answer).as_bytes()).unwrap();
            }
        }
    });
    (url, deliveries)
}

fn load(collector: &str) -> Output {
    let url = format!("{}/good", serve());
    let mut arguments = vec![
        "run",
        "--users",
        "2",
        "--requests",
        "8",
        "--graceful-stop",
        "1h",
    ];
    arguments.extend(["--url", &url, "--otlp", collector]);
    loadgen(&arguments)
}

fn sum(delivery: &Value, name: &str) -> u64 {
    let metrics = delivery["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]
        .as_array()
        .unwrap();
    let metric = metrics
        .iter()
        .find(|metric| metric["name"] == name)
        .unwrap();
    let value = &metric["sum"]["dataPoints"][0]["asInt"];
    value.as_str().unwrap().parse().unwrap()
}

#[test]
fn exports_the_whole_run_at_the_end() {
    let (url, deliveries) = collector("200 OK", "{}");
    let output = load(&url);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
    let deliveries = deliveries.lock().unwrap();
    assert!(deliveries.iter().all(|(path, _)| path == "/v1/metrics"));
    let last = &deliveries.last().unwrap().1;
    assert_eq!(
        (sum(last, "loadgen.requests"), sum(last, "loadgen.tokens")),
        (8, 40)
    );
    let counts: Vec<u64> = deliveries
        .iter()
        .map(|(_, body)| sum(body, "loadgen.tokens"))
        .collect();
    assert!(counts.is_sorted(), "cumulative: {counts:?}");
}

#[test]
fn distinguishes_two_load_generators() {
    let (url, deliveries) = collector("200 OK", "{}");
    load(&url);
    let one = deliveries.lock().unwrap().last().unwrap().1.clone();
    load(&url);
    let two = deliveries.lock().unwrap().last().unwrap().1.clone();
    let instance =
        |delivery: &Value| delivery["resourceMetrics"][0]["resource"]["attributes"][2].clone();
    assert_eq!(instance(&one)["key"], "service.instance.id");
    assert_ne!(instance(&one), instance(&two));
    assert_eq!(
        sum(&one, "loadgen.tokens") + sum(&two, "loadgen.tokens"),
        80
    );
}

#[test]
fn reports_a_refusing_collector_and_goes_on() {
    let (refusing, _) = collector("503 Service Unavailable", "too busy");
    let partial = r#"{"partialSuccess":{"rejectedDataPoints":"3"}}"#;
    let (choosy, _) = collector("200 OK", partial);
    let unused = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    for (url, reason) in [
        (refusing, "status 503"),
        (choosy, "rejected a part"),
        (format!("http://{unused}"), "connection refused"),
    ] {
        let output = load(&url);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
        assert!(
            stderr.contains(reason) && stderr.contains("incomplete"),
            "{stderr}"
        );
    }
}

#[test]
fn rejects_a_collector_that_is_no_url() {
    assert_eq!(load("nonsense").status.code(), Some(2));
}
