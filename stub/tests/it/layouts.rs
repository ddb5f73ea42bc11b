//! Layouts of an answer that few clients request: several choices, log probabilities, JSON arrays.

use crate::{
    apis::{events, send},
    support::{get, post, start, tokens},
};
use serde_json::{Value, json};

/// Returns a request for a chat completion with more parameters.
fn chat(more: Value) -> Value {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

#[tokio::test]
async fn sends_each_piece_of_each_choice() {
    let addr = start(tokens(2)).await;
    let options = json!({"include_usage": true});
    let body = chat(json!({"n": 3, "stream": true, "stream_options": options}));
    let response = send(addr, "/v1/chat/completions", body).await;
    let all = response.events();
    let (end, chunks) = all.split_last().unwrap();
    assert_eq!(*end, "[DONE]");
    let chunks: Vec<Value> = chunks
        .iter()
        .map(|chunk| serde_json::from_str(chunk).unwrap())
        .collect();
    for index in 0..3 {
        let choices = chunks.iter().map(|chunk| &chunk["choices"][0]);
        let own: Vec<&Value> = choices.filter(|it| it["index"] == index).collect();
        let texts: String = own
            .iter()
            .filter_map(|it| it["delta"]["content"].as_str())
            .collect();
        assert_eq!(texts, " tok0 tok1", "{index}");
        assert_eq!(own.last().unwrap()["finish_reason"], "stop");
    }
    let usage = &chunks.last().unwrap()["usage"];
    assert_eq!(usage["completion_tokens"], 6);
    let stats = get(addr, "/stats").await.json();
    assert_eq!(
        (&stats["tokens_sent"], &stats["chunks_sent"]),
        (&json!(6), &json!(6))
    );
}

#[tokio::test]
async fn answers_with_several_choices_at_once() {
    let addr = start(tokens(2)).await;
    let body = chat(json!({"n": 2}));
    let whole = send(addr, "/v1/chat/completions", body).await.json();
    let choices = whole["choices"].as_array().unwrap();
    assert_eq!(choices.len(), 2);
    assert_eq!(choices[1]["index"], 1);
    assert_eq!(choices[1]["message"]["content"], " tok0 tok1");
    assert_eq!(choices[1]["logprobs"], Value::Null);
    assert_eq!(whole["usage"]["completion_tokens"], 4);
}

#[tokio::test]
async fn adds_log_probabilities_to_tokens_of_text() {
    let addr = start(tokens(2)).await;
    let more = json!({"logprobs": true, "top_logprobs": 2});
    let whole = send(addr, "/v1/chat/completions", chat(more)).await.json();
    let tokens = &whole["choices"][0]["logprobs"]["content"];
    assert_eq!(tokens.as_array().unwrap().len(), 2);
    let second = &tokens[1];
    assert_eq!(second["token"], " tok1");
    assert_eq!(second["bytes"], json!(b" tok1"));
    assert_eq!(second["top_logprobs"][0]["token"], " tok1");
    let probability = |token: &Value| token["logprob"].as_f64().unwrap();
    let best = probability(&second["top_logprobs"][0]);
    assert!(best < 0.0 && probability(&second["top_logprobs"][1]) < best);
    let more = json!({"logprobs": true, "stream": true});
    let response = send(addr, "/v1/chat/completions", chat(more)).await;
    let streamed: Vec<Value> = response
        .events()
        .iter()
        .filter_map(|event| serde_json::from_str(event).ok())
        .map(|chunk: Value| chunk["choices"][0]["logprobs"]["content"][0]["token"].clone())
        .filter(|token| !token.is_null())
        .collect();
    assert_eq!(streamed, [" tok0", " tok1"]);
}

#[tokio::test]
async fn streams_a_json_array_in_the_gemini_api_without_sse() {
    let addr = start(tokens(2)).await;
    let body = json!({"contents": [{"parts": [{"text": "hi"}]}]});
    let path = "/v1beta/models/gem:streamGenerateContent";
    let response = send(addr, path, body.clone()).await;
    assert_eq!(response.header("content-type"), Some("application/json"));
    let items = response.json();
    let text = |item: &Value| item["candidates"][0]["content"]["parts"][0]["text"].clone();
    let texts: Vec<Value> = items.as_array().unwrap().iter().map(text).collect();
    assert_eq!(texts, [" tok0", " tok1", ""]);
    assert_eq!(items[2]["candidates"][0]["finishReason"], "STOP");
    assert!(items[0]["sent_unix_ns"].is_u64());
    let text = body.to_string();
    let faults = "x-stub-fault: error-after=1,comments=1\r\n";
    let failed = post(addr, path, faults, &text).await.body;
    let failed: Value = serde_json::from_str(&format!("{failed}]")).unwrap();
    assert_eq!(failed[1]["error"]["code"], 500);
    let sse = send(addr, &format!("{path}?alt=sse"), body).await;
    assert_eq!(events(&sse).len(), 3);
}
