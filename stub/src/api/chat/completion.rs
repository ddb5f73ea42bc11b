//! The body of a non-streaming chat completion.

use super::{finish_reason, image, usage};
use crate::{
    api::{Identity, assembled::Assembled},
    reply::Reply,
};
use serde_json::{Value, json};

/// Builds the completion.
pub fn completion(identity: &Identity, reply: &Reply, whole: &Assembled) -> Value {
    json!({
        "id": identity.chat_id(),
        "object": "chat.completion",
        "created": identity.created,
        "model": identity.model,
        "choices": [{
            "index": 0,
            "message": message(identity, whole),
            "logprobs": null,
            "finish_reason": finish_reason(reply.finish),
        }],
        "usage": usage(reply.usage),
    })
}

fn message(identity: &Identity, whole: &Assembled) -> Value {
    let mut message = json!({
        "role": "assistant",
        "content": (!whole.calls_only()).then_some(&whole.text),
        "refusal": null,
    });
    if !whole.reasoning.is_empty() {
        message["reasoning_content"] = json!(whole.reasoning);
    }
    if !whole.calls.is_empty() {
        let calls = (0..).zip(&whole.calls).map(|(index, (name, arguments))| {
            json!({
                "id": identity.call_id(index),
                "type": "function",
                "function": {"name": name, "arguments": arguments},
            })
        });
        message["tool_calls"] = calls.collect();
    }
    if !whole.images.is_empty() {
        let images = (0..).zip(&whole.images);
        message["images"] = images.map(|(index, url)| image(index, url)).collect();
    }
    message
}
