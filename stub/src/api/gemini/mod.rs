//! Google's Gemini API.

mod events;
mod request;

pub use events::GeminiEncoder;
pub use request::parse;

use super::{Identity, assembled::Assembled, encoder::Ending};
use crate::reply::{Finish, Reply, Usage};
use serde_json::{Value, json};

/// Builds the body of a non-streaming response.
pub fn response(identity: &Identity, reply: &Reply, whole: &Assembled) -> Value {
    let mut parts = Vec::new();
    if !whole.reasoning.is_empty() {
        parts.push(json!({"text": whole.reasoning, "thought": true}));
    }
    if !whole.calls_only() {
        parts.push(json!({"text": whole.text}));
    }
    parts.extend(
        whole
            .calls
            .iter()
            .map(|(name, arguments)| call_part(name, arguments)),
    );
    parts.extend(whole.images.iter().map(|url| image_part(url)));
    candidate(identity, parts, Some(&Ending::from(reply)))
}

/// Builds a response with these parts. Only the last one of a stream has an ending.
fn candidate(identity: &Identity, parts: Vec<Value>, ending: Option<&Ending>) -> Value {
    let mut candidate = json!({"content": {"parts": parts, "role": "model"}, "index": 0});
    let mut response = json!({
        "modelVersion": identity.model,
        "responseId": identity.unique,
    });
    if let Some(ending) = ending {
        candidate["finishReason"] = finish_reason(ending.finish).into();
        response["usageMetadata"] = usage(ending.usage);
    }
    response["candidates"] = vec![candidate].into();
    response
}

fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop | Finish::ToolCalls => "STOP",
        Finish::Length => "MAX_TOKENS",
        Finish::ContentFilter => "SAFETY",
    }
}

fn usage(usage: Usage) -> Value {
    json!({
        "promptTokenCount": usage.prompt,
        "candidatesTokenCount": usage.completion.saturating_sub(usage.reasoning),
        "thoughtsTokenCount": usage.reasoning,
        "totalTokenCount": usage.prompt + usage.completion,
    })
}

fn call_part(name: &str, arguments: &str) -> Value {
    let arguments: Value = serde_json::from_str(arguments).unwrap_or_default();
    json!({"functionCall": {"name": name, "args": arguments}})
}

fn image_part(url: &str) -> Value {
    let data = url
        .strip_prefix("data:")
        .and_then(|url| url.split_once(";base64,"));
    match data {
        Some((kind, data)) => json!({"inlineData": {"mimeType": kind, "data": data}}),
        None => json!({"fileData": {"fileUri": url}}),
    }
}
