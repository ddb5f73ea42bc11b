//! The run as Prometheus sees it, served while it lasts.
//!
//! Histograms have fixed buckets, so that those of several machines add up in a query.

use crate::measure::{Latency, Totals};
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::{TcpListener, TcpStream};

/// Upper bounds of the histograms' buckets, milliseconds.
const BOUNDS_MS: [f64; 18] = [
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 1e3, 2.5e3, 5e3,
    1e4, 6e4,
];

/// The last whole second's counts, for whoever asks.
pub type Latest = Arc<Mutex<Arc<Totals>>>;

/// Answers scrapes until the runtime ends.
pub async fn serve(listener: TcpListener, latest: Latest) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(converse(stream, latest.clone()));
    }
}

async fn converse(stream: TcpStream, latest: Latest) {
    let answer = service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
        let totals = latest
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        async move { Ok::<_, Infallible>(answer(request.uri().path(), &totals)) }
    });
    // A scraper that goes away in the middle is its own affair.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}

fn answer(path: &str, totals: &Totals) -> Response<Full<Bytes>> {
    if path != "/metrics" {
        let mut response = Response::new(Full::new(Bytes::from_static(b"look at /metrics\n")));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    let mut response = Response::new(Full::new(Bytes::from(text(totals))));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// The exposition text.
pub fn text(totals: &Totals) -> String {
    let mut out = String::new();
    let requests = &totals.tally.requests;
    family(
        &mut out,
        "requests_total",
        "counter",
        "Requests by how they ended.",
    );
    sample(
        &mut out,
        "requests_total",
        "{result=\"completed\"}",
        requests.completed as f64,
    );
    sample(
        &mut out,
        "requests_total",
        "{result=\"cut\"}",
        requests.cut as f64,
    );
    for (result, reasons) in [
        ("failed", &requests.failed),
        ("rejected", &requests.rejected),
    ] {
        for (reason, count) in reasons {
            let labels = format!("{{result=\"{result}\",reason=\"{reason}\"}}");
            sample(&mut out, "requests_total", &labels, *count as f64);
        }
    }
    for (name, help, value) in [
        ("tokens_total", "Content tokens received.", totals.tokens),
        ("chunks_total", "Content chunks received.", totals.chunks),
        (
            "sent_bytes_total",
            "Bytes written to sockets.",
            totals.bytes_sent,
        ),
        (
            "received_bytes_total",
            "Bytes read from sockets.",
            totals.bytes_received,
        ),
    ] {
        family(&mut out, name, "counter", help);
        sample(&mut out, name, "", value as f64);
    }
    family(&mut out, "active_streams", "gauge", "Streams open.");
    sample(&mut out, "active_streams", "", totals.tally.active as f64);
    for (name, latency) in totals.tally.named() {
        histogram(&mut out, &format!("{name}_seconds"), latency);
    }
    out
}

fn family(out: &mut String, name: &str, kind: &str, help: &str) {
    let text = format!("# HELP loadgen_{name} {help}\n# TYPE loadgen_{name} {kind}\n");
    out.push_str(&text);
}

fn sample(out: &mut String, name: &str, labels: &str, value: f64) {
    writeln!(out, "loadgen_{name}{labels} {value}").expect("memory takes any text");
}

fn histogram(out: &mut String, name: &str, latency: &Latency) {
    family(
        out,
        name,
        "histogram",
        "Seconds, of answers that passed all checks.",
    );
    let bucket = format!("{name}_bucket");
    for ms in BOUNDS_MS {
        let within = latency.count() - latency.count_above((ms * 1e6) as u64);
        sample(
            out,
            &bucket,
            &format!("{{le=\"{}\"}}", ms / 1e3),
            within as f64,
        );
    }
    sample(out, &bucket, "{le=\"+Inf\"}", latency.count() as f64);
    sample(
        out,
        &format!("{name}_sum"),
        "",
        latency.mean() * latency.count() as f64 / 1e9,
    );
    sample(out, &format!("{name}_count"), "", latency.count() as f64);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Failure;

    #[test]
    fn counters_and_histograms_are_exposed() {
        let mut totals = Totals {
            tokens: 5,
            ..Totals::default()
        };
        [1, 20, 3_000]
            .iter()
            .for_each(|ms| totals.tally.ttft.record(ms * 1_000_000));
        totals.tally.started();
        totals.tally.failed(Failure::Reset);
        let text = text(&totals);
        for line in [
            "# TYPE loadgen_ttft_seconds histogram",
            "loadgen_ttft_seconds_bucket{le=\"0.025\"} 2",
            "loadgen_ttft_seconds_bucket{le=\"+Inf\"} 3",
            "loadgen_ttft_seconds_count 3",
            "loadgen_tokens_total 5",
            "loadgen_requests_total{result=\"failed\",reason=\"connection reset\"} 1",
        ] {
            assert!(
                text.lines().any(|found| found == line),
                "{line}\nin\n{text}"
            );
        }
    }

    #[test]
    fn only_metrics_are_served() {
        assert_eq!(
            answer("/", &Totals::default()).status(),
            StatusCode::NOT_FOUND
        );
        assert_eq!(
            answer("/metrics", &Totals::default()).status(),
            StatusCode::OK
        );
    }
}
