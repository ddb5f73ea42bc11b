//! Writes the chunks of a streamed completion as server-sent events.

use super::{Identity, error::ApiError, image, unix_ns};
use crate::{
    cursor::Delta,
    reply::{Content, Finish, Usage},
};
use serde_json::json;
use std::{fmt::Arguments, io::Write};

/// Writes the events of one completion.
pub struct Writer {
    identity: Identity,
    /// What all chunks begin with, rendered once.
    head: String,
    /// Between the choices and the time stamp.
    usage: &'static str,
    line_end: &'static str,
}

impl Writer {
    /// Prepares the chunks of one completion.
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

    /// The first chunk, which names the speaker and says nothing.
    pub fn opening(&self, calls_only: bool, out: &mut Vec<u8>) {
        let content = if calls_only { "null" } else { r#""""# };
        self.choice(out, None, |out| {
            write(
                out,
                format_args!(r#"{{"role":"assistant","content":{content}}}"#),
            );
        });
    }

    /// A chunk with a piece of the answer; the last one says why the answer ends.
    pub fn delta(&self, delta: Delta<'_>, finish: Option<Finish>, out: &mut Vec<u8>) {
        self.choice(out, finish, |out| match delta {
            Delta::Token(n) => {
                out.extend_from_slice(br#"{"content":" tok"#);
                number(out, n.into());
                out.extend_from_slice(br#""}"#);
            }
            Delta::Whole(content) => self.content(content, out),
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

    /// The chunk that reports what was used, and has no choice.
    pub fn usage(&self, usage: Usage, out: &mut Vec<u8>) {
        out.extend_from_slice(self.head.as_bytes());
        write(
            out,
            format_args!(r#"],"usage":{}"#, super::whole::usage(usage)),
        );
        self.stamp(out);
    }

    /// The last thing in a chunk, so that it is as late as can be.
    fn stamp(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(br#","sent_unix_ns":"#);
        number(out, unix_ns());
        out.push(b'}');
        self.end_event(out);
    }

    /// An error in the middle of a stream.
    pub fn error(&self, error: &ApiError, out: &mut Vec<u8>) {
        write(out, format_args!("data: {}", error.body()));
        self.end_event(out);
    }

    /// A chunk whose JSON ends too early.
    pub fn malformed(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.head.as_bytes());
        out.extend_from_slice(br#"{"index":0,"delta":{"conte"#);
        self.end_event(out);
    }

    /// A comment, which readers must skip.
    pub fn comment(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b": keep-alive");
        self.end_event(out);
    }

    /// The last event of a complete stream.
    pub fn done(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"data: [DONE]");
        self.end_event(out);
    }

    fn end_event(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.line_end.as_bytes());
        out.extend_from_slice(self.line_end.as_bytes());
    }
}

/// Without the machinery of formats, which costs more than the digits; each token has two numbers.
fn number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

fn write(out: &mut Vec<u8>, text: Arguments<'_>) {
    out.write_fmt(text).expect("a vector takes every write");
}
