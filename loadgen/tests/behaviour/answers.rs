//! Answers in other shapes than the expected one, and outputs.

use crate::scripted::{
    GOOD, assert_valid, event_stream, load, loadgen, serve_always as serve, whole,
};
use recording::LoadSummary;

#[test]
fn rejects_redirects_by_name() {
    let url = serve("HTTP/1.1 307 Moved\r\nlocation: /new\r\ncontent-length: 0\r\n\r\n".into());
    let run = load(&url, &["--users", "1", "--requests", "2"]);
    let reason = "status 307 (redirect, not followed)";
    assert_eq!(run.summary.requests.rejected[reason], 2);
    assert!(run.summary.error_bodies[reason].contains("/new"));
}

#[test]
fn names_what_is_no_stream() {
    let page = "<html>sorry</html>";
    for (kind, reason) in [
        (
            "content-type: text/html",
            "no content token: content-type text/html",
        ),
        (
            "content-type: application/json",
            "no content token: content-type application/json",
        ),
        (
            "content-encoding: br",
            "no content token: content-encoding br, not requested",
        ),
    ] {
        let run = load(
            &serve(whole(&format!("200 OK\r\n{kind}"), page)),
            &["--users", "1", "--requests", "1"],
        );
        assert_eq!(run.summary.requests.rejected[reason], 1);
        assert_eq!(run.summary.error_bodies[reason], page);
        assert_eq!(run.code, Some(1));
    }
}

#[test]
fn accepts_a_stream_without_a_last_empty_line() {
    let run = load(
        &serve(event_stream(GOOD.trim_end())),
        &["--users", "1", "--requests", "2"],
    );
    assert_valid(&run);
    assert_eq!((run.summary.ttft.count, run.summary.tokens), (2, 4));
}

#[test]
fn accepts_json_lines() {
    let lines = "{\"message\":{\"content\":\"a\"},\"done\":false}\n{\"message\":{\"content\":\"\"},\"done\":true}\n";
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ncontent-length: {}\r\n\r\n{lines}",
        lines.len()
    );
    let run = load(&serve(answer), &["--users", "1", "--requests", "2"]);
    assert_valid(&run);
    assert_eq!((run.summary.ttft.count, run.summary.tokens), (2, 2));
}

#[test]
fn writes_every_output_even_if_one_fails() {
    let url = serve(event_stream(GOOD));
    let dir = tempfile::tempdir().unwrap();
    let page = dir.path().join("load.html");
    let output = loadgen(&[
        "run",
        "--url",
        &url,
        "--users",
        "1",
        "--requests",
        "1",
        "--json",
        "/dev/full",
        "--html",
        page.to_str().unwrap(),
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("/dev/full"));
    assert!(String::from_utf8_lossy(&output.stdout).contains("ttft"));
    assert!(std::fs::read_to_string(page).unwrap().contains("<html"));
}

#[test]
fn writes_json_to_standard_output() {
    let url = serve(event_stream(GOOD));
    for name in ["-", "/dev/stdout"] {
        let output = loadgen(&[
            "run",
            "--url",
            &url,
            "--users",
            "1",
            "--requests",
            "1",
            "--json",
            name,
        ]);
        let summary: LoadSummary = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(summary.requests.completed, 1, "{name}");
        assert!(
            String::from_utf8_lossy(&output.stderr).contains("ttft"),
            "{name}"
        );
    }
}

/// Returns the events of a stream, each named by its `type` as the APIs of OpenAI and Anthropic do.
fn named(events: &[&str]) -> String {
    let event = |data: &&str| {
        let parsed: serde_json::Value = serde_json::from_str(data).unwrap();
        format!(
            "event: {}\ndata: {data}\n\n",
            parsed["type"].as_str().unwrap()
        )
    };
    events.iter().map(event).collect()
}

fn unnamed(events: &[&str]) -> String {
    events
        .iter()
        .map(|data| format!("data: {data}\n\n"))
        .collect()
}

/// Returns a stream of each format: a reasoning token, then two tokens of the answer.
fn streams() -> [(&'static str, String); 5] {
    [
        (
            "openai-chat",
            unnamed(&[
                r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
                r#"{"choices":[{"delta":{"reasoning_content":"hm"}}]}"#,
                r#"{"choices":[{"delta":{"content":" a b"}}]}"#,
                "[DONE]",
            ]),
        ),
        (
            "openai-responses",
            named(&[
                r#"{"type":"response.reasoning_summary_text.delta","delta":"hm"}"#,
                r#"{"type":"response.output_text.delta","delta":" a b"}"#,
                r#"{"type":"response.output_text.done","text":" a b"}"#,
                r#"{"type":"response.completed","response":{"status":"completed","output":[]}}"#,
            ]),
        ),
        (
            "anthropic",
            named(&[
                r#"{"type":"message_start","message":{"content":[],"usage":{"input_tokens":5}}}"#,
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}"#,
                r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":" a b"}}"#,
                r#"{"type":"message_stop"}"#,
            ]),
        ),
        (
            "gemini",
            unnamed(&[
                r#"{"candidates":[{"content":{"parts":[{"text":"hm","thought":true}]}}]}"#,
                r#"{"candidates":[{"content":{"parts":[{"text":" a b"}]},"finishReason":"STOP"}]}"#,
            ]),
        ),
        (
            "ai-sdk",
            unnamed(&[
                r#"{"type":"reasoning-delta","id":"0","delta":"hm"}"#,
                r#"{"type":"text-delta","id":"1","delta":" a b"}"#,
                r#"{"type":"finish"}"#,
                "[DONE]",
            ]),
        ),
    ]
}

#[test]
fn reads_every_stream_format_with_reasoning_first() {
    for (format, body) in streams() {
        let url = serve(event_stream(&body));
        for selected in ["auto", format] {
            let run = load(
                &url,
                &["--users", "1", "--requests", "2", "--format", selected],
            );
            let summary = &run.summary;
            assert!(
                summary.requests.rejected.is_empty(),
                "{format}: {:?}",
                summary.requests
            );
            let kinds = (summary.token_kinds.answer, summary.token_kinds.reasoning);
            assert_eq!((summary.tokens, kinds), (6, (4, 2)), "{format}");
            assert_eq!((summary.ttft.count, summary.ttfo.count), (2, 2), "{format}");
        }
    }
}
