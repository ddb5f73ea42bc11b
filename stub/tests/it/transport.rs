//! How streams get through sockets: slow readers, several requests a connection, HTTP/1.0.

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

/// So many tokens, as fast as can be.
fn at_once(count: u32) -> Config {
    let gap = Gap::Fixed(Duration::ZERO);
    let timing = Timing {
        first: gap.clone(),
        between: gap,
    };
    Config::new(Script::plain(count, timing))
}

/// The numbers of the made-up tokens, in the order of their coming.
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
async fn a_slow_reader_gets_everything_in_order() {
    const TOKENS: u32 = 40_000;
    let addr = start(at_once(TOKENS)).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let mut socket = socket.connect(addr).await.unwrap();
    let request = request("HTTP/1.1", "close");
    socket.write_all(request.as_bytes()).await.unwrap();
    // Until both sides' buffers are full, and the stub can send no more.
    let mut before = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(20)).await;
        let now = counted(addr, "chunks_sent").await;
        if now == before && now > 0 {
            break;
        }
        before = now;
    }
    assert!(before < TOKENS.into(), "all {before} fitted into buffers");
    let text = read_to_end(socket).await;
    assert_eq!(numbers(&text), (0..TOKENS).collect::<Vec<_>>());
    assert!(text.ends_with("data: [DONE]\n\n\r\n0\r\n\r\n"));
    assert_eq!(counted(addr, "completed").await, 1);
}

#[tokio::test]
async fn a_slow_reader_that_leaves_is_counted_as_aborted() {
    let addr = start(at_once(1_000_000)).await;
    let mut socket = TcpStream::connect(addr).await.unwrap();
    let request = request("HTTP/1.1", "close");
    socket.write_all(request.as_bytes()).await.unwrap();
    while counted(addr, "chunks_sent").await == 0 {}
    drop(socket);
    while counted(addr, "aborted").await == 0 {}
    assert_eq!(counted(addr, "active").await, 0);
}

#[tokio::test]
async fn one_connection_carries_several_streams() {
    let addr = start(tokens(2)).await;
    let mut socket = TcpStream::connect(addr).await.unwrap();
    // Both at once: the second waits until the first is answered.
    let both = request("HTTP/1.1", "keep-alive") + &request("HTTP/1.1", "close");
    socket.write_all(both.as_bytes()).await.unwrap();
    let text = read_to_end(socket).await;
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 2);
    assert_eq!(numbers(&text), [0, 1, 0, 1]);
    assert_eq!(text.matches("\r\n0\r\n\r\n").count(), 2);
}

#[tokio::test]
async fn http_1_0_knows_no_chunks() {
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
