//! Steps from outside: requests that a server receives, and results of answers that do not stream.

#![expect(clippy::unwrap_used, reason = "tests panic rather than return errors")]

mod common;

use common::{loadgen, request, serve};
use recording::LoadSummary;
use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// Path and body of each request, in order of arrival.
type Seen = Arc<Mutex<Vec<(String, String)>>>;

/// Starts a server that answers JSON: 201 to a request with a body, else 200.
fn serve_json() -> (String, Seen) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/notes", listener.local_addr().unwrap());
    let seen = Seen::default();
    let seen_here = seen.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let seen = seen_here.clone();
            thread::spawn(move || converse(stream.unwrap(), &seen));
        }
    });
    (url, seen)
}

fn converse(mut stream: TcpStream, seen: &Seen) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let (path, body) = request(&mut reader)?;
        let body = String::from_utf8(body).unwrap();
        let status = if body.is_empty() {
            "200 OK"
        } else {
            "201 Created"
        };
        seen.lock().unwrap().push((path, body));
        // Looks like an event of a stream.
        let json = "\ndata: {\"content\":\"no stream\"}\n\n";
        let head =
            format!("HTTP/1.1 {status}\r\ncontent-type: application/json; charset=utf-8\r\n");
        let answer = format!("{head}content-length: {}\r\n\r\n{json}", json.len());
        stream.write_all(answer.as_bytes()).ok()?;
    }
}

const STEPS: &str = r#"
expect = { min_tokens = 0, done = false }

[[steps]]
name = "create"
body = '{"id":"{user}-{turn}"}'
expect = { status = 201 }

[[steps]]
path = "/notes/{user}-{iteration}"
"#;

/// Runs four requests of one user with the steps in `text`.
fn load(url: &str, text: &str) -> (Option<i32>, LoadSummary) {
    let dir = tempfile::tempdir().unwrap();
    let (steps, json) = (dir.path().join("steps.toml"), dir.path().join("load.json"));
    std::fs::write(&steps, text).unwrap();
    let mut arguments = vec!["run", "--users", "1", "--requests", "4", "--url", url];
    arguments.extend(["--steps", steps.to_str().unwrap()]);
    arguments.extend(["--json", json.to_str().unwrap()]);
    let output = loadgen(&arguments);
    let summary = recording::io::load(&json, recording::LOAD_SCHEMA);
    let summary = summary.unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (output.status.code(), summary)
}

#[test]
fn repeats_the_steps_in_order() {
    let (url, seen) = serve_json();
    let (code, summary) = load(&url, STEPS);
    assert!(matches!(code, Some(0 | 3)), "{code:?}");
    let expected = [
        ("/notes", r#"{"id":"0-0"}"#),
        ("/notes/0-0", ""),
        ("/notes", r#"{"id":"0-2"}"#),
        ("/notes/0-1", ""),
    ];
    let expected = expected.map(|(path, body)| (path.to_owned(), body.to_owned()));
    assert_eq!(*seen.lock().unwrap(), expected);
    assert_eq!(summary.requests.completed, 4);
    assert!(summary.requests.rejected.is_empty());
}

#[test]
fn measures_no_first_token_without_a_stream() {
    let (url, _) = serve_json();
    let (_, summary) = load(&url, STEPS);
    assert_eq!((summary.total.count, summary.ttfb.count), (4, 4));
    assert_eq!((summary.tokens, summary.ttft.count), (0, 0));
    assert!(summary.total.min_ns > 0);
}

#[test]
fn accepts_streaming_steps() {
    let (code, summary) = load(
        &serve(),
        "[[steps]]\npath = '/good'\n[[steps]]\npath = '/echo'\nbody = '{turn}'",
    );
    assert!(matches!(code, Some(0 | 3)), "{code:?}");
    assert_eq!((summary.requests.completed, summary.tokens), (4, 12));
    assert_eq!((summary.ttft.count, summary.itl.count), (4, 8));
    assert_eq!(summary.checks.len(), 6);
    let steps: Vec<_> = summary.steps.iter().collect();
    let counts = steps
        .iter()
        .map(|step| (&*step.name, &*step.path, step.good, step.ttft.count));
    let expected = [("GET /good", "/good", 2, 2), ("POST /echo", "/echo", 2, 2)];
    assert_eq!(counts.collect::<Vec<_>>(), expected);
    assert_eq!(steps[1].method, "POST");
}

#[test]
fn names_the_step_of_a_rejection() {
    let (url, _) = serve_json();
    let (code, summary) = load(&url, &STEPS.replace("201", "204"));
    assert!(matches!(code, Some(0 | 3)), "{code:?}");
    assert_eq!(summary.requests.rejected["create: status 201"], 2);
    let counts = summary
        .steps
        .iter()
        .map(|step| (step.good, step.failed, step.total.count));
    assert_eq!(counts.collect::<Vec<_>>(), [(0, 2, 0), (2, 0, 2)]);
    let checks: Vec<_> = summary
        .checks
        .iter()
        .map(|check| (check.name.as_str(), check.passed, check.failed))
        .collect();
    assert_eq!(
        checks,
        [
            ("create: status is 204", 0, 2),
            ("GET /notes/{user}-{iteration}: status is 200", 2, 0)
        ]
    );
}

#[test]
fn rejects_bad_files_before_any_request() {
    let (url, seen) = serve_json();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("steps.toml");
    let file = path.to_str().unwrap();
    for text in [
        "",
        "steps = []",
        "[[steps]]\nmethod = 'PSOT'",
        "[[steps]]\nbdy = ''",
    ] {
        std::fs::write(&path, text).unwrap();
        let output = loadgen(&["run", "--url", &url, "--steps", file]);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(stderr.contains("steps.toml"), "{stderr}");
    }
    let both = ["run", "--url", &url, "--steps", file, "--body", "{}"];
    assert_eq!(loadgen(&both).status.code(), Some(2));
    let missing = ["run", "--url", &url, "--steps", "no/such/file"];
    assert_eq!(loadgen(&missing).status.code(), Some(2));
    assert!(seen.lock().unwrap().is_empty());
}
