//! OpenAI's older completions API, which has a prompt instead of messages.

mod events;
mod request;

pub use events::CompletionsEncoder;
pub use request::parse;

use super::{Identity, assembled::Assembled};
use crate::reply::{Finish, Reply, Usage};
use serde_json::{Value, json};

/// Builds the body of a non-streaming completion.
pub fn completion(identity: &Identity, reply: &Reply, whole: &Assembled) -> Value {
    let mut completion = object(identity, vec![choice(&whole.text, Some(reply.finish))]);
    completion["usage"] = usage(reply.usage);
    completion
}

fn object(identity: &Identity, choices: Vec<Value>) -> Value {
    json!({
        "id": format!("cmpl-{}", identity.unique),
        "object": "text_completion",
        "created": identity.created,
        "model": identity.model,
        "choices": choices,
    })
}

fn choice(text: &str, finish: Option<Finish>) -> Value {
    let finish = finish.map(|finish| match finish {
        Finish::Stop | Finish::ToolCalls => "stop",
        Finish::Length => "length",
        Finish::ContentFilter => "content_filter",
    });
    json!({"text": text, "index": 0, "logprobs": null, "finish_reason": finish})
}

fn usage(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
    })
}
