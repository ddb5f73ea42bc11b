//! Streams over sockets: slow readers, keep-alive, HTTP/1.0.

use crate::support::{get, start, tokens};
use std::{net::SocketAddr, time::Duration};
use stub::{Config, Gap, Script, Timing};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

fn request(version: &str, connection: &str) -> String {
    let body = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let length = body.len();
    format!(
        "POST /v1/chat/completions {version}\r\nhost: stub\r\nconnection: {connection}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

/// Returns a configuration with `count` tokens without delay.
fn without_delay(count: u32) -> Config {
    let gap = Gap::Fixed(Duration::ZERO);
    let timing = Timing {
        first: gap.clone(),
        between: gap,
    };
    Config::new(Script::plain(count, timing))
}

/// Returns the numbers of the generated tokens, in order.
fn numbers(text: &str) -> Vec<u32> {
    let tokens = text.split("\"content\":\" tok").skip(1);
    let digits = tokens.map(|token| token.split('"').next().unwrap());
    digits.map(|digits| digits.parse().unwrap()).collect()
}

async fn read_to_end(mut socket: TcpStream) -> String {
    let mut text = String::new();
    socket.read_to_string(&mut text).await.unwrap();
    text
}

async fn counted(addr: SocketAddr, name: &str) -> u64 {
    get(addr, "/stats").await.json()[name].as_u64().unwrap()
}

#[tokio::test]
async fn sends_everything_in_order_to_a_slow_reader() {
    const TOKENS: u32 = 40_000;
    let addr = start(without_delay(TOKENS)).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut socket = socket.connect(addr).await.unwrap();
    let request = request("HTTP/1.1", "close");
    socket.write_all(request.as_bytes()).await.unwrap();
    // Waits until the socket buffers of both sides are full.
    let mut before = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let now = counted(addr, "chunks_sent").await;
        if now == before && now > 0 {
            break;
        }
        before = now;
    }
    assert!(
        before < TOKENS.into(),
        "the socket buffers hold all {before} tokens"
    );
    let text = read_to_end(socket).await;
    assert_eq!(numbers(&text), (0..TOKENS).collect::<Vec<_>>());
    assert!(text.ends_with("data: [DONE]\n\n\r\n0\r\n\r\n"));
    assert_eq!(counted(addr, "completed").await, 1);
}

#[tokio::test]
async fn counts_a_slow_reader_that_disconnects_as_aborted() {
    let addr = start(without_delay(1_000_000)).await;
    let mut socket = TcpStream::connect(addr).await.unwrap();
    let request = request("HTTP/1.1", "close");
    socket.write_all(request.as_bytes()).await.unwrap();
    while counted(addr, "chunks_sent").await == 0 {}
    drop(socket);
    while counted(addr, "aborted").await == 0 {}
    assert_eq!(counted(addr, "active").await, 0);
}

#[tokio::test]
async fn sends_several_streams_over_one_connection() {
    let addr = start(tokens(2)).await;
    let mut socket = TcpStream::connect(addr).await.unwrap();
    // Pipelined: the second response follows the first.
    let both = request("HTTP/1.1", "keep-alive") + &request("HTTP/1.1", "close");
    socket.write_all(both.as_bytes()).await.unwrap();
    let text = read_to_end(socket).await;
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 2);
    assert_eq!(numbers(&text), [0, 1, 0, 1]);
    assert_eq!(text.matches("\r\n0\r\n\r\n").count(), 2);
}

#[tokio::test]
async fn sends_no_chunks_to_http_1_0() {
    let addr = start(tokens(2)).await;
    let mut socket = TcpStream::connect(addr).await.unwrap();
    let request = request("HTTP/1.0", "close");
    socket.write_all(request.as_bytes()).await.unwrap();
    let text = read_to_end(socket).await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    assert!(!head.contains("transfer-encoding"), "{head}");
    assert_eq!(numbers(body), [0, 1]);
    assert!(body.starts_with("data: {") && body.ends_with("\n\ndata: [DONE]\n\n"));
    assert!(!body.contains('\r'));
}
