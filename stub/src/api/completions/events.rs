//! Encodes a streaming completion as server-sent events.

use super::{choice, object, usage};
use crate::{
    api::{Identity, error::ApiError, sse},
    cursor::Delta,
    reply::{Content, Ending},
};
use serde_json::Value;

/// Encodes the events of one completion. The API has text only: other content encodes nothing.
pub struct CompletionsEncoder {
    /// End of a line.
    pub line_end: &'static str,
    identity: Identity,
    include_usage: bool,
}

impl CompletionsEncoder {
    /// Creates the encoder of one completion.
    pub fn new(identity: Identity, include_usage: bool, line_end: &'static str) -> Self {
        Self {
            line_end,
            identity,
            include_usage,
        }
    }

    fn chunk(&self, choices: Vec<Value>, used: Value, out: &mut Vec<u8>) {
        let mut chunk = object(&self.identity, choices);
        if self.include_usage {
            chunk["usage"] = used;
        }
        sse::unnamed(out, self.line_end, &chunk);
    }

    /// Encodes a piece of the answer.
    pub fn delta(&self, delta: Delta<'_>, out: &mut Vec<u8>) {
        match delta {
            Delta::Token(n) => {
                let text = format!(" tok{n}");
                self.chunk(vec![choice(&text, None)], Value::Null, out);
            }
            Delta::Content(Content::Text(text)) => {
                self.chunk(vec![choice(text, None)], Value::Null, out);
            }
            Delta::Reasoning(_) | Delta::Content(_) => {}
        }
    }

    /// Encodes the chunk with the finish reason, and the one with the usage if the request asks
    /// for it.
    pub fn finish(&self, ending: &Ending, out: &mut Vec<u8>) {
        self.chunk(vec![choice("", Some(ending.finish))], Value::Null, out);
        if self.include_usage {
            self.chunk(Vec::new(), usage(ending.usage), out);
        }
    }

    /// Encodes the last event of a complete stream.
    pub fn done(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"data: [DONE]");
        sse::end(out, self.line_end);
    }

    /// Encodes an error in the middle of a stream.
    pub fn error(&self, error: &ApiError, out: &mut Vec<u8>) {
        sse::write(out, format_args!("data: {}", error.openai_body()));
        sse::end(out, self.line_end);
    }
}
