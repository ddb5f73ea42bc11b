//! Encodes the chunks of a streaming chat completion as server-sent events.

use super::{Identity, error::ApiError, image, unix_ns};
use crate::{
    cursor::Delta,
    reply::{Content, Finish, Usage},
};
use serde_json::json;
use std::{fmt::Arguments, io::Write};

/// Encodes the events of one completion.
pub struct Encoder {
    identity: Identity,
    /// Start of every chunk, rendered once.
    head: String,
    /// Text between the choices and the time stamp.
    usage: &'static str,
    line_end: &'static str,
}

impl Encoder {
    /// Creates the encoder of one completion.
    pub fn new(identity: Identity, reports_usage: bool, line_end: &'static str) -> Self {
        let id = json!(identity.id);
        let model = json!(identity.model);
        let created = identity.created;
        Self {
            head: format!(
                r#"data: {{"id":{id},"object":"chat.completion.chunk","created":{created},"model":{model},"choices":["#
            ),
            identity,
            usage: if reports_usage {
                r#","usage":null"#
            } else {
                ""
            },
            line_end,
        }
    }

    /// Encodes the first chunk, which has a role and no content.
    pub fn opening(&self, calls_only: bool, out: &mut Vec<u8>) {
        let content = if calls_only { "null" } else { r#""""# };
        self.choice(out, None, |out| {
            write(
                out,
                format_args!(r#"{{"role":"assistant","content":{content}}}"#),
            );
        });
    }

    /// Encodes a piece of the answer. The last one has the finish reason.
    pub fn delta(&self, delta: Delta<'_>, finish: Option<Finish>, out: &mut Vec<u8>) {
        self.choice(out, finish, |out| match delta {
            Delta::Token(n) => {
                out.extend_from_slice(br#"{"content":" tok"#);
                number(out, n.into());
                out.extend_from_slice(br#""}"#);
            }
            Delta::Content(content) => self.content(content, out),
        });
    }

    fn content(&self, content: &Content, out: &mut Vec<u8>) {
        let delta = match content {
            Content::Tokens(_) | Content::Nothing => json!({}),
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
        write(out, format_args!("{delta}"));
    }

    fn choice(&self, out: &mut Vec<u8>, finish: Option<Finish>, delta: impl FnOnce(&mut Vec<u8>)) {
        out.extend_from_slice(self.head.as_bytes());
        out.extend_from_slice(br#"{"index":0,"delta":"#);
        delta(out);
        match finish {
            None => out.extend_from_slice(br#","finish_reason":null}]"#),
            Some(finish) => write(
                out,
                format_args!(r#","finish_reason":"{}"}}]"#, finish.name()),
            ),
        }
        out.extend_from_slice(self.usage.as_bytes());
        self.stamp(out);
    }

    /// Encodes the chunk with the usage and without choices.
    pub fn usage(&self, usage: Usage, out: &mut Vec<u8>) {
        out.extend_from_slice(self.head.as_bytes());
        write(
            out,
            format_args!(r#"],"usage":{}"#, super::completion::usage(usage)),
        );
        self.stamp(out);
    }

    /// Appends the send time, as late as possible, and ends the chunk.
    fn stamp(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(br#","sent_unix_ns":"#);
        number(out, unix_ns());
        out.push(b'}');
        self.end_event(out);
    }

    /// Encodes an error in the middle of a stream.
    pub fn error(&self, error: &ApiError, out: &mut Vec<u8>) {
        write(out, format_args!("data: {}", error.body()));
        self.end_event(out);
    }

    /// Encodes a chunk whose JSON is cut off.
    pub fn malformed(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.head.as_bytes());
        out.extend_from_slice(br#"{"index":0,"delta":{"conte"#);
        self.end_event(out);
    }

    /// Encodes a comment, which readers must skip.
    pub fn comment(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b": keep-alive");
        self.end_event(out);
    }

    /// Encodes the last event of a complete stream.
    pub fn done(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"data: [DONE]");
        self.end_event(out);
    }

    fn end_event(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.line_end.as_bytes());
        out.extend_from_slice(self.line_end.as_bytes());
    }
}

/// Appends a number without `core::fmt`, which costs more than the digits. Each token has two
/// numbers.
fn number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn write(out: &mut Vec<u8>, text: Arguments<'_>) {
    out.write_fmt(text).expect("a vector takes every write");
}
