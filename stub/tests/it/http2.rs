//! Streams over HTTP/2.

use crate::support::{get, start, tokens};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, StatusCode, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::SocketAddr;
use stub::Config;
use tokio::{net::TcpStream, task::JoinHandle};

type Sender = http2::SendRequest<Full<Bytes>>;

/// Opens a connection, and returns it with the task that drives it.
async fn connect(addr: SocketAddr) -> (Sender, JoinHandle<hyper::Result<()>>) {
    let socket = TokioIo::new(TcpStream::connect(addr).await.unwrap());
    let (sender, connection) = http2::handshake(TokioExecutor::new(), socket)
        .await
        .unwrap();
    (sender, tokio::spawn(connection))
}

/// Requests a stream, and returns its status and body, or the error that ended it.
async fn stream(
    mut sender: Sender,
    addr: SocketAddr,
    fault: &str,
) -> hyper::Result<(StatusCode, String)> {
    let body = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let request = Request::post(format!("http://{addr}/v1/chat/completions"))
        .header("x-stub-fault", fault)
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    let response = sender.send_request(request).await?;
    let status = response.status();
    let bytes = response.into_body().collect().await?.to_bytes();
    Ok((status, String::from_utf8(bytes.to_vec()).unwrap()))
}

#[tokio::test]
async fn streams_concurrently_over_one_http_2_connection() {
    let addr = start(tokens(5)).await;
    let (sender, _connection) = connect(addr).await;
    let streams = (0..20).map(|_| tokio::spawn(stream(sender.clone(), addr, "")));
    for stream in streams.collect::<Vec<_>>() {
        let (status, body) = stream.await.unwrap().unwrap();
        assert_eq!(status, 200);
        assert_eq!(body.matches("\"content\":\" tok").count(), 5);
        assert!(body.ends_with("data: [DONE]\n\n"), "{body}");
    }
    let stats = get(addr, "/stats").await.json();
    assert_eq!(
        (&stats["completed"], &stats["tokens_sent"]),
        (&20.into(), &100.into())
    );
    assert_eq!(stats["scheduled"], 100);
}

#[tokio::test]
async fn resets_one_http_2_stream_and_keeps_the_others() {
    let addr = start(tokens(10)).await;
    let (sender, _connection) = connect(addr).await;
    let other = tokio::spawn(stream(sender.clone(), addr, ""));
    assert!(stream(sender.clone(), addr, "reset-after=2").await.is_err());
    assert!(other.await.unwrap().unwrap().1.contains("[DONE]"));
    assert!(stream(sender, addr, "").await.is_ok());
}

#[tokio::test]
async fn sends_goaway_after_the_last_request_and_completes_its_streams() {
    let config = Config {
        faults: vec!["goaway-after=3".parse().unwrap()],
        ..tokens(10)
    };
    let addr = start(config).await;
    let (sender, connection) = connect(addr).await;
    let streams = (0..3).map(|_| tokio::spawn(stream(sender.clone(), addr, "")));
    for stream in streams.collect::<Vec<_>>() {
        assert!(stream.await.unwrap().unwrap().1.contains("[DONE]"));
    }
    // The stub has ended the connection gracefully, so that its task ends without an error.
    connection.await.unwrap().unwrap();
    assert!(stream(sender, addr, "").await.is_err());
}

#[tokio::test]
async fn closes_an_idle_http_2_connection() {
    let config = Config {
        faults: vec!["idle-close=30ms".parse().unwrap()],
        ..tokens(30)
    };
    let addr = start(config).await;
    let (sender, connection) = connect(addr).await;
    assert!(
        stream(sender.clone(), addr, "")
            .await
            .unwrap()
            .1
            .contains("[DONE]")
    );
    connection.await.unwrap().unwrap();
    assert!(stream(sender, addr, "").await.is_err());
}
