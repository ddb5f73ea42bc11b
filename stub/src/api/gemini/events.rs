//! Encodes a streaming Gemini answer, as server-sent events or as items of a JSON array.

use super::{call_part, candidate, image_part};
use crate::{
    api::{Identity, error::ApiError, sse},
    cursor::Delta,
    reply::{Content, Ending},
};
use serde_json::{Value, json};

/// Encodes the events of one answer.
///
/// Without `alt=sse`, the API streams a JSON array whose items arrive one by one.
pub struct GeminiEncoder {
    /// End of a line.
    pub line_end: &'static str,
    identity: Identity,
    /// The tool call whose arguments are still incomplete: the API sends calls whole.
    call: Option<(String, String)>,
    /// Text before the next item of an array; none for server-sent events.
    separator: Option<&'static str>,
}

impl GeminiEncoder {
    /// Creates the encoder of one answer.
    pub fn new(identity: Identity, array: bool, line_end: &'static str) -> Self {
        let call = None;
        Self {
            line_end,
            identity,
            call,
            separator: array.then_some("["),
        }
    }

    /// Returns whether the events are items of a JSON array.
    pub fn is_array(&self) -> bool {
        self.separator.is_some()
    }

    fn event(&mut self, response: &Value, out: &mut Vec<u8>) {
        match self.separator {
            Some(separator) => {
                out.extend_from_slice(separator.as_bytes());
                sse::stamped(out, response);
                self.separator = Some(",\r\n");
            }
            None => sse::unnamed(out, self.line_end, response),
        }
    }

    fn part(&mut self, part: Value, out: &mut Vec<u8>) {
        let response = candidate(&self.identity, vec![part], None);
        self.event(&response, out);
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
        self.event(&response, out);
    }

    /// Encodes the end of an array. A stream of server-sent events has no last event.
    pub fn done(&self, out: &mut Vec<u8>) {
        if self.is_array() {
            out.extend_from_slice(b"]");
        }
    }

    /// Encodes an event whose JSON is cut off.
    pub fn malformed(&mut self, out: &mut Vec<u8>) {
        match self.is_array() {
            true => out.extend_from_slice(br#"[{"candidates":"#),
            false => {
                out.extend_from_slice(br#"data: {"candidates":"#);
                sse::end(out, self.line_end);
            }
        }
    }

    /// Encodes an error in the middle of a stream.
    pub fn error(&mut self, error: &ApiError, out: &mut Vec<u8>) {
        self.event(&error.gemini_body(), out);
    }
}
