//! The part of OpenAI's chat completions API that the stub serves.

pub mod chunk;
pub mod completion;
pub mod error;
pub mod message;
pub mod request;

use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// The identity of a completion.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Unique id: some clients treat a repeated id as the same message.
    pub id: String,
    /// Name of the model, from the request.
    pub model: String,
    /// Time of the request, in seconds since 1970.
    pub created: u64,
}

impl Identity {
    /// Returns the id of the completion's tool call number `index`.
    pub fn call_id(&self, index: u32) -> String {
        let unique = self.id.trim_start_matches("chatcmpl-");
        format!("call_{unique}{index:02}")
    }
}

/// Builds an image of a chat completion. OpenAI's own chat completions have none; this is the form
/// that gateways (OpenRouter, LiteLLM, Vercel) use.
fn image(index: u32, url: &str) -> Value {
    json!({"type": "image_url", "index": index, "image_url": {"url": url}})
}

/// Returns the wall clock in nanoseconds since 1970.
pub fn unix_ns() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Returns the wall clock in seconds since 1970.
pub fn unix_seconds() -> u64 {
    unix_ns() / 1_000_000_000
}

/// Builds the response to `GET /v1/models/ID`.
pub fn model(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": 0, "owned_by": "stub"})
}

/// Builds the response to `GET /v1/models`.
pub fn models(id: &str) -> Value {
    json!({"object": "list", "data": [model(id)]})
}
