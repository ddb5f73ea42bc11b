//! A stub inside the test process, and a client that sees raw responses.

use std::{future::pending, net::SocketAddr, time::Duration};
use stub::{Config, Gap, Script, Timing};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Starts a stub. It ends with the test's runtime.
pub async fn start(config: Config) -> SocketAddr {
    let listener = stub::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(stub::serve(config, listener, pending()));
    addr
}

/// Returns a configuration with `count` tokens, 3 ms apart.
pub fn tokens(count: u32) -> Config {
    let gap = Gap::Fixed(Duration::from_millis(3));
    let timing = Timing {
        first: gap.clone(),
        between: gap,
    };
    Config::new(Script::plain(count, timing))
}

/// A raw response.
pub struct Response {
    /// Status line and headers.
    pub head: String,
    /// Body without the chunk sizes.
    pub body: String,
    /// Sizes of the chunks, including the last one (0) if it arrived.
    pub chunks: Vec<usize>,
    /// Error that ended the connection.
    pub error: Option<std::io::ErrorKind>,
}

/// Requests a chat completion with more headers (each with its line end) and more members of the
/// body.
pub async fn chat(addr: SocketAddr, headers: &str, members: &str) -> Response {
    let body =
        format!(r#"{{"model":"stub","messages":[{{"role":"user","content":"hi"}}]{members}}}"#);
    post(addr, "/v1/chat/completions", headers, &body).await
}

/// Requests a stream with faults.
pub async fn faulty(addr: SocketAddr, faults: &str) -> Response {
    chat(
        addr,
        &format!("x-stub-fault: {faults}\r\n"),
        r#","stream":true"#,
    )
    .await
}

/// Sends a POST request.
pub async fn post(addr: SocketAddr, path: &str, headers: &str, body: &str) -> Response {
    let length = body.len();
    exchange(addr, &format!("POST {path} HTTP/1.1\r\nhost: stub\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")).await
}

/// Sends a GET request.
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
    /// Returns the status code.
    pub fn status(&self) -> u16 {
        let status = self.head.split(' ').nth(1).unwrap();
        status.parse().unwrap()
    }

    /// Returns the value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        let headers = self.head.lines().filter_map(|line| line.split_once(": "));
        let mut headers = headers.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        headers.next().map(|(_, value)| value)
    }

    /// Returns the data of the events, `[DONE]` included.
    pub fn events(&self) -> Vec<&str> {
        self.body
            .lines()
            .filter_map(|line| line.strip_prefix("data: "))
            .collect()
    }

    /// Parses the body as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Returns whether the last chunk arrived.
    pub fn is_complete(&self) -> bool {
        self.chunks.last() == Some(&0)
    }
}
