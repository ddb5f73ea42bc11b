//! Anthropic's messages API.

mod events;
mod request;

pub use events::MessagesEncoder;
pub use request::{count_tokens, parse};

use super::{Identity, assembled::Assembled, encoder::Ending};
use crate::reply::{Finish, Reply, Usage};
use serde_json::{Value, json};

/// Stands for the signature of the model's reasoning, which clients send back unchanged.
const SIGNATURE: &str = "c3R1Yg==";

/// Builds the body of a non-streaming response.
pub fn message(identity: &Identity, reply: &Reply, whole: &Assembled) -> Value {
    let mut content = Vec::new();
    if !whole.reasoning.is_empty() {
        content.push(thinking_block(&whole.reasoning, SIGNATURE));
    }
    if !whole.calls_only() {
        content.push(text_block(&whole.text));
    }
    for (index, (name, arguments)) in (0..).zip(&whole.calls) {
        let input = serde_json::from_str(arguments).unwrap_or_default();
        content.push(tool_block(identity, index, name, input));
    }
    content.extend(whole.images.iter().map(|url| text_block(&image_link(url))));
    let ending = Ending::from(reply);
    let mut message = empty_message(identity, reply.usage);
    message["content"] = content.into();
    message["stop_reason"] = stop_reason(&ending).into();
    message["stop_sequence"] = json!(ending.stop_sequence);
    message["usage"]["output_tokens"] = reply.usage.completion.into();
    message
}

/// Builds a message without content, as it is when a stream starts.
fn empty_message(identity: &Identity, usage: Usage) -> Value {
    json!({
        "id": format!("msg_{}", identity.unique),
        "type": "message",
        "role": "assistant",
        "model": identity.model,
        "content": [],
        "stop_reason": null,
        "stop_sequence": null,
        "usage": {"input_tokens": usage.prompt, "output_tokens": 0},
    })
}

fn stop_reason(ending: &Ending) -> &'static str {
    match ending.finish {
        Finish::Stop if ending.stop_sequence.is_some() => "stop_sequence",
        Finish::Stop => "end_turn",
        Finish::Length => "max_tokens",
        Finish::ToolCalls => "tool_use",
        Finish::ContentFilter => "refusal",
    }
}

fn text_block(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn thinking_block(text: &str, signature: &str) -> Value {
    json!({"type": "thinking", "thinking": text, "signature": signature})
}

fn tool_block(identity: &Identity, index: u32, name: &str, input: Value) -> Value {
    let id = format!("toolu_{}{index:02}", identity.unique);
    json!({"type": "tool_use", "id": id, "name": name, "input": input})
}

/// Returns an image as Markdown: the API has no images in answers.
fn image_link(url: &str) -> String {
    format!("![image]({url})")
}
