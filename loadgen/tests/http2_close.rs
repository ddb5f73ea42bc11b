//! HTTP/2 servers that close connections: after a number of requests, or when they are idle.

#![expect(clippy::unwrap_used, reason = "tests panic rather than return errors")]

use bytes::Bytes;
use http_body_util::Full;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use recording::LoadSummary;
use std::convert::Infallible;
use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

const BODY: &str = "data: {\"content\":\" a\"}\n\ndata: [DONE]\n\n";

/// Moment at which a server closes a connection.
#[derive(Clone, Copy)]
enum Close {
    /// With GOAWAY, after so many requests.
    After(usize),
    /// With GOAWAY, after so much time without a request.
    Idle(Duration),
    /// Without GOAWAY, after so much time without a request.
    Silently(Duration),
}

/// Starts a server. Returns its URL and the number of its connections.
fn serve(close: Close) -> (String, Arc<AtomicUsize>) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = connections.clone();
    std::thread::spawn(move || {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let listener = TcpListener::from_std(listener).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                counter.fetch_add(1, SeqCst);
                tokio::spawn(converse(stream, close));
            }
        });
    });
    (url, connections)
}

async fn converse(stream: TcpStream, close: Close) {
    let (served, request) = (AtomicUsize::new(0), Notify::new());
    let service = service_fn(|_: Request<hyper::body::Incoming>| {
        served.fetch_add(1, SeqCst);
        request.notify_one();
        async {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(
                BODY.as_bytes(),
            ))))
        }
    });
    let builder = http2::Builder::new(TokioExecutor::new());
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
    loop {
        let idle = match close {
            Close::After(_) => Duration::MAX,
            Close::Idle(idle) | Close::Silently(idle) => idle,
        };
        tokio::select! {
            _ = connection.as_mut() => return,
            () = request.notified() => match close {
                Close::After(most) if served.load(SeqCst) >= most => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                    return;
                }
                _ => {}
            },
            () = tokio::time::sleep(idle) => match close {
                Close::Silently(_) => return,
                _ => {
                    connection.as_mut().graceful_shutdown();
                    let _ = connection.await;
                    return;
                }
            },
        }
    }
}

fn load(url: &str, more: &[&str]) -> LoadSummary {
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("load.json");
    let output = Command::new(env!("CARGO_BIN_EXE_loadgen"))
        .args([
            "run",
            "--http2",
            "--url",
            url,
            "--duration",
            "30s",
            "--json",
        ])
        .arg(&json)
        .args(more)
        .output()
        .unwrap();
    assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
    recording::io::load(&json, recording::LOAD_SCHEMA).unwrap()
}

fn assert_none_lost(summary: &LoadSummary, requests: u64) {
    let counts = &summary.requests;
    assert_eq!(
        (counts.started, counts.completed),
        (requests, requests),
        "{counts:?}"
    );
    assert_eq!(summary.ttft.count, requests, "{counts:?}");
}

#[test]
fn loses_no_request_when_the_server_limits_requests_per_connection() {
    let (url, connections) = serve(Close::After(7));
    let summary = load(&url, &["--users", "4", "--requests", "400"]);
    assert_none_lost(&summary, 400);
    assert!(connections.load(SeqCst) >= 50, "{connections:?}");
}

#[test]
fn loses_no_request_when_the_server_closes_idle_connections() {
    for close in [Close::Idle, Close::Silently] {
        let (url, connections) = serve(close(Duration::from_millis(20)));
        // Far apart, so that the connection is closed long before the next request.
        let summary = load(&url, &["--rate", "4", "--requests", "6"]);
        assert_none_lost(&summary, 6);
        assert!(connections.load(SeqCst) > 1, "{connections:?}");
    }
}
