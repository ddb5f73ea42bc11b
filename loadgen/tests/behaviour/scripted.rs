//! Server whose answers a closure writes, on plain sockets, and runs of the load generator.

use recording::LoadSummary;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

/// Starts a server and returns its URL. It calls `answer` with the number of the request, its text
/// (head and body) and the connection; none closes the connection.
pub fn serve_with(
    answer: impl Fn(usize, &str, &mut TcpStream) -> Option<()> + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (answer, requests) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
    thread::spawn(move || {
        for mut stream in listener.incoming().map(Result::unwrap) {
            let (answer, requests) = (answer.clone(), requests.clone());
            thread::spawn(move || {
                let mut reader = BufReader::new(stream.try_clone().unwrap());
                while let Some(request) = request(&mut reader) {
                    let number = requests.fetch_add(1, SeqCst);
                    if answer(number, &request, &mut stream).is_none() {
                        break;
                    }
                }
            });
        }
    });
    url
}

/// Starts a server that answers every request alike.
pub fn serve_always(answer: String) -> String {
    serve_with(move |_, _, out| send(out, &answer))
}

/// Reads a request, and returns its head and body.
pub fn request(reader: &mut impl BufRead) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let bytes = reader.read_line(&mut head).ok()?;
        (bytes > 0).then_some(())?;
    }
    let mut lines = head.lines();
    let length = lines.find_map(|line| {
        let lower = line.to_lowercase();
        lower.strip_prefix("content-length:")?.trim().parse().ok()
    });
    let mut body = reader.take(length.unwrap_or(0));
    body.read_to_string(&mut head).ok()?;
    Some(head)
}

/// Writes `text`.
pub fn send(out: &mut TcpStream, text: &str) -> Option<()> {
    out.write_all(text.as_bytes()).ok()
}

/// Returns an answer with a body.
pub fn whole(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// Body of a good answer: two tokens and the end mark.
pub const GOOD: &str =
    "data: {\"content\":\" a\"}\n\ndata: {\"content\":\" b\"}\n\ndata: [DONE]\n\n";

/// Result of a run.
pub struct Run {
    pub code: Option<i32>,
    pub summary: LoadSummary,
    pub stderr: String,
}

/// Runs a load against `url`.
pub fn load(url: &str, more: &[&str]) -> Run {
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("load.json");
    let mut arguments = vec!["run", "--url", url, "--json", json.to_str().unwrap()];
    arguments.extend(more);
    let output = loadgen(&arguments);
    let summary = recording::io::load(&json, recording::LOAD_SCHEMA);
    let summary: LoadSummary = summary.unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let requests = &summary.requests;
    let failed: u64 = requests.failed.values().sum();
    assert_eq!(requests.started, requests.completed + failed + requests.cut);
    Run {
        code: output.status.code(),
        summary,
        stderr: String::from_utf8_lossy(&output.stderr).into(),
    }
}

/// Runs the load generator.
pub fn loadgen(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_loadgen"))
        .args(arguments)
        .output()
        .unwrap()
}

pub fn event_stream(body: &str) -> String {
    whole("200 OK\r\ncontent-type: text/event-stream", body)
}

/// Asserts that the result is valid and good, or that a busy machine made it invalid.
pub fn assert_valid(run: &Run) {
    assert!(
        matches!(run.code, Some(0 | 3)),
        "{:?} {}",
        run.code,
        run.stderr
    );
}
