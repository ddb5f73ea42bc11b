//! Server whose path selects its behaviour, faults included. It uses plain sockets, so that faults
//! are
//! exact.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

/// Starts the server and returns its address. It runs as long as the test's process.
pub fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            thread::spawn(move || converse(stream.unwrap()));
        }
    });
    format!("http://{address}")
}

fn converse(stream: TcpStream) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    stream.set_nodelay(true).ok()?;
    let mut out = stream;
    loop {
        let (path, body) = request(&mut reader)?;
        answer(&path, &body, &mut out)?;
    }
}

/// Reads path and body of the next request.
pub fn request(reader: &mut impl BufRead) -> Option<(String, Vec<u8>)> {
    let mut line = String::new();
    reader
        .read_line(&mut line)
        .ok()
        .filter(|bytes| *bytes > 0)?;
    let path = line.split(' ').nth(1)?.to_string();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if header == "\r\n" {
            break;
        }
        if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((path, body))
}

const HEAD: &str =
    "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";

/// Answers a request; none closes the connection.
fn answer(path: &str, body: &[u8], out: &mut TcpStream) -> Option<()> {
    let token = |n| format!("data: {{\"content\":\" tok{n}\"}}\n\n");
    let mut send = |bytes: &str| out.write_all(bytes.as_bytes()).ok();
    match path {
        "/good" => {
            send(HEAD)?;
            for n in 0..5 {
                thread::sleep(Duration::from_millis(2));
                send(&piece(&token(n)))?;
            }
            send(&piece("data: [DONE]\n\n"))?;
            send("0\r\n\r\n")
        }
        "/echo" => send(&whole(
            "200 OK",
            &format!(
                "data: {{\"content\":\"a\",\"b\":{}}}\n\ndata: [DONE]\n\n",
                body.len()
            ),
        )),
        "/502" => send(&whole("502 Bad Gateway", "{\"error\":\"no\"}")),
        "/nodone" => send(&whole("200 OK", &token(1))),
        "/empty" => send(&whole("200 OK", "data: [DONE]\n\n")),
        "/error" => send(&whole(
            "200 OK",
            &format!("{}data: {{\"error\":\"gone\"}}\n\n", token(1)),
        )),
        "/close" => None,
        "/midstream" => {
            send(HEAD)?;
            send(&piece(&token(1)))?;
            None
        }
        "/garbage" => {
            send("what?\r\n\r\n")?;
            None
        }
        "/stall" => {
            send(HEAD)?;
            send(&piece(&token(1)))?;
            thread::sleep(Duration::from_secs(60));
            None
        }
        // The preface of HTTP/2, a request to the path `*`.
        "*" => {
            send(&whole("400 Bad Request", "what?"))?;
            std::io::copy(out, &mut std::io::sink()).ok()?;
            None
        }
        other => panic!("no such behaviour: {other}"),
    }
}

fn piece(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

fn whole(status: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// Runs the load generator.
pub fn loadgen(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_loadgen"))
        .args(arguments)
        .output()
        .unwrap()
}
