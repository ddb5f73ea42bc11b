//! The APIs beside chat completions.

use crate::support::{Response, get, post, start, tokens};
use serde_json::{Value, json};
use std::{net::SocketAddr, path::Path};
use stub::{Config, Script, Timing};

/// The header that Anthropic's API requires.
pub const ANTHROPIC: &str = "anthropic-version: 2023-06-01\r\n";

/// Starts a stub with the script of the client tests.
async fn scripted() -> SocketAddr {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/clients/conversation.toml");
    let gap = stub::Gap::Fixed(std::time::Duration::from_millis(1));
    let timing = Timing {
        first: gap.clone(),
        between: gap,
    };
    start(Config::new(Script::load(&path, &timing).unwrap())).await
}

/// Sends a JSON body.
pub async fn send(addr: SocketAddr, path: &str, body: Value) -> Response {
    post(addr, path, ANTHROPIC, &body.to_string()).await
}

/// Returns the events as JSON.
pub fn events(response: &Response) -> Vec<Value> {
    let events = response.events().into_iter();
    events
        .map(|event| serde_json::from_str(event).unwrap())
        .collect()
}

fn types(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn streams_a_response() {
    let addr = start(tokens(2)).await;
    let body = json!({"model": "m", "input": "hi", "stream": true});
    let response = send(addr, "/v1/responses", body).await;
    let events = events(&response);
    let expected = [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ];
    assert_eq!(types(&events), expected);
    let names = response
        .body
        .lines()
        .filter_map(|line| line.strip_prefix("event: "));
    assert_eq!(names.collect::<Vec<_>>(), expected);
    let numbers = events
        .iter()
        .map(|event| event["sequence_number"].as_u64().unwrap());
    assert_eq!(numbers.collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    assert!(events.iter().all(|event| event["sent_unix_ns"].is_u64()));
    assert!(response.is_complete() && !response.body.contains("[DONE]"));
    let whole = &events[9]["response"];
    assert_eq!(whole["status"], "completed");
    assert_eq!(whole["output"][0]["content"][0]["text"], " tok0 tok1");
    assert_eq!(whole["usage"]["output_tokens"], 2);
}

#[tokio::test]
async fn answers_a_response_without_streaming() {
    let addr = start(tokens(2)).await;
    let body = json!({"model": "m", "input": [{"role": "user", "content": "hi"}]});
    let whole = send(addr, "/v1/responses", body).await.json();
    assert_eq!(
        (&whole["object"], &whole["status"]),
        (&json!("response"), &json!("completed"))
    );
    assert_eq!(whole["output"][0]["content"][0]["text"], " tok0 tok1");
    let body = json!({"model": "m", "input": "hi", "max_output_tokens": 1});
    let cut = send(addr, "/v1/responses", body).await.json();
    assert_eq!(cut["incomplete_details"]["reason"], "max_output_tokens");
    assert_eq!(cut["status"], "incomplete");
}

#[tokio::test]
async fn calls_tools_in_a_response_and_accepts_references_to_the_calls() {
    let addr = scripted().await;
    let question = json!({"role": "user", "content": "How is the weather?"});
    let body = json!({"model": "m", "input": [question]});
    let output = send(addr, "/v1/responses", body).await.json()["output"].clone();
    let calls = [&output[1], &output[2]];
    assert_eq!(
        calls.map(|call| call["name"].clone()),
        ["get_weather", "get_time"]
    );
    let results = [r#"{"celsius":4}"#, "noon"];
    let results = calls.iter().zip(results).map(|(call, result)| {
        json!({"type": "function_call_output", "call_id": call["call_id"], "output": result})
    });
    let results: Vec<_> = results.collect();
    // A client sends the items themselves, or only their ids.
    let references = [&output[0], &output[1], &output[2]]
        .map(|item| json!({"type": "item_reference", "id": item["id"]}));
    for items in [output.as_array().unwrap().as_slice(), &references] {
        let input = [std::slice::from_ref(&question), items, &results].concat();
        let body = json!({"model": "m", "input": input});
        let answer = send(addr, "/v1/responses", body).await.json();
        let text = &answer["output"][0]["content"][0]["text"];
        assert_eq!(text, "At noon it is 4 degrees.", "{answer}");
    }
}

#[tokio::test]
async fn streams_an_anthropic_message() {
    let addr = start(tokens(2)).await;
    let messages = json!([{"role": "user", "content": "hi"}]);
    let body = json!({"model": "m", "messages": messages, "max_tokens": 9, "stream": true});
    let response = send(addr, "/v1/messages", body).await;
    let events = events(&response);
    let expected = [
        "message_start",
        "ping",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    assert_eq!(types(&events), expected);
    assert_eq!(events[4]["delta"]["text"], " tok1");
    assert_eq!(events[6]["delta"]["stop_reason"], "end_turn");
    assert_eq!(events[6]["usage"]["output_tokens"], 2);
    assert!(response.is_complete());
}

#[tokio::test]
async fn answers_an_anthropic_message_with_tools() {
    let addr = scripted().await;
    let tool = |name: &str| json!({"name": name, "input_schema": {"type": "object"}});
    let ask = async |messages: &[Value]| {
        let body = json!({"model": "m", "messages": messages, "max_tokens": 99, "tools": [tool("get_weather"), tool("get_time")]});
        send(addr, "/v1/messages", body).await.json()
    };
    let question = json!({"role": "user", "content": "How is the weather?"});
    let answer = ask(std::slice::from_ref(&question)).await;
    assert_eq!(answer["stop_reason"], "tool_use");
    let calls = [&answer["content"][1], &answer["content"][2]];
    assert_eq!(calls[0]["input"], json!({"city": "Oslo"}));
    let results = [
        json!(r#"{"celsius":4}"#),
        json!([{"type": "text", "text": "noon"}]),
    ];
    let results = calls.iter().zip(results).map(|(call, result)| {
        json!({"type": "tool_result", "tool_use_id": call["id"], "content": result})
    });
    let results: Vec<_> = results.collect();
    let said = json!({"role": "assistant", "content": answer["content"]});
    let answered = json!({"role": "user", "content": results});
    let answer = ask(&[question, said, answered]).await;
    assert_eq!(answer["content"][0]["text"], "At noon it is 4 degrees.");
}

#[tokio::test]
async fn reports_the_stop_sequence_of_an_anthropic_message() {
    let addr = start(tokens(9)).await;
    let messages = json!([{"role": "user", "content": "hi"}]);
    let body =
        json!({"model": "m", "messages": messages, "max_tokens": 9, "stop_sequences": ["tok1"]});
    let answer = send(addr, "/v1/messages", body).await.json();
    assert_eq!(answer["stop_reason"], "stop_sequence");
    assert_eq!(answer["stop_sequence"], "tok1");
    assert_eq!(answer["content"][0]["text"], " tok0 ");
}

#[tokio::test]
async fn streams_and_answers_in_the_gemini_api() {
    let addr = start(tokens(2)).await;
    let body = json!({"contents": [{"role": "user", "parts": [{"text": "hi"}]}]});
    let path = "/v1beta/models/gem:streamGenerateContent?alt=sse";
    let response = send(addr, path, body.clone()).await;
    let chunks = events(&response);
    let text = |chunk: &Value| chunk["candidates"][0]["content"]["parts"][0]["text"].clone();
    let texts: Vec<_> = chunks.iter().map(text).collect();
    assert_eq!(texts, [" tok0", " tok1", ""]);
    assert_eq!(chunks[2]["candidates"][0]["finishReason"], "STOP");
    assert_eq!(chunks[2]["usageMetadata"]["candidatesTokenCount"], 2);
    assert!(response.is_complete());
    let whole = send(addr, "/v1beta/models/gem:generateContent", body.clone())
        .await
        .json();
    assert_eq!(text(&whole), " tok0 tok1");
    assert_eq!(whole["modelVersion"], "gem");
    let path = "/v1beta/models/gem:streamGenerateContent?alt=xml";
    let refused = send(addr, path, body).await;
    assert_eq!(
        (refused.status(), &refused.json()["error"]["code"]),
        (400, &json!(400))
    );
}

#[tokio::test]
async fn calls_gemini_functions_with_whole_arguments() {
    let addr = scripted().await;
    let ask = async |contents: Value| {
        let body = json!({"contents": contents, "generation_config": {"max_output_tokens": 99}});
        let path = "/v1beta/models/gem:streamGenerateContent?alt=sse";
        events(&send(addr, path, body).await)
    };
    let question = json!({"role": "user", "parts": [{"text": "How is the weather?"}]});
    let chunks = ask(json!([question])).await;
    let parts = chunks
        .iter()
        .map(|chunk| &chunk["candidates"][0]["content"]["parts"][0]);
    let calls: Vec<_> = parts
        .filter(|part| part["functionCall"].is_object())
        .collect();
    assert_eq!(calls.len(), 2);
    assert_eq!(calls[0]["functionCall"]["args"], json!({"city": "Oslo"}));
    let result = |name: &str, response: Value| json!({"functionResponse": {"name": name, "response": response}});
    let results = [
        result("get_weather", json!({"celsius": 4})),
        result("get_time", json!("noon")),
    ];
    let contents =
        json!([question, {"role": "model", "parts": calls}, {"role": "user", "parts": results}]);
    let texts: String = ask(contents)
        .await
        .iter()
        .filter_map(|chunk| chunk["candidates"][0]["content"]["parts"][0]["text"].as_str())
        .collect();
    assert_eq!(texts, "At noon it is 4 degrees.");
}

#[tokio::test]
async fn answers_requests_for_embeddings() {
    let addr = start(tokens(1)).await;
    let body = json!({"model": "m", "input": ["a", "b"], "dimensions": 4});
    let answer = send(addr, "/v1/embeddings", body).await.json();
    assert_eq!(answer["data"][1]["embedding"].as_array().unwrap().len(), 4);
    let stats = get(addr, "/stats").await.json();
    assert_eq!(
        (&stats["requests"], &stats["completed"]),
        (&json!(1), &json!(1))
    );
}

#[tokio::test]
async fn counts_tokens_of_requests() {
    let addr = start(tokens(1)).await;
    let messages = json!([{"role": "user", "content": "12345678"}]);
    let body = json!({"model": "m", "messages": messages});
    let anthropic = send(addr, "/v1/messages/count_tokens", body).await.json();
    assert_eq!(anthropic["input_tokens"], 2);
    let body = json!({"contents": [{"parts": [{"text": "12345678"}]}]});
    let gemini = send(addr, "/v1beta/models/m:countTokens", body)
        .await
        .json();
    assert_eq!(gemini["totalTokens"], 2);
}

#[tokio::test]
async fn streams_and_answers_older_completions() {
    let addr = start(tokens(2)).await;
    let options = json!({"include_usage": true});
    let body = json!({"model": "m", "prompt": "hi", "stream": true, "stream_options": options});
    let response = send(addr, "/v1/completions", body).await;
    assert!(response.is_complete() && response.body.ends_with("data: [DONE]\n\n"));
    let chunks = response.events();
    let chunks: Vec<Value> = chunks[..chunks.len() - 1]
        .iter()
        .map(|chunk| serde_json::from_str(chunk).unwrap())
        .collect();
    let texts = chunks
        .iter()
        .map(|chunk| chunk["choices"][0]["text"].clone());
    assert_eq!(
        texts.collect::<Vec<_>>(),
        [json!(" tok0"), json!(" tok1"), json!(""), Value::Null]
    );
    assert_eq!(chunks[2]["choices"][0]["finish_reason"], "stop");
    assert_eq!(chunks[3]["usage"]["completion_tokens"], 2);
    let body = json!({"model": "m", "prompt": ["hi"], "max_tokens": 1});
    let whole = send(addr, "/v1/completions", body).await.json();
    assert_eq!(whole["object"], "text_completion");
    assert_eq!(whole["choices"][0]["text"], " tok0");
    assert_eq!(whole["choices"][0]["finish_reason"], "length");
}
