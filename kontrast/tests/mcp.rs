//! `kontrast mcp`, driven as an assistant does: JSON-RPC by line over pipes.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on may panic, its helpers too"
)]

use recording::comparison::Arm;
use recording::testing::{Build, MAIN};
use recording::{COMPARISON_SCHEMA, Comparison, io};
use serde_json::{Value, json};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A client, and the server that it started.
struct Client {
    server: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    id: u64,
}

impl Client {
    /// Starts a server for this directory and initializes it.
    fn start(root: &Path) -> (Self, Value) {
        let mut server = Command::new(env!("CARGO_BIN_EXE_kontrast"))
            .arg("mcp")
            .arg(root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut client = Client {
            input: server.stdin.take(),
            output: BufReader::new(server.stdout.take().unwrap()),
            server,
            id: 0,
        };
        let about = json!({
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" },
        });
        let initialized = client.ask("initialize", about);
        client.send(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        (client, initialized)
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.input.as_mut().unwrap(), "{message}").unwrap();
    }

    /// Sends a request and returns its answer.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.id += 1;
        let id = self.id;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let mut line = String::new();
            let read = self.output.read_line(&mut line).unwrap();
            assert!(read > 0, "the server ended without an answer to {method}");
            let message: Value = serde_json::from_str(&line).unwrap();
            if message["id"] == id {
                return message;
            }
        }
    }

    /// Calls a tool, and returns its text and whether it is an error.
    fn call(&mut self, tool: &str, arguments: Value) -> (String, bool) {
        let params = json!({ "name": tool, "arguments": arguments });
        let answer = self.ask("tools/call", params);
        let result = &answer["result"];
        let text = result["content"][0]["text"].as_str();
        let text = text.unwrap_or_else(|| panic!("no text in {answer}"));
        (text.to_owned(), result["isError"] == true)
    }

    /// Closes the pipe and waits for the server's end.
    fn end(mut self) -> bool {
        self.input = None;
        self.server.wait().unwrap().success()
    }
}

fn store(dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    let build = Build::arm("go").thread(1, MAIN, |it| it.user(1_000_000, 1));
    io::save_recording(dir, &build.load(1_000, 10).done()).unwrap();
}

#[test]
fn answers_initialize_list_and_call() {
    let dir = tempfile::tempdir().unwrap();
    store(&dir.path().join("runs/one"));
    let (mut client, initialized) = Client::start(dir.path());
    assert_eq!(initialized["result"]["serverInfo"]["name"], "kontrast");
    let tools = client.ask("tools/list", json!({}));
    let tools = tools["result"]["tools"].as_array().unwrap();
    let names: Vec<_> = tools.iter().map(|tool| tool["name"].as_str()).collect();
    assert_eq!(names, [Some("list_results"), Some("explain")]);
    let (list, failed) = client.call("list_results", json!({}));
    assert!(!failed);
    let list: Value = serde_json::from_str(&list).unwrap();
    assert_eq!(list["results"], json!(["runs/one"]));
    let (answer, failed) = client.call("explain", json!({ "dir": "runs/one" }));
    assert!(!failed, "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    assert_eq!(answer["schema"], "kontrast.explain/1");
    let first = &answer["statements"][0];
    assert!(
        first["text"].as_str().unwrap().starts_with("go uses"),
        "{first}"
    );
    assert_eq!(first["cites"][0], "comparison#/metrics/0/arms/go");
    assert!(client.end());
}

#[test]
fn confines_clients_to_its_directory() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("root");
    store(&root.join("inside"));
    store(&dir.path().join("outside"));
    std::os::unix::fs::symlink(dir.path().join("outside"), root.join("link")).unwrap();
    // A comparison whose recording lies elsewhere.
    let arm = Arm {
        arm: "go".into(),
        recordings: vec!["../../outside/recording.json".into()],
        ..Arm::default()
    };
    let comparison = Comparison {
        schema: COMPARISON_SCHEMA.into(),
        arms: vec![arm],
        ..Comparison::default()
    };
    fs::create_dir(root.join("sly")).unwrap();
    io::save_comparison(&root.join("sly"), &comparison).unwrap();
    let absolute = dir.path().join("outside").display().to_string();
    let (mut client, _) = Client::start(&root);
    for refused in ["../outside", &absolute, "link", "sly", "/etc", "nowhere"] {
        let (text, failed) = client.call("explain", json!({ "dir": refused }));
        assert!(failed, "{refused}: {text}");
        assert!(text.contains("no such result below"), "{refused}: {text}");
    }
    let (text, failed) = client.call("explain", json!({ "dir": "inside" }));
    assert!(!failed, "{text}");
    assert!(client.end());
}

#[test]
fn reports_wrong_arguments_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    store(&dir.path().join("one"));
    let (mut client, _) = Client::start(dir.path());
    for wrong in [
        json!({}),
        json!({ "dir": 7 }),
        json!({ "dir": "one", "topic": "weather" }),
        json!({ "dir": "one", "page": 99 }),
        json!({ "dir": "one", "colour": "red" }),
    ] {
        let (text, failed) = client.call("explain", wrong.clone());
        assert!(failed, "{wrong}: {text}");
    }
    let unknown = client.ask("tools/call", json!({ "name": "remove", "arguments": {} }));
    assert!(
        unknown["error"]["message"]
            .as_str()
            .unwrap()
            .contains("no tool")
    );
    let (text, failed) = client.call("explain", json!({ "dir": "one", "topic": "checks" }));
    assert!(!failed, "{text}");
    assert!(client.end());
}
