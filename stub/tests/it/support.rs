//! A stub that runs inside a test, and a client that sees every read.

use std::{future::pending, net::SocketAddr, time::Duration};
use stub::{Config, Gap, Script, Timing};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Starts a stub that ends with the test's runtime.
pub async fn start(config: Config) -> SocketAddr {
    let listener = stub::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(stub::serve(config, listener, pending()));
    addr
}

/// Few tokens, quickly.
pub fn tokens(count: u32) -> Config {
    let gap = Gap::Fixed(Duration::from_millis(3));
    let timing = Timing {
        first: gap.clone(),
        between: gap,
    };
    Config::new(Script::plain(count, timing))
}

/// What came of a request.
pub struct Response {
    /// Status line and headers.
    pub head: String,
    /// The body, without the chunked encoding's sizes.
    pub body: String,
    /// The sizes of the chunks, the last (0) included if it came.
    pub chunks: Vec<usize>,
    /// How the connection ended, if it did.
    pub error: Option<std::io::ErrorKind>,
}

/// Asks for a completion, with `extra` headers (each with its line end) and `extra` members of the body.
pub async fn chat(addr: SocketAddr, headers: &str, members: &str) -> Response {
    let body =
        format!(r#"{{"model":"stub","messages":[{{"role":"user","content":"hi"}}]{members}}}"#);
    post(addr, "/v1/chat/completions", headers, &body).await
}

/// Asks for a stream with faults.
pub async fn faulty(addr: SocketAddr, faults: &str) -> Response {
    chat(
        addr,
        &format!("x-stub-fault: {faults}\r\n"),
        r#","stream":true"#,
    )
    .await
}

/// Posts a body.
pub async fn post(addr: SocketAddr, path: &str, headers: &str, body: &str) -> Response {
    let length = body.len();
    exchange(addr, &format!("POST {path} HTTP/1.1\r\nhost: stub\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")).await
}

/// Gets a page.
pub async fn get(addr: SocketAddr, path: &str) -> Response {
    exchange(
        addr,
        &format!("GET {path} HTTP/1.1\r\nhost: stub\r\nconnection: close\r\n\r\n"),
    )
    .await
}

async fn exchange(addr: SocketAddr, request: &str) -> Response {
    let mut socket = TcpStream::connect(addr).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    let mut error = None;
    loop {
        match socket.read_buf(&mut bytes).await {
            Ok(0) => break,
            Ok(_) => {}
            Err(failed) => {
                error = Some(failed.kind());
                break;
            }
        }
    }
    let text = String::from_utf8(bytes).unwrap();
    let (head, rest) = text.split_once("\r\n\r\n").unwrap();
    let (body, chunks) = match head.contains("transfer-encoding: chunked") {
        true => dechunk(rest),
        false => (rest.to_owned(), Vec::new()),
    };
    let head = head.to_owned();
    Response {
        head,
        body,
        chunks,
        error,
    }
}

fn dechunk(mut rest: &str) -> (String, Vec<usize>) {
    let (mut body, mut sizes) = (String::new(), Vec::new());
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        sizes.push(size);
        body += &after[..size];
        rest = &after[size + 2..];
    }
    (body, sizes)
}

impl Response {
    /// The data of its events, `[DONE]` included.
    pub fn events(&self) -> Vec<&str> {
        self.body
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .collect()
    }

    /// Its body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether the body came to its proper end.
    pub fn is_complete(&self) -> bool {
        self.chunks.last() == Some(&0)
    }
}
