//! Requests as servers receive them: headers, credentials, addresses.

use crate::scripted::{
    GOOD, assert_valid, event_stream, load, loadgen, request, send, serve_always as serve,
    serve_with, whole,
};
use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::thread;

/// Starts a server that stores the head of each request.
fn recorder() -> (String, Arc<Mutex<Vec<String>>>) {
    let heads = Arc::new(Mutex::new(Vec::new()));
    let kept = heads.clone();
    let url = serve_with(move |_, head, out| {
        kept.lock().unwrap().push(head.to_lowercase());
        send(out, &event_stream(GOOD))
    });
    (url, heads)
}

#[test]
fn sends_headers_as_curl_does() {
    let (url, heads) = recorder();
    let url = url.replace("http://", "http://user:secret-1@");
    let run = load(
        &url,
        &[
            "--users",
            "1",
            "--requests",
            "1",
            "--header",
            "Host: api.example",
            "--header",
            "Cookie: a=1",
            "--header",
            "Cookie: b=2",
            "--header",
            "Accept:",
        ],
    );
    assert_valid(&run);
    let head = heads.lock().unwrap()[0].clone();
    for line in [
        "host: api.example\r\n",
        "cookie: a=1\r\n",
        "cookie: b=2\r\n",
        "authorization: basic ",
    ] {
        assert!(head.contains(line), "{line:?} in {head}");
    }
    assert!(
        !head.contains("accept:") && !head.contains("secret-1@"),
        "{head}"
    );
}

#[test]
fn masks_secrets_in_every_output() {
    let url = serve_with(|_, head, out| {
        let echo = format!("no such key: {}", head.replace("\r\n", " "));
        send(
            out,
            &whole("401 Unauthorized", &echo[..echo.len().min(190)]),
        )
    });
    let url = url.replace("http://", "http://me:hidden-password@");
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let output = loadgen(&[
        "run",
        "--url",
        &format!("{url}/?key=hidden-key"),
        "--users",
        "1",
        "--requests",
        "2",
        "--header",
        "X-Api-Key: hidden-header",
        "--json",
        &file("a.json"),
        "--html",
        &file("a.html"),
        "--hdr",
        &file("a.hlog"),
    ]);
    assert_eq!(output.status.code(), Some(1));
    let mut texts = vec![output.stdout, output.stderr];
    texts.extend(["a.json", "a.html", "a.hlog"].map(|name| std::fs::read(file(name)).unwrap()));
    for text in texts {
        let text = String::from_utf8_lossy(&text);
        for secret in ["hidden-password", "hidden-key", "hidden-header"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
}

#[test]
fn tries_every_address_of_a_name() {
    let url = serve(event_stream(GOOD));
    let run = load(
        &url.replace("127.0.0.1", "localhost"),
        &["--users", "1", "--requests", "2"],
    );
    assert_valid(&run);
    assert_eq!(run.summary.requests.completed, 2);
}

#[test]
fn connects_to_a_unix_socket() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("server.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().map(Result::unwrap) {
            let mut reader = std::io::BufReader::new(stream.try_clone().unwrap());
            while request(&mut reader).is_some() {
                stream.write_all(event_stream(GOOD).as_bytes()).unwrap();
            }
        }
    });
    let url = format!("unix:{}:/chat", path.display());
    let run = load(&url, &["--users", "1", "--requests", "3"]);
    assert_valid(&run);
    assert_eq!(run.summary.requests.completed, 3);
}

#[test]
fn accepts_a_run_of_one_request() {
    let url = serve(event_stream(GOOD));
    for _ in 0..5 {
        let run = load(&url, &["--users", "1", "--requests", "1"]);
        assert_eq!(run.code, Some(0), "{:?}", run.summary.client);
    }
}
