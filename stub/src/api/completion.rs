//! The body of a non-streaming chat completion.

use super::{Identity, image};
use crate::{
    cursor::{Cursor, Delta},
    reply::{Content, Reply, Usage},
};
use serde_json::{Value, json};

/// Builds the API's `usage` object.
pub fn usage(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
    })
}

/// A message, assembled from the pieces of a reply.
#[derive(Default)]
struct Message {
    content: String,
    calls: Vec<(String, String)>,
    images: Vec<Value>,
}

impl Message {
    fn add(&mut self, delta: Delta<'_>) {
        match delta {
            Delta::Token(n) => self.content.push_str(&format!(" tok{n}")),
            Delta::Content(Content::Text(text)) => self.content.push_str(text),
            Delta::Content(Content::Call { name, .. }) => {
                self.calls.push((name.clone(), String::new()))
            }
            Delta::Content(Content::Arguments { fragment, .. }) => {
                if let Some((_, arguments)) = self.calls.last_mut() {
                    arguments.push_str(fragment);
                }
            }
            Delta::Content(Content::Image { index, url }) => self.images.push(image(*index, url)),
            Delta::Content(Content::Tokens(_) | Content::Nothing) => {}
        }
    }

    fn render(self, identity: &Identity) -> Value {
        let calls_only = self.content.is_empty() && !self.calls.is_empty();
        let mut message = json!({
            "role": "assistant",
            "content": (!calls_only).then_some(self.content),
            "refusal": null,
        });
        if !self.calls.is_empty() {
            let calls = (0..).zip(&self.calls).map(|(index, (name, arguments))| {
                json!({
                    "id": identity.call_id(index),
                    "type": "function",
                    "function": {"name": name, "arguments": arguments},
                })
            });
            message["tool_calls"] = calls.collect();
        }
        if !self.images.is_empty() {
            message["images"] = self.images.into();
        }
        message
    }
}

/// Builds the completion, and returns it with its number of content tokens.
pub fn completion(identity: &Identity, reply: &Reply) -> (Value, u64) {
    let mut message = Message::default();
    let mut tokens = 0;
    let mut cursor = Cursor::new(reply);
    while let Some(delta) = cursor.peek() {
        tokens += u64::from(delta.is_content());
        message.add(delta);
        cursor.advance();
    }
    let completion = json!({
        "id": identity.id,
        "object": "chat.completion",
        "created": identity.created,
        "model": identity.model,
        "choices": [{
            "index": 0,
            "message": message.render(identity),
            "logprobs": null,
            "finish_reason": reply.finish.name(),
        }],
        "usage": usage(reply.usage),
    });
    (completion, tokens)
}
