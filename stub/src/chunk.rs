//! Writes the events of a streamed completion.

use crate::reply::{Delta, Finish};
use bytes::{BufMut, BytesMut};
use serde::Serialize;
use std::{
    io::Write,
    time::{SystemTime, UNIX_EPOCH},
};

/// The last event of a complete stream.
pub const DONE: &[u8] = b"data: [DONE]\n\n";

/// What all chunks of one completion have in common, rendered once.
pub struct Format {
    head: String,
}

/// Identity of a completion.
pub struct Identity<'a> {
    /// Unique: some clients take a repeated one for the same message.
    pub id: &'a str,
    /// The model's name, as the request gave it.
    pub model: &'a str,
    /// Seconds since 1970.
    pub created: u64,
}

impl Format {
    /// Prepares the chunks of one completion.
    pub fn new(identity: &Identity<'_>) -> Self {
        let id = json(identity.id);
        let model = json(identity.model);
        let created = identity.created;
        Self {
            head: format!(
                r#"data: {{"id":{id},"object":"chat.completion.chunk","created":{created},"model":{model},"choices":[{{"index":0,"delta":"#
            ),
        }
    }

    /// The first chunk, which names the speaker and says nothing.
    pub fn opening(&self, out: &mut BytesMut) {
        out.put_slice(self.head.as_bytes());
        out.put_slice(br#"{"role":"assistant","content":""}"#);
        self.close(None, out);
    }

    /// A chunk with a piece of the answer; the last one says why the answer ends.
    pub fn delta(&self, delta: Delta<'_>, finish: Option<Finish>, out: &mut BytesMut) {
        out.put_slice(self.head.as_bytes());
        match delta {
            Delta::Token(n) => write(out, format_args!(r#"{{"content":" tok{n}"}}"#)),
            Delta::Text(text) => write(out, format_args!(r#"{{"content":{}}}"#, json(text))),
        }
        self.close(finish, out);
    }

    fn close(&self, finish: Option<Finish>, out: &mut BytesMut) {
        match finish {
            None => out.put_slice(br#","finish_reason":null}]"#),
            Some(finish) => write(
                out,
                format_args!(r#","finish_reason":"{}"}}]"#, finish.name()),
            ),
        }
        write(out, format_args!(",\"sent_unix_ns\":{}}}\n\n", unix_ns()));
    }
}

fn write(out: &mut BytesMut, text: std::fmt::Arguments<'_>) {
    out.writer()
        .write_fmt(text)
        .expect("a growing buffer takes every write");
}

/// `value` as JSON.
pub fn json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).expect("text and numbers are always valid JSON")
}

/// The wall clock, in nanoseconds since 1970.
fn unix_ns() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// The wall clock, in seconds since 1970.
pub fn unix_seconds() -> u64 {
    unix_ns() / 1_000_000_000
}
