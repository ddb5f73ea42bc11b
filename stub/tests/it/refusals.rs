//! Refusals, faults and API keys, in the shape of each API.

use crate::{
    apis::{ANTHROPIC, events, send},
    support::{get, post, start, tokens},
};
use serde_json::{Value, json};
use std::net::SocketAddr;
use stub::Config;

/// Sends a request that must be refused with status 400, and returns the error.
async fn refused(addr: SocketAddr, path: &str, mut params: Value) -> Value {
    if !path.contains("beta") {
        params["model"] = json!("m");
    }
    let response = send(addr, path, params.clone()).await;
    assert_eq!(response.status(), 400, "{path} {params}: {}", response.body);
    response.json()
}

#[tokio::test]
async fn refuses_bad_requests_for_responses() {
    let addr = start(tokens(1)).await;
    let tool = json!([{"type": "web_search"}]);
    let reference = json!([{"type": "item_reference", "id": "x"}]);
    for (params, param) in [
        (json!({}), "input"),
        (json!({"input": "hi", "temperature": 3}), "temperature"),
        (
            json!({"input": "hi", "previous_response_id": "r"}),
            "previous_response_id",
        ),
        (json!({"input": "hi", "tools": tool}), "tools[0].type"),
        (
            json!({"input": "hi", "tool_choice": "required"}),
            "tool_choice",
        ),
        (json!({"input": "hi", "messages": []}), "messages"),
        (json!({"input": reference}), "input[0]"),
    ] {
        let error = refused(addr, "/v1/responses", params).await;
        assert_eq!(error["error"]["param"], param, "{error}");
        assert_eq!(error["error"]["type"], "invalid_request_error", "{error}");
    }
}

#[tokio::test]
async fn refuses_bad_requests_for_older_completions() {
    let addr = start(tokens(1)).await;
    for (params, param) in [
        (json!({}), "prompt"),
        (json!({"prompt": ["a", "b"]}), "prompt"),
        (json!({"prompt": "a", "logprobs": 0}), "logprobs"),
        (json!({"prompt": "a", "echo": true}), "echo"),
        (json!({"prompt": "a", "best_of": 2}), "best_of"),
        (json!({"prompt": "a", "messages": []}), "messages"),
    ] {
        let error = refused(addr, "/v1/completions", params).await;
        assert_eq!(error["error"]["param"], param, "{error}");
    }
}

#[tokio::test]
async fn refuses_bad_requests_for_anthropic_messages() {
    let addr = start(tokens(1)).await;
    let user = json!([{"role": "user", "content": "hi"}]);
    let system = json!([{"role": "system", "content": ""}]);
    let result =
        json!([{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "x"}]}]);
    for (params, reason) in [
        (json!({"messages": user}), "max_tokens"),
        (json!({"max_tokens": 5}), "messages"),
        (
            json!({"messages": user, "max_tokens": 5, "temperature": 1.5}),
            "temperature",
        ),
        (
            json!({"messages": user, "max_tokens": 5, "top_pp": 1}),
            "top_pp",
        ),
        (
            json!({"messages": system, "max_tokens": 5}),
            "messages[0].role",
        ),
        (
            json!({"messages": result, "max_tokens": 5}),
            "answers no tool call",
        ),
    ] {
        let error = refused(addr, "/v1/messages", params).await;
        assert_eq!(error["type"], "error");
        assert_eq!(error["error"]["type"], "invalid_request_error");
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(reason), "{message}");
    }
    let body = json!({"model": "m", "messages": user, "max_tokens": 5}).to_string();
    let unversioned = post(addr, "/v1/messages", "", &body).await;
    assert!(
        unversioned.body.contains("anthropic-version"),
        "{}",
        unversioned.body
    );
}

