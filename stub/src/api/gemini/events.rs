//! Encodes a streaming Gemini answer as server-sent events.

use super::{call_part, candidate, image_part};
use crate::{
    api::{Identity, encoder::Ending, error::ApiError, sse},
    cursor::Delta,
    reply::Content,
};
use serde_json::{Value, json};

/// Encodes the events of one answer.
pub struct GeminiEncoder {
    /// End of a line.
    pub line_end: &'static str,
    identity: Identity,
    /// The tool call whose arguments are still incomplete: the API sends calls whole.
    call: Option<(String, String)>,
}

impl GeminiEncoder {
    /// Creates the encoder of one answer.
    pub fn new(identity: Identity, line_end: &'static str) -> Self {
        let call = None;
        Self {
            line_end,
            identity,
            call,
        }
    }

    fn part(&self, part: Value, out: &mut Vec<u8>) {
        let response = candidate(&self.identity, vec![part], None);
        sse::unnamed(out, self.line_end, &response);
    }

    /// Encodes a piece of the answer. A fragment of a tool call's arguments encodes nothing.
    pub fn delta(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        if let Delta::Content(Content::Arguments { fragment, .. }) = delta {
            if let Some((_, arguments)) = &mut self.call {
                *arguments += fragment;
            }
            return;
        }
        self.end_call(out);
        match delta {
            Delta::Token(n) => self.part(json!({"text": format!(" tok{n}")}), out),
            Delta::Reasoning(n) => {
                let text = format!(" think{n}");
                self.part(json!({"text": text, "thought": true}), out);
            }
            Delta::Content(content) => match content {
                Content::Text(text) => self.part(json!({"text": text}), out),
                Content::Image { url, .. } => self.part(image_part(url), out),
                Content::Call { name, .. } => self.call = Some((name.clone(), String::new())),
                _ => {}
            },
        }
    }

    fn end_call(&mut self, out: &mut Vec<u8>) {
        if let Some((name, arguments)) = self.call.take() {
            self.part(call_part(&name, &arguments), out);
        }
    }

    /// Encodes the last event, with the finish reason and the usage.
    pub fn finish(&mut self, ending: &Ending, out: &mut Vec<u8>) {
        self.end_call(out);
        let response = candidate(&self.identity, vec![json!({"text": ""})], Some(ending));
        sse::unnamed(out, self.line_end, &response);
    }

    /// Encodes an error in the middle of a stream.
    pub fn error(&self, error: &ApiError, out: &mut Vec<u8>) {
        sse::unnamed(out, self.line_end, &error.gemini_body());
    }
}
