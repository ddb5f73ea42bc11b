//! Each fault, as a client sees it.

use crate::support::{chat, faulty, get, start, tokens};
use std::{
    io::ErrorKind,
    time::{Duration, Instant},
};
use stub::Config;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

fn contents(response: &crate::support::Response) -> usize {
    response.body.matches("\"content\":\" tok").count()
}

#[tokio::test]
async fn sends_an_injected_status() {
    let addr = start(tokens(3)).await;
    for status in ["429", "500", "503"] {
        let answer = faulty(addr, status).await;
        assert!(
            answer.head.starts_with(&format!("HTTP/1.1 {status} ")),
            "{}",
            answer.head
        );
        assert!(answer.json()["error"]["message"].is_string());
    }
    assert_eq!(get(addr, "/stats").await.json()["refused"], 3);
}

#[tokio::test]
async fn resets_after_the_requested_tokens() {
    let addr = start(tokens(5)).await;
    let answer = faulty(addr, "reset-after=2").await;
    assert_eq!(
        (answer.error, contents(&answer)),
        (Some(ErrorKind::ConnectionReset), 2)
    );
    let stats = get(addr, "/stats").await.json();
    assert_eq!(
        (&stats["aborted"], &stats["completed"]),
        (&1.into(), &0.into())
    );
}

#[tokio::test]
async fn closes_in_the_middle_of_the_body() {
    let addr = start(tokens(5)).await;
    let answer = faulty(addr, "close-after=2").await;
    assert_eq!(
        (answer.error, contents(&answer), answer.is_complete()),
        (None, 2, false)
    );
}

#[tokio::test]
async fn injects_faults_into_non_streaming_responses() {
    let addr = start(tokens(2)).await;
    let broken = chat(addr, "x-stub-fault: malformed-after=0\r\n", "").await;
    assert!(serde_json::from_str::<serde_json::Value>(&broken.body).is_err());
    let failed = chat(addr, "x-stub-fault: error-after=1\r\n", "").await;
    assert!(failed.head.starts_with("HTTP/1.1 500 "));
}

#[tokio::test]
async fn continues_after_a_limited_stall() {
    let addr = start(tokens(3)).await;
    let begin = Instant::now();
    let answer = faulty(addr, "stall-after=1,stall-for=30ms").await;
    assert!(begin.elapsed() >= Duration::from_millis(30 + 3 * 3));
    assert!(answer.is_complete());
}

#[tokio::test]
async fn stalls_forever_without_a_limit() {
    let addr = start(tokens(3)).await;
    let patience = Duration::from_millis(200);
    let answer = tokio::time::timeout(patience, faulty(addr, "stall-after=1")).await;
    assert!(answer.is_err());
}

#[tokio::test]
async fn omits_and_separates_done() {
    let addr = start(tokens(2)).await;
    let none = faulty(addr, "no-done").await;
    assert!(none.is_complete() && !none.body.contains("[DONE]"));
    let separate = faulty(addr, "separate-done").await;
    // Role, two tokens, [DONE], end. Without the fault, the second token and [DONE] share a write.
    assert_eq!(separate.chunks.len(), 5);
    assert_eq!(separate.chunks[3..], ["data: [DONE]\n\n".len(), 0]);
    assert_eq!(faulty(addr, "crlf").await.chunks.len(), 4);
}

#[tokio::test]
async fn splits_and_coalesces_events() {
    let addr = start(tokens(4)).await;
    let split = faulty(addr, "split=3").await;
    assert_eq!((split.chunks.len(), contents(&split)), (3 * 5 + 1, 4));
    let coalesced = faulty(addr, "coalesce=3").await;
    // Role, three tokens, the fourth with [DONE], end.
    assert_eq!((coalesced.chunks.len(), contents(&coalesced)), (4, 4));
}

#[tokio::test]
async fn sends_requested_line_ends_and_comments() {
    let addr = start(tokens(2)).await;
    let crlf = faulty(addr, "crlf").await.body;
    assert_eq!(crlf.matches("\r\n").count(), crlf.matches('\n').count());
    let cr = faulty(addr, "cr").await.body;
    assert!(cr.ends_with("data: [DONE]\r\r") && !cr.contains('\n'));
    let comments = faulty(addr, "comments=1").await.body;
    assert_eq!(comments.matches("\n\n: keep-alive\n\ndata: ").count(), 2);
}