#[tokio::test]
async fn refuses_bad_requests_in_the_gemini_api() {
    let addr = start(tokens(1)).await;
    let contents = json!([{"parts": [{"text": "hi"}]}]);
    for (params, reason) in [
        (json!({}), "contents"),
        (
            json!({"contents": [{"role": "tool", "parts": []}]}),
            "Supported values",
        ),
        (
            json!({"contents": contents, "generationConfig": {"candidateCount": 2}}),
            "candidateCount",
        ),
        (
            json!({"contents": contents, "tools": [{"googleSearch": {}}]}),
            "googleSearch",
        ),
        (
            json!({"contents": contents, "generationConfig": {"temperature": "x"}}),
            "a decimal",
        ),
    ] {
        let error = refused(addr, "/v1beta/models/m:generateContent", params).await;
        assert_eq!(error["error"]["status"], "INVALID_ARGUMENT", "{error}");
        let message = error["error"]["message"].as_str().unwrap();
        assert!(message.contains(reason), "{message}");
    }
    let missing = send(addr, "/v1beta/models/m:predict", json!({})).await;
    assert_eq!(missing.json()["error"]["status"], "NOT_FOUND");
}

#[tokio::test]
async fn injects_faults_into_all_apis() {
    let addr = start(tokens(3)).await;
    let chat = json!([{"role": "user", "content": "hi"}]);
    let contents = json!([{"parts": [{"text": "hi"}]}]);
    let requests = [
        (
            "/v1/responses",
            json!({"model": "m", "input": "hi", "stream": true}),
            "type",
        ),
        (
            "/v1/messages",
            json!({"model": "m", "messages": chat, "max_tokens": 9, "stream": true}),
            "type",
        ),
        (
            "/v1beta/models/m:streamGenerateContent?alt=sse",
            json!({"contents": contents}),
            "error",
        ),
    ];
    for (path, body, field) in requests {
        let send = async |fault: &str| {
            let headers = format!("{ANTHROPIC}x-stub-fault: {fault}\r\n");
            post(addr, path, &headers, &body.to_string()).await
        };
        let limited = send("429").await;
        assert_eq!(
            (limited.status(), limited.header("retry-after")),
            (429, Some("1")),
            "{path}"
        );
        let failed = events(&send("error-after=1").await);
        assert!(
            !failed.last().unwrap()[field].is_null(),
            "{path}: {failed:?}"
        );
        assert!(send("reset-after=1").await.error.is_some(), "{path}");
        let broken = send("malformed-after=1").await;
        let valid = |event: &&str| serde_json::from_str::<Value>(event).is_ok();
        assert_eq!(
            broken.events().iter().filter(|event| !valid(event)).count(),
            1,
            "{path}"
        );
    }
    let body = json!({"model": "m", "input": "hi"}).to_string();
    let refused = post(addr, "/v1/embeddings", "x-stub-fault: 503\r\n", &body).await;
    assert_eq!(refused.status(), 503);
}

#[tokio::test]
async fn requires_the_configured_api_key() {
    let config = Config {
        api_key: Some("sk-right".into()),
        ..tokens(1)
    };
    let addr = start(config).await;
    let body = r#"{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":5}"#;
    let status = async |path: &str, header: &str| {
        post(addr, path, &format!("{ANTHROPIC}{header}"), body)
            .await
            .status()
    };
    for (path, header) in [
        ("/v1/chat/completions", "authorization: Bearer sk-right\r\n"),
        ("/v1/messages", "x-api-key: sk-right\r\n"),
    ] {
        assert_eq!(status(path, header).await, 200, "{path}");
        assert_eq!(status(path, "").await, 401, "{path}");
        assert_eq!(
            status(path, &header.replace("right", "wrong")).await,
            401,
            "{path}"
        );
        assert_eq!(
            status(path, "authorization: Basic sk-right\r\n").await,
            401,
            "{path}"
        );
    }
    let contents = json!({"contents": [{"parts": [{"text": "hi"}]}]});
    let gemini = "/v1beta/models/m:generateContent";
    assert_eq!(
        send(addr, &format!("{gemini}?key=sk-right"), contents.clone())
            .await
            .status(),
        200
    );
    let refused = send(addr, &format!("{gemini}?key=no"), contents).await;
    assert_eq!(refused.json()["error"]["status"], "UNAUTHENTICATED");
    let models = get(addr, "/v1/models").await;
    assert_eq!(
        (
            models.status(),
            models.json()["error"]["message"].is_string()
        ),
        (401, true)
    );
    assert_eq!(get(addr, "/stats").await.status(), 200);
}
