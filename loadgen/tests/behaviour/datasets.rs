//! Prompts, conversations, think times and traces, as servers see them.

use crate::scripted::{GOOD, assert_valid, event_stream, load, send, serve_with};
use serde_json::Value;
use std::sync::{Arc, Mutex};

type Bodies = Arc<Mutex<Vec<Value>>>;

/// Starts a server that stores the body of each request. Returns the URL of its chat API.
fn recorder() -> (String, Bodies) {
    let bodies = Bodies::default();
    let kept = bodies.clone();
    let url = serve_with(move |_, request, out| {
        let (_, body) = request.split_once("\r\n\r\n").unwrap();
        kept.lock()
            .unwrap()
            .push(serde_json::from_str(body).unwrap());
        send(out, &event_stream(GOOD))
    });
    (format!("{url}/v1/chat/completions"), bodies)
}

fn words(body: &Value) -> usize {
    let text = body["messages"][0]["content"].as_str().unwrap();
    text.split(' ').count()
}

#[test]
fn grows_a_conversation_and_starts_anew() {
    let (url, bodies) = recorder();
    let run = load(
        &url,
        &["--users", "1", "--requests", "4", "--conversation", "3"],
    );
    assert_valid(&run);
    let bodies = bodies.lock().unwrap();
    let lengths: Vec<usize> = bodies
        .iter()
        .map(|body| body["messages"].as_array().unwrap().len())
        .collect();
    assert_eq!(lengths, [1, 3, 5, 1]);
    let answer = &bodies[1]["messages"][1];
    assert_eq!(
        (&answer["role"], &answer["content"]),
        (&"assistant".into(), &" a b".into())
    );
}

#[test]
fn sends_prompts_of_the_length_with_a_shared_prefix() {
    let (url, bodies) = recorder();
    let run = load(
        &url,
        &[
            "--users",
            "1",
            "--requests",
            "3",
            "--prompt-words",
            "uniform:40:60",
            "--shared-words",
            "30",
        ],
    );
    assert_valid(&run);
    let bodies = bodies.lock().unwrap();
    assert!(
        bodies.iter().all(|body| (40..=60).contains(&words(body))),
        "{bodies:?}"
    );
    let prefix = |body: &Value| -> Vec<String> {
        let text = body["messages"][0]["content"].as_str().unwrap();
        text.split(' ').take(31).map(String::from).collect()
    };
    assert_eq!(prefix(&bodies[0])[..30], prefix(&bodies[1])[..30]);
}

#[test]
fn waits_for_the_think_time_after_a_good_answer() {
    let (url, bodies) = recorder();
    let run = load(
        &url,
        &["--users", "3", "--duration", "1s", "--think-time", "1h"],
    );
    assert_valid(&run);
    assert_eq!(bodies.lock().unwrap().len(), 3);
}

#[test]
fn replays_the_lengths_of_a_trace_in_order() {
    let (url, bodies) = recorder();
    let dir = tempfile::tempdir().unwrap();
    let trace = dir.path().join("trace.csv");
    let text = "TIMESTAMP,ContextTokens,GeneratedTokens\n0.0,30,5\n0.4,10,6\n0.8,20,7\n";
    std::fs::write(&trace, text).unwrap();
    let run = load(&url, &["--replay", trace.to_str().unwrap()]);
    assert_valid(&run);
    let bodies = bodies.lock().unwrap();
    let mut lengths: Vec<_> = bodies
        .iter()
        .map(|body| (body["max_tokens"].as_u64().unwrap(), words(body)))
        .collect();
    lengths.sort_unstable();
    assert_eq!(lengths, [(5, 30), (6, 10), (7, 20)]);
    assert_eq!(run.summary.requests.started, 3);
    assert!(
        run.summary.duration_ns >= 800_000_000,
        "{}",
        run.summary.duration_ns
    );
}
