//! Live counts while recording, for Prometheus and an OpenTelemetry collector.

use crate::support::{Guard, alone, known, kontrast, require_privilege};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Longest time that the counts may take to arrive.
const PATIENCE: Duration = Duration::from_secs(120);

/// A collector that accepts all exports. Returns its address and what it was sent.
fn collector() -> (String, Receiver<serde_json::Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    let (sent, received) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.expect("a connection"));
            let mut length = 0;
            let mut line = String::new();
            while stream.read_line(&mut line).is_ok() && line != "\r\n" {
                if let Some(value) = line.strip_prefix("content-length: ") {
                    length = value.trim().parse().expect("a number");
                }
                line.clear();
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).expect("the body");
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
            stream.get_mut().write_all(answer).expect("it listens");
            let body = serde_json::from_slice(&body).expect("JSON");
            if sent.send(body).is_err() {
                return;
            }
        }
    });
    (address, received)
}

/// Returns the page of metrics.
fn page(address: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it listens");
    let mut page = String::new();
    stream.read_to_string(&mut page).expect("an answer");
    page
}

/// Adds up the values of a metric over its labels.
fn sum(page: &str, metric: &str) -> u64 {
    let lines = page.lines().filter(|line| line.starts_with(metric));
    let values = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    values.sum()
}

#[test]
fn serves_and_exports_counts_while_recording() {
    const SLEEPS: u64 = 500;
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let (otlp, exports) = collector();
    let mut target = known(&["sleep", &SLEEPS.to_string()]);
    let pid = target.line();
    let mut command = kontrast();
    command.args(["record", "--until-stdin-closes", "--pid", &pid]);
    command.args(["--prometheus", "0", "--otlp", &format!("http://{otlp}")]);
    command.arg("--out").arg(dir.path().join("out"));
    let mut recorder = Guard::start(command.stderr(Stdio::piped()));
    let stderr = recorder.child.stderr.take().expect("piped");
    let mut stderr = BufReader::new(stderr);
    let mut line = String::new();
    stderr.read_line(&mut line).expect("readable");
    let address = line
        .trim_end()
        .strip_prefix("kontrast: metrics at http://")
        .and_then(|rest| rest.strip_suffix("/metrics"))
        .unwrap_or_else(|| panic!("{line}"))
        .to_owned();
    assert_eq!(recorder.line(), "recording");
    target.say("go");
    assert_eq!(target.line(), "done");
    let deadline = Instant::now() + PATIENCE;
    let switches = "kontrast_context_switches_total";
    let mut served = page(&address);
    while sum(&served, switches) < SLEEPS {
        assert!(Instant::now() < deadline, "{served}");
        std::thread::sleep(Duration::from_millis(50));
        served = page(&address);
    }
    let syscalls = sum(&served, "kontrast_syscalls_total");
    assert!((SLEEPS..SLEEPS + 100).contains(&syscalls), "{served}");
    assert!(served.contains(&format!("pid=\"{pid}\"")), "{served}");
    recorder.end();
    // The last export has the counts of the whole window.
    let last = exports.try_iter().last().expect("an export");
    let metrics = &last["resourceMetrics"][0]["scopeMetrics"][0]["metrics"];
    let mut metrics = metrics.as_array().expect("a list").iter();
    let exported = metrics.find(|metric| metric["name"] == "kontrast.context_switches");
    let points = &exported.expect("there")["sum"]["dataPoints"];
    let points = points.as_array().expect("a list").iter();
    let counts = points.map(|point| point["asInt"].as_str().expect("text"));
    let exported: u64 = counts
        .map(|count| count.parse::<u64>().expect("a number"))
        .sum();
    assert!(exported >= SLEEPS, "{last}");
}
