//! Streams and other responses, as a client sees them.

use crate::support::{chat, get, start, tokens};
use serde_json::Value;
use std::time::{Duration, Instant};

const STREAM: &str = r#","stream":true"#;

fn parsed(events: &[&str]) -> Vec<Value> {
    events
        .iter()
        .map(|event| serde_json::from_str(event).unwrap())
        .collect()
}

#[tokio::test]
async fn streams_the_events_that_frameworks_expect() {
    let addr = start(tokens(3)).await;
    let answer = chat(addr, "", STREAM).await;
    assert!(answer.head.starts_with("HTTP/1.1 200 OK"));
    assert!(answer.head.contains("content-type: text/event-stream"));
    let events = answer.events();
    assert_eq!(events.last(), Some(&"[DONE]"));
    let chunks = parsed(&events[..events.len() - 1]);
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    let contents: Vec<_> = chunks
        .iter()
        .map(|c| c["choices"][0]["delta"]["content"].as_str())
        .collect();
    // As in the real API, the finish reason has a chunk without content.
    let expected = [Some(""), Some(" tok0"), Some(" tok1"), Some(" tok2"), None];
    assert_eq!(contents, expected);
    let reasons: Vec<_> = chunks
        .iter()
        .map(|c| c["choices"][0]["finish_reason"].as_str())
        .collect();
    assert_eq!(reasons, [None, None, None, None, Some("stop")]);
    assert!(
        chunks
            .iter()
            .all(|chunk| chunk["id"] == chunks[0]["id"] && chunk.get("usage").is_none())
    );
    // [DONE] and the end of the body share a write with the last token.
    assert_eq!(answer.chunks.len(), 5);
    assert!(answer.is_complete());
}

#[tokio::test]
async fn gives_each_completion_a_unique_id() {
    let addr = start(tokens(1)).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let answer = chat(addr, "", STREAM).await;
        ids.push(parsed(&answer.events()[..1])[0]["id"].to_string());
    }
    ids.dedup();
    assert_eq!(ids.len(), 3);
}

#[tokio::test]
async fn sends_usage_last_and_without_choices() {
    let addr = start(tokens(2)).await;
    let answer = chat(
        addr,
        "",
        r#","stream":true,"stream_options":{"include_usage":true}"#,
    )
    .await;
    let events = answer.events();
    let chunks = parsed(&events[..events.len() - 1]);
    let (last, others) = chunks.split_last().unwrap();
    assert!(
        others
            .iter()
            .all(|chunk| chunk["usage"].is_null() && chunk.get("usage").is_some())
    );
    assert_eq!(last["choices"], Value::Array(vec![]));
    assert_eq!(last["usage"]["completion_tokens"], 2);
}

#[tokio::test]
async fn stamps_tokens_in_order_and_never_early() {
    let addr = start(tokens(5)).await;
    let begin = Instant::now();
    let answer = chat(addr, "", STREAM).await;
    assert!(begin.elapsed() >= 5 * Duration::from_millis(3));
    let events = answer.events();
    let chunks = parsed(&events[..events.len() - 1]);
    let stamps = chunks
        .iter()
        .map(|chunk| chunk["sent_unix_ns"].as_u64().unwrap());
    assert!(stamps.is_sorted());
}

#[tokio::test]
async fn answers_without_streaming() {
    let addr = start(tokens(2)).await;
    let answer = chat(addr, "", "").await;
    let completion = answer.json();
    assert_eq!(completion["object"], "chat.completion");
    assert_eq!(completion["choices"][0]["message"]["content"], " tok0 tok1");
    assert_eq!(completion["choices"][0]["finish_reason"], "stop");
    assert_eq!(completion["usage"]["completion_tokens"], 2);
}

#[tokio::test]
async fn serves_paths_without_v1_and_lists_models() {
    let addr = start(tokens(1)).await;
    let body = r#"{"model":"m","messages":[{"role":"user","content":"hi"}]}"#;
    let answer = crate::support::post(addr, "/chat/completions", "", body).await;
    assert_eq!(answer.json()["model"], "m");
    assert_eq!(
        get(addr, "/v1/models").await.json()["data"][0]["id"],
        "stub"
    );
    assert_eq!(get(addr, "/v1/models/stub").await.json()["object"], "model");
    assert_eq!(
        get(addr, "/v1/models/other").await.json()["error"]["code"],
        "model_not_found"
    );
}

