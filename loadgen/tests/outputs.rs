//! Outputs besides the summary: page, histogram log, merged results, live metrics.

#![expect(clippy::unwrap_used, reason = "tests panic rather than return errors")]

mod common;

use common::{loadgen, serve};
use recording::LoadSummary;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

#[test]
fn merges_the_results_of_two_machines() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str| dir.path().join(name).to_str().unwrap().to_string();
    let url = format!("{}/good", serve());
    for name in ["one.json", "two.json"] {
        let arguments = [
            "run",
            "--users",
            "2",
            "--requests",
            "5",
            "--graceful-stop",
            "1h",
            "--url",
            &url,
            "--json",
            &file(name),
        ];
        assert!(matches!(loadgen(&arguments).status.code(), Some(0 | 3)));
    }
    let (one, two) = (file("one.json"), file("two.json"));
    let output = loadgen(&[
        "merge",
        &one,
        &two,
        "--json",
        &file("all.json"),
        "--html",
        &file("all.html"),
    ]);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
    let read = |name: &str| -> LoadSummary {
        recording::io::load(file(name).as_ref(), recording::LOAD_SCHEMA).unwrap()
    };
    let (one, two, all) = (read("one.json"), read("two.json"), read("all.json"));
    assert_eq!((one.tokens, two.tokens, all.tokens), (25, 25, 50));
    assert_eq!(all.ttft.count, one.ttft.count + two.ttft.count);
    assert_eq!(all.ttft.max_ns, one.ttft.max_ns.max(two.ttft.max_ns));
    assert!(
        std::fs::read_to_string(file("all.html"))
            .unwrap()
            .contains("<svg")
    );
}

#[test]
fn rejects_the_same_file_twice() {
    let dir = tempfile::tempdir().unwrap();
    let (one, copy) = (dir.path().join("one.json"), dir.path().join("copy.json"));
    let (one, copy) = (one.to_str().unwrap(), copy.to_str().unwrap());
    let url = format!("{}/good", serve());
    loadgen(&[
        "run",
        "--users",
        "1",
        "--requests",
        "1",
        "--url",
        &url,
        "--json",
        one,
    ]);
    let twice = loadgen(&["merge", one, one]);
    assert_eq!(twice.status.code(), Some(2), "{twice:?}");
    std::fs::copy(one, copy).unwrap();
    let copied = loadgen(&["merge", one, copy]);
    assert_eq!(copied.status.code(), Some(1), "{copied:?}");
    assert!(String::from_utf8_lossy(&copied.stderr).contains("copy.json"));
}

#[test]
fn names_a_file_that_cannot_be_merged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("odd.json");
    for text in ["", "{}", "{\"schema\":\"kontrast.recording/1\"}"] {
        std::fs::write(&path, text).unwrap();
        let output = loadgen(&["merge", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("odd.json"));
    }
}

#[test]
fn writes_page_and_log() {
    let dir = tempfile::tempdir().unwrap();
    let (page, log) = (dir.path().join("load.html"), dir.path().join("load.hlog"));
    let url = format!("{}/good", serve());
    let output = loadgen(&[
        "run",
        "--users",
        "1",
        "--requests",
        "5",
        "--graceful-stop",
        "1h",
        "--url",
        &url,
        "--html",
        page.to_str().unwrap(),
        "--hdr",
        log.to_str().unwrap(),
    ]);
    assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
    assert!(std::fs::read_to_string(page).unwrap().contains("Verdict"));
    assert!(std::fs::read_to_string(log).unwrap().contains("Tag=ttft,"));
}

#[test]
fn serves_metrics_while_the_load_runs() {
    let url = format!("{}/good", serve());
    let mut child = Command::new(env!("CARGO_BIN_EXE_loadgen"))
        .args([
            "run",
            "--users",
            "1",
            "--duration",
            "1h",
            "--url",
            &url,
            "--prometheus",
            "127.0.0.1:0",
        ])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The first line has the address; the second is the first progress line, a second later.
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let address = lines.next().unwrap().unwrap();
    let address = address
        .strip_prefix("metrics at http://")
        .unwrap()
        .strip_suffix("/metrics")
        .unwrap();
    lines.next().unwrap().unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream
        .write_all(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        answer.contains("loadgen_tokens_total ") && answer.contains("loadgen_ttft_seconds_bucket")
    );
}
