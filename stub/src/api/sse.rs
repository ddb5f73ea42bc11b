//! Server-sent events, appended to a buffer.

use super::unix_ns;
use serde_json::Value;
use std::{fmt::Arguments, io::Write};

/// Appends formatted text.
pub fn write(out: &mut Vec<u8>, text: Arguments<'_>) {
    out.write_fmt(text).expect("a vector takes every write");
}

/// Appends a number without `core::fmt`, which costs more than the digits. Each token has two
/// numbers.
pub fn number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Ends an event.
pub fn end(out: &mut Vec<u8>, line_end: &str) {
    out.extend_from_slice(line_end.as_bytes());
    out.extend_from_slice(line_end.as_bytes());
}

/// Adds the send time to an open JSON object, as late as possible, and ends the object and the
/// event.
pub fn end_stamped(out: &mut Vec<u8>, line_end: &str) {
    stamp(out);
    end(out, line_end);
}

fn stamp(out: &mut Vec<u8>) {
    out.extend_from_slice(br#","sent_unix_ns":"#);
    number(out, unix_ns());
    out.push(b'}');
}

/// Appends a JSON object with the send time.
pub fn stamped(out: &mut Vec<u8>, data: &Value) {
    write(out, format_args!("{data}"));
    // The stamp continues the object.
    out.pop();
    stamp(out);
}

/// Appends an event with a name, a JSON object as data and the send time.
pub fn named(out: &mut Vec<u8>, line_end: &str, name: &str, data: &Value) {
    write(out, format_args!("event: {name}{line_end}"));
    unnamed(out, line_end, data);
}

/// Appends an event with a JSON object as data and the send time.
pub fn unnamed(out: &mut Vec<u8>, line_end: &str, data: &Value) {
    out.extend_from_slice(b"data: ");
    stamped(out, data);
    end(out, line_end);
}

/// Appends a comment, which readers must skip.
pub fn comment(out: &mut Vec<u8>, line_end: &str) {
    out.extend_from_slice(b": keep-alive");
    end(out, line_end);
}
