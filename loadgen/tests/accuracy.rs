//! Error of the client's stamps, measured by the sender's.

#![expect(clippy::unwrap_used, reason = "tests panic rather than return errors")]

mod common;

use common::{loadgen, request, serve};
use recording::LoadSummary;
use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Starts a server that stamps each of three tokens and delays it by `delay`, like a slow path to
/// the
/// client.
fn stamping(delay: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            std::thread::spawn(move || converse(stream.unwrap(), delay));
        }
    });
    url
}

fn converse(mut stream: TcpStream, delay: Duration) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    stream.set_nodelay(true).ok()?;
    while request(&mut reader).is_some() {
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        stream.write_all(head).ok()?;
        for _ in 0..3 {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
            let stamp = now.as_nanos();
            std::thread::sleep(delay);
            let event = format!("data: {{\"content\":\" a\",\"sent_unix_ns\":{stamp}}}\n\n");
            let piece = format!("{:x}\r\n{event}\r\n", event.len());
            stream.write_all(piece.as_bytes()).ok()?;
        }
        stream
            .write_all(b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n")
            .ok()?;
    }
    None
}

fn summary(url: &str) -> LoadSummary {
    let dir = tempfile::tempdir().unwrap();
    let json = dir.path().join("load.json");
    let mut arguments = vec!["run", "--users", "1", "--requests", "8", "--url", url];
    arguments.extend(["--graceful-stop", "1h", "--json", json.to_str().unwrap()]);
    let output = loadgen(&arguments);
    recording::io::load(&json, recording::LOAD_SCHEMA)
        .unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

#[test]
fn measures_a_delay_on_the_path_as_error() {
    let summary = summary(&stamping(Duration::from_millis(20)));
    assert_eq!((summary.requests.completed, summary.tokens), (8, 24));
    let client = &summary.client;
    // A sleep is never too short, and nothing compensates for it; 0.1 % is the histogram's.
    assert!(client.stamp_error_p50_ns >= 19_900_000, "{client:?}");
    assert!(client.stamp_error_p99_ns >= client.stamp_error_p50_ns);
}

#[test]
fn measures_the_error_only_with_stamps() {
    let near = summary(&stamping(Duration::ZERO));
    assert!(near.client.stamp_error_p50_ns > 0);
    let unstamped = summary(&format!("{}/good", serve()));
    assert_eq!(unstamped.client.stamp_error_p99_ns, 0);
}
