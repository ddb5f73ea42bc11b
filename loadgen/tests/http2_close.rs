//! HTTP/2 servers that close connections, or that send requests back during their upload.

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
use tokio::io::{AsyncReadExt, AsyncWriteExt};
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

/// Starts a server that closes its connections. Returns its URL and the number of its connections.
fn serve(close: Close) -> (String, Arc<AtomicUsize>) {
    serve_each(move |stream, _| converse(stream, close))
}

/// Starts a server. `converse` gets each connection and how many came before it.
fn serve_each<F>(
    converse: impl Fn(TcpStream, usize) -> F + Send + 'static,
) -> (String, Arc<AtomicUsize>)
where
    F: Future<Output = ()> + Send + 'static,
{
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
                tokio::spawn(converse(stream, counter.fetch_add(1, SeqCst)));
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

/// Refuses every other stream when its upload has begun, as a server does that has not read it.
async fn refuse_every_other(stream: TcpStream, streams: Arc<AtomicUsize>) {
    let mut connection = h2::server::handshake(stream).await.unwrap();
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let refuses = streams.fetch_add(1, SeqCst).is_multiple_of(2);
        tokio::spawn(async move {
            let mut body = request.into_body();
            while let Some(Ok(part)) = body.data().await {
                if refuses {
                    return respond.send_reset(h2::Reason::REFUSED_STREAM);
                }
                let _ = body.flow_control().release_capacity(part.len());
            }
            let mut answer = respond.send_response(Response::new(()), false).unwrap();
            let _ = answer.send_data(Bytes::from_static(BODY.as_bytes()), true);
        });
    }
}

/// Sends GOAWAY that names no stream once an upload has begun, and closes the connection.
async fn take_no_stream(mut stream: TcpStream) {
    const PREFACE: usize = 24;
    const DATA: u8 = 0;
    const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    const GOAWAY: [u8; 17] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    stream.write_all(&SETTINGS).await.unwrap();
    stream.read_exact(&mut [0; PREFACE]).await.unwrap();
    let mut head = [0; 9];
    while head[3] != DATA || head[0..3] == [0; 3] {
        stream.read_exact(&mut head).await.unwrap();
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        stream.read_exact(&mut payload).await.unwrap();
    }
    stream.write_all(&GOAWAY).await.unwrap();
    // The client closes. Unread data would turn the close into a reset that overtakes GOAWAY.
    while stream.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {}
}

/// Returns a file with a request that needs several windows of flow control.
fn large_body() -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let words = "word ".repeat(60_000);
    std::fs::write(file.path(), format!("{{\"prompt\":\"{words}\"}}")).unwrap();
    file
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

#[test]
fn sends_refused_uploads_again() {
    let streams = Arc::new(AtomicUsize::new(0));
    let (url, _) = serve_each(move |stream, _| refuse_every_other(stream, streams.clone()));
    let body = large_body();
    let body = format!("@{}", body.path().display());
    // Of two users one could meet every stream that is refused, until its request is given up.
    let summary = load(&url, &["--users", "1", "--requests", "20", "--body", &body]);
    assert_none_lost(&summary, 20);
    assert_eq!(summary.requests.resent, 20);
}

#[test]
fn sends_uploads_again_that_goaway_leaves_out() {
    let (url, connections) = serve_each(|stream, before| async move {
        match before {
            0 => take_no_stream(stream).await,
            _ => converse(stream, Close::Idle(Duration::from_secs(5))).await,
        }
    });
    let body = large_body();
    let body = format!("@{}", body.path().display());
    let summary = load(&url, &["--users", "1", "--requests", "5", "--body", &body]);
    assert_none_lost(&summary, 5);
    assert_eq!(connections.load(SeqCst), 2);
}
