//! Encodes the chunks of a streaming chat completion as server-sent events.

use super::{finish_reason, image, logprobs, usage};
use crate::{
    api::{Identity, error::ApiError, prompt::Layout, sse},
    cursor::Delta,
    reply::{Content, Finish, Usage},
};
use serde_json::json;

/// Encodes the events of one completion.
pub struct ChunkEncoder {
    /// Boxed: only tool calls need it.
    identity: Box<Identity>,
    /// Start of every chunk, rendered once.
    head: String,
    layout: Layout,
    line_end: &'static str,
}

impl ChunkEncoder {
    /// Creates the encoder of one completion.
    pub fn new(identity: Identity, layout: Layout, line_end: &'static str) -> Self {
        let id = json!(identity.chat_id());
        let model = json!(identity.model);
        let created = identity.created;
        Self {
            head: format!(
                r#"data: {{"id":{id},"object":"chat.completion.chunk","created":{created},"model":{model},"choices":["#
            ),
            identity: Box::new(identity),
            layout,
            line_end,
        }
    }

    /// Encodes the first chunk, which has a role and no content.
    pub fn opening(&self, calls_only: bool, out: &mut Vec<u8>) {
        let content = if calls_only { "null" } else { r#""""# };
        let delta = format!(r#"{{"role":"assistant","content":{content}}}"#);
        self.choices(out, None, None, |out| {
            out.extend_from_slice(delta.as_bytes())
        });
    }

    /// Encodes a piece of the answer.
    pub fn delta(&self, delta: Delta<'_>, out: &mut Vec<u8>) {
        let probable = self.layout.alternatives;
        let logprobs = probable.map(|count| logprobs::of_piece(delta, count).to_string());
        self.choices(out, None, logprobs.as_deref(), |out| match delta {
            Delta::Token(n) => token(out, br#"{"content":" tok"#, n),
            Delta::Reasoning(n) => token(out, br#"{"reasoning_content":" think"#, n),
            Delta::Content(content) => self.content(content, out),
        });
    }

    fn content(&self, content: &Content, out: &mut Vec<u8>) {
        let delta = match content {
            Content::Tokens(_) | Content::Reasoning(_) | Content::Nothing => json!({}),
            Content::Text(text) => json!({"content": text}),
            Content::Call { index, name } => json!({"tool_calls": [{
                "index": index,
                "id": self.identity.call_id(*index),
                "type": "function",
                "function": {"name": name, "arguments": ""},
            }]}),
            Content::Arguments { index, fragment } => json!({"tool_calls": [{
                "index": index,
                "function": {"arguments": fragment},
            }]}),
            Content::Image { index, url } => json!({"images": [image(*index, url)]}),
        };
        sse::write(out, format_args!("{delta}"));
    }

    /// Encodes a chunk for each choice, as the real API does.
    fn choices(
        &self,
        out: &mut Vec<u8>,
        finish: Option<Finish>,
        logprobs: Option<&str>,
        delta: impl Fn(&mut Vec<u8>),
    ) {
        for index in 0..self.layout.choices {
            self.choice(out, index, finish, logprobs, &delta);
        }
    }

    fn choice(
        &self,
        out: &mut Vec<u8>,
        index: u8,
        finish: Option<Finish>,
        logprobs: Option<&str>,
        delta: impl Fn(&mut Vec<u8>),
    ) {
        out.extend_from_slice(self.head.as_bytes());
        out.extend_from_slice(br#"{"index":"#);
        sse::number(out, index.into());
        out.extend_from_slice(br#","delta":"#);
        delta(out);
        if let Some(logprobs) = logprobs {
            sse::write(out, format_args!(r#","logprobs":{logprobs}"#));
        }
        match finish.map(finish_reason) {
            None => out.extend_from_slice(br#","finish_reason":null}]"#),
            Some(reason) => sse::write(out, format_args!(r#","finish_reason":"{reason}"}}]"#)),
        }
        if self.layout.include_usage {
            out.extend_from_slice(br#","usage":null"#);
        }
        sse::end_stamped(out, self.line_end);
    }

    /// Encodes the chunk with the finish reason, and the one with the usage if the request asks
    /// for it. As in the real API, neither has content.
    pub fn finish(&self, finish: Finish, used: Usage, out: &mut Vec<u8>) {
        self.choices(out, Some(finish), None, |out| out.extend_from_slice(b"{}"));
        if self.layout.include_usage {
            out.extend_from_slice(self.head.as_bytes());
            sse::write(out, format_args!(r#"],"usage":{}"#, usage(used)));
            sse::end_stamped(out, self.line_end);
        }
    }

    /// Encodes an error in the middle of a stream.
    pub fn error(&self, error: &ApiError, out: &mut Vec<u8>) {
        sse::write(out, format_args!("data: {}", error.openai_body()));
        sse::end(out, self.line_end);
    }

    /// Encodes a chunk whose JSON is cut off.
    pub fn malformed(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.head.as_bytes());
        out.extend_from_slice(br#"{"index":0,"delta":{"conte"#);
        sse::end(out, self.line_end);
    }

    /// Returns the number of chunks of a piece.
    pub fn copies(&self) -> u64 {
        self.layout.choices.into()
    }

    /// Returns the end of a line.
    pub fn line_end(&self) -> &'static str {
        self.line_end
    }

    /// Encodes the last event of a complete stream.
    pub fn done(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"data: [DONE]");
        sse::end(out, self.line_end);
    }
}

fn token(out: &mut Vec<u8>, start: &[u8], n: u32) {
    out.extend_from_slice(start);
    sse::number(out, n.into());
    out.extend_from_slice(br#""}"#);
}
