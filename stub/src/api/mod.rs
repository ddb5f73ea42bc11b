//! The model APIs that the stub serves.
//!
//! Each API parses its requests into a [`prompt::Prompt`] and encodes the pieces of a reply in its
//! own events. Everything between the two is independent of the API.

pub mod assembled;
pub mod chat;
pub mod completions;
pub mod embeddings;
pub mod encoder;
pub mod error;
pub mod gemini;
pub mod message;
pub mod messages;
pub mod params;
pub mod prompt;
pub mod responses;
pub mod sse;

use crate::reply::Reply;
use assembled::Assembled;
use error::ApiError;
use prompt::{Layout, Prompt};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

/// A model API.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Api {
    /// OpenAI's chat completions.
    Chat,
    /// OpenAI's older completions.
    Completions,
    /// OpenAI's responses.
    Responses,
    /// Anthropic's messages.
    Messages,
    /// Google's Gemini.
    Gemini,
}

impl Api {
    /// Parses the body of a request.
    ///
    /// # Errors
    /// If the real API would refuse the request, or the stub does not implement a parameter.
    pub fn parse(self, body: &[u8]) -> Result<Prompt, ApiError> {
        match self {
            Self::Chat => chat::parse(body),
            Self::Completions => completions::parse(body),
            Self::Responses => responses::parse(body),
            Self::Messages => messages::parse(body),
            Self::Gemini => gemini::parse(body),
        }
    }

    /// Builds the body of a non-streaming response.
    pub fn body(
        self,
        identity: &Identity,
        reply: &Reply,
        whole: &Assembled,
        layout: Layout,
    ) -> Value {
        match self {
            Self::Chat => chat::completion(identity, reply, whole, layout),
            Self::Completions => completions::completion(identity, reply, whole),
            Self::Responses => responses::response(identity, reply),
            Self::Messages => messages::message(identity, reply, whole),
            Self::Gemini => gemini::response(identity, reply, whole),
        }
    }
}

/// The identity of a completion.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Unique part of all ids: some clients treat a repeated id as the same message.
    pub unique: String,
    /// Name of the model, from the request.
    pub model: String,
    /// Time of the request, in seconds since 1970.
    pub created: u64,
}

impl Identity {
    /// Returns the id of a chat completion.
    pub fn chat_id(&self) -> String {
        format!("chatcmpl-{}", self.unique)
    }

    /// Returns the id of the completion's tool call number `index`.
    pub fn call_id(&self, index: u32) -> String {
        format!("call_{}{index:02}", self.unique)
    }
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
