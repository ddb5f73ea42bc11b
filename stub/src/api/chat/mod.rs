//! OpenAI's chat completions API.

mod chunk;
mod completion;
mod logprobs;
mod request;

pub use chunk::ChunkEncoder;
pub use completion::completion;
pub use request::{include_usage, parse, stop};

use crate::reply::{Finish, Usage};
use serde_json::{Value, json};

/// Returns the API's name of a finish reason.
fn finish_reason(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::Length => "length",
        Finish::ToolCalls => "tool_calls",
        Finish::ContentFilter => "content_filter",
    }
}

/// Builds the API's `usage` object.
fn usage(usage: Usage) -> Value {
    json!({
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    })
}

/// Builds an image of a chat completion. OpenAI's own chat completions have none; this is the form
/// that gateways (OpenRouter, LiteLLM, Vercel) use.
fn image(index: u32, url: &str) -> Value {
    json!({"type": "image_url", "index": index, "image_url": {"url": url}})
}
