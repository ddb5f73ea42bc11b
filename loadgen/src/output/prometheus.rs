//! Prometheus endpoint of the running load.

use super::metrics::{self, PREFIX};
use crate::measure::Totals;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Response, StatusCode, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use report::metrics::prometheus::{CONTENT_TYPE as TEXT, page};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

/// Wait after a failed accept.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// Counts of the last whole second.
pub type Latest = Arc<Mutex<Arc<Totals>>>;

/// Serves scrapes until the runtime ends.
pub async fn serve(listener: TcpListener, latest: Latest) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(converse(stream, latest.clone()))),
            // Out of descriptors, for instance. A connection that waits for one keeps the listener
            // ready, so that accepting in a loop would take a whole core.
            Err(_) => tokio::time::sleep(ACCEPT_RETRY).await,
        }
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
    // Errors of a scraper's connection do not matter to the load.
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), answer)
        .await;
}

fn answer(path: &str, totals: &Totals) -> Response<Full<Bytes>> {
    if path != "/metrics" {
        let mut response =
            Response::new(Full::new(Bytes::from_static(b"metrics are at /metrics\n")));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    let mut response = Response::new(Full::new(Bytes::from(text(totals))));
    let kind = HeaderValue::from_static(TEXT);
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// Returns the metrics in the Prometheus text format.
pub fn text(totals: &Totals) -> String {
    page(PREFIX, &[], &metrics::all(totals))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Failure;

    #[test]
    fn exposes_counters_and_histograms() {
        let mut totals = Totals {
            tokens: 5,
            ..Totals::default()
        };
        [1, 20, 3_000]
            .iter()
            .for_each(|ms| totals.counters.ttft.record(ms * 1_000_000));
        totals.counters.started(false);
        totals.counters.failed(None, Failure::Reset);
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
    fn serves_metrics_only() {
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
