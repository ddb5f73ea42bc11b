//! The body of a non-streaming chat completion.

use super::{finish_reason, image, logprobs, usage};
use crate::{
    api::{Identity, assembled::Assembled, prompt::Layout},
    reply::Reply,
};
use serde_json::{Value, json};

/// Builds the completion.
pub fn completion(identity: &Identity, reply: &Reply, whole: &Assembled, layout: Layout) -> Value {
    let probable = layout.alternatives;
    let logprobs = probable.map(|count| logprobs::of_answer(reply, count));
    let choice = |index| {
        json!({
            "index": index,
            "message": message(identity, whole),
            "logprobs": logprobs,
            "finish_reason": finish_reason(reply.finish),
        })
    };
    json!({
        "id": identity.chat_id(),
        "object": "chat.completion",
        "created": identity.created,
        "model": identity.model,
        "choices": (0..layout.choices).map(choice).collect::<Value>(),
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