#[tokio::test]
async fn sends_malformed_and_error_events_at_the_requested_position() {
    let addr = start(tokens(3)).await;
    let broken = faulty(addr, "malformed-after=1").await;
    let valid = |event: &&str| serde_json::from_str::<serde_json::Value>(event).is_ok();
    assert_eq!(
        broken.events().iter().map(valid).collect::<Vec<_>>(),
        [true, true, false, true, true, true, false]
    );
    let error = faulty(addr, "error-after=2").await;
    assert!(error.events()[3].starts_with(r#"{"error":{"#) && error.is_complete());
    assert!(!error.body.contains("[DONE]"));
}

#[tokio::test]
async fn injects_a_configured_fault_into_every_nth_request() {
    let config = Config {
        faults: vec!["503,every=3".parse().unwrap()],
        ..tokens(1)
    };
    let addr = start(config).await;
    let mut refused = Vec::new();
    for _ in 0..6 {
        refused.push(chat(addr, "", "").await.head.contains(" 503 "));
    }
    assert_eq!(refused, [false, false, true, false, false, true]);
}

#[tokio::test]
async fn delays_heads_and_accepts() {
    let config = Config {
        faults: vec!["slow-accept=20ms".parse().unwrap()],
        ..tokens(0)
    };
    let addr = start(config).await;
    let begin = Instant::now();
    let answer = faulty(addr, "slow-head=30ms").await;
    assert!(begin.elapsed() >= Duration::from_millis(20 + 30) && answer.is_complete());
}

#[tokio::test]
async fn sends_retry_after_with_429_and_503() {
    let addr = start(tokens(1)).await;
    for (fault, expected) in [
        ("429", Some(("1", "1000"))),
        ("503", Some(("1", "1000"))),
        ("429,retry-after=2500ms", Some(("3", "2500"))),
        ("529,retry-after=4s", Some(("4", "4000"))),
        ("500", None),
    ] {
        for members in ["", r#","stream":true"#] {
            let answer = chat(addr, &format!("x-stub-fault: {fault}\r\n"), members).await;
            let headers = answer
                .header("retry-after")
                .zip(answer.header("retry-after-ms"));
            assert_eq!(headers, expected, "{fault}");
        }
    }
}

#[tokio::test]
async fn injects_the_first_set_that_applies() {
    let config = Config {
        faults: ["slow-accept=1ms", "429,every=3", "500,every=2"]
            .map(|set| set.parse().unwrap())
            .into(),
        ..tokens(1)
    };
    let addr = start(config).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(chat(addr, "", "").await.status());
    }
    assert_eq!(statuses, [200, 500, 429, 500, 200, 429]);
}

#[tokio::test]
async fn closes_a_connection_after_its_last_request() {
    let config = Config {
        faults: vec!["goaway-after=2".parse().unwrap()],
        ..tokens(1)
    };
    let addr = start(config).await;
    let mut socket = TcpStream::connect(addr).await.unwrap();
    let models = "GET /v1/models HTTP/1.1\r\nhost: stub\r\n\r\n";
    socket.write_all(models.repeat(2).as_bytes()).await.unwrap();
    // The stub closes the connection, so that reading ends.
    let mut text = String::new();
    socket.read_to_string(&mut text).await.unwrap();
    assert_eq!(text.matches("HTTP/1.1 200 OK").count(), 2);
    assert_eq!(text.matches("connection: close").count(), 1);
    assert!(text.rfind("connection: close") > text.rfind("HTTP/1.1 200 OK"));
}

#[tokio::test]
async fn closes_idle_connections_but_none_with_a_request() {
    let config = Config {
        faults: vec!["idle-close=30ms".parse().unwrap()],
        ..tokens(30)
    };
    let addr = start(config).await;
    let mut socket = TcpStream::connect(addr).await.unwrap();
    let mut byte = [0];
    assert_eq!(socket.read(&mut byte).await.unwrap(), 0);
    // 90 ms with a token every 3 ms: longer than the connection may be idle.
    assert!(chat(addr, "", r#","stream":true"#).await.is_complete());
    assert_eq!(chat(addr, "", "").await.status(), 200);
}
