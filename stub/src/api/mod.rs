//! The OpenAI chat completions API, as far as the stub speaks it.

pub mod chunk;
pub mod error;
pub mod message;
pub mod request;
pub mod whole;

use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// What a completion is known by.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Unique: some clients take a repeated one for the same message.
    pub id: String,
    /// The model's name, as the request gave it.
    pub model: String,
    /// Seconds since 1970.
    pub created: u64,
}

impl Identity {
    /// The id of the completion's tool call number `index`.
    pub fn call_id(&self, index: u32) -> String {
        let unique = self.id.trim_start_matches("chatcmpl-");
        format!("call_{unique}{index:02}")
    }
}

/// An image, as the answer names it. Images in answers are no part of OpenAI's own chat completions; this is how the
/// gateways that offer them (OpenRouter, LiteLLM, Vercel's) do it.
fn image(index: u32, url: &str) -> Value {
    json!({"type": "image_url", "index": index, "image_url": {"url": url}})
}

/// The wall clock, in nanoseconds since 1970.
pub fn unix_ns() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// The wall clock, in seconds since 1970.
pub fn unix_seconds() -> u64 {
    unix_ns() / 1_000_000_000
}

/// The answer to `GET /v1/models/ID`.
pub fn model(id: &str) -> Value {
    json!({"id": id, "object": "model", "created": 0, "owned_by": "stub"})
}

/// The answer to `GET /v1/models`.
pub fn models(id: &str) -> Value {
    json!({"object": "list", "data": [model(id)]})
}