#[tokio::test]
async fn rejects_bad_requests_in_the_shape_of_the_api() {
    let addr = start(tokens(1)).await;
    let path = "/v1/chat/completions";
    let refusals = [
        (
            crate::support::post(addr, path, "", "{").await,
            "400",
            "ends before its JSON",
        ),
        (
            crate::support::post(addr, path, "", r#"{"model":"m"}"#).await,
            "400",
            "'messages'",
        ),
        (
            crate::support::post(addr, "/v1/moderations", "", "{}").await,
            "404",
            "Invalid URL",
        ),
        (get(addr, path).await, "405", "use POST"),
        (
            chat(addr, "x-stub-fault: explode\r\n", "").await,
            "400",
            "no known fault",
        ),
        (
            chat(addr, "x-stub-fault: slow-accept=1s\r\n", "").await,
            "400",
            "command line",
        ),
    ];
    for (answer, status, reason) in refusals {
        assert!(
            answer.head.starts_with(&format!("HTTP/1.1 {status} ")),
            "{}",
            answer.head
        );
        let error = &answer.json()["error"];
        assert!(
            error["message"].as_str().unwrap().contains(reason),
            "{error}"
        );
        assert!(
            error["type"].is_string()
                && error.get("code").is_some()
                && error.get("param").is_some()
        );
    }
}

#[tokio::test]
async fn counts_tokens_and_bytes_in_stats() {
    let addr = start(tokens(4)).await;
    let first = chat(addr, "", STREAM).await;
    chat(addr, "", STREAM).await;
    let stats = get(addr, "/stats").await.json();
    let count = |name: &str| stats[name].as_u64().unwrap();
    assert_eq!(
        (count("requests"), count("completed"), count("aborted")),
        (2, 2, 0)
    );
    assert_eq!(
        (count("tokens_sent"), count("chunks_sent"), count("active")),
        (8, 8, 0)
    );
    // All bytes of both responses: the head and its empty line, then each chunk with its size and
    // line ends.
    let chunk_bytes = |size: &usize| format!("{size:X}").len() + size + 4;
    let bytes = first.head.len() + 4 + first.chunks.iter().map(chunk_bytes).sum::<usize>();
    assert_eq!(count("bytes_sent"), 2 * bytes as u64);
    assert!(count("bytes_received") > 0 && count("lateness_p99_ns") >= count("lateness_p50_ns"));
}

#[tokio::test]
async fn counts_a_disconnected_client_as_aborted() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let addr = start(tokens(1_000_000)).await;
    let mut socket = tokio::net::TcpStream::connect(addr).await.unwrap();
    let body = r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#;
    let request = format!(
        "POST /chat/completions HTTP/1.1\r\nhost: a\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    socket.write_all(request.as_bytes()).await.unwrap();
    socket.read_u8().await.unwrap();
    drop(socket);
    loop {
        let stats = get(addr, "/stats").await.json();
        if stats["aborted"] == 1 {
            assert_eq!(
                (&stats["active"], &stats["completed"]),
                (&0.into(), &0.into())
            );
            return;
        }
    }
}

#[tokio::test]
async fn sums_the_counters_of_several_threads() {
    let mut config = tokens(3);
    config.threads = 3.try_into().unwrap();
    let addr = start(config).await;
    let answers =
        (0..12).map(|_| tokio::spawn(async move { chat(addr, "", STREAM).await.is_complete() }));
    for answer in answers.collect::<Vec<_>>() {
        assert!(answer.await.unwrap());
    }
    assert_eq!(get(addr, "/stats").await.json()["tokens_sent"], 36);
}

#[tokio::test]
async fn keeps_the_finish_reason_apart_from_content() {
    let addr = start(tokens(1)).await;
    let usage = r#","stream_options":{"include_usage":true}"#;
    for members in ["", r#","max_tokens":1"#, r#","stop":" tok0""#, usage] {
        let answer = chat(addr, "", &format!("{STREAM}{members}")).await;
        let events = answer.events();
        for chunk in parsed(&events[..events.len() - 1]) {
            let choice = &chunk["choices"][0];
            if choice["finish_reason"].is_string() {
                assert_eq!(choice["delta"], serde_json::json!({}), "{members}");
            }
        }
    }
}

#[tokio::test]
async fn sends_reasoning_before_the_answer() {
    let mut config = tokens(0);
    config.script = stub::Script::reasoning(2, 1, stub::Timing::default());
    let addr = start(config).await;
    let answer = chat(addr, "", STREAM).await;
    let events = answer.events();
    let delta = |chunk: &Value, name: &str| chunk["choices"][0]["delta"][name].clone();
    let chunks = parsed(&events[1..4]);
    assert_eq!(delta(&chunks[0], "reasoning_content"), " think0");
    assert_eq!(delta(&chunks[1], "reasoning_content"), " think1");
    assert_eq!(delta(&chunks[2], "content"), " tok0");
    let whole = chat(addr, "", "").await.json();
    assert_eq!(
        whole["choices"][0]["message"]["reasoning_content"],
        " think0 think1"
    );
    let details = &whole["usage"]["completion_tokens_details"];
    assert_eq!(details["reasoning_tokens"], 2);
    assert_eq!(get(addr, "/stats").await.json()["tokens_sent"], 2);
}
