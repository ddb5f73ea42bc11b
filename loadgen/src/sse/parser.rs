//! Parser of server-sent events (WHATWG HTML standard, 9.2.6) and of JSON lines, fed in pieces of
//! any size.
//!
//! The parser ignores the fields that a load test does not need (`id`, `retry`). It is written for
//! this crate, since a stream's cost per token is measured against a floor: it copies only lines
//! that a read cuts in two.

use super::array::ArrayParser;
use super::event::{Event, Framing, MAX_EVENT_BYTES, Overflow};
use memchr::memchr2;

/// State between two pieces of a stream.
#[derive(Debug, Default)]
pub struct Parser {
    framing: Framing,
    /// Beginning of a line whose end has not arrived.
    line: Vec<u8>,
    name: Vec<u8>,
    /// Data lines so far, each followed by a line feed.
    data: Vec<u8>,
    /// Whether the last piece ended in CR, to which a following LF belongs.
    after_cr: bool,
    begun: bool,
    /// Only of a JSON array.
    array: Option<Box<ArrayParser>>,
}

impl Parser {
    /// Prepares for another stream; keeps the buffers.
    pub fn reset(&mut self, framing: Framing) {
        self.framing = framing;
        self.line.clear();
        self.name.clear();
        self.data.clear();
        self.after_cr = false;
        self.begun = false;
        if framing == Framing::Array {
            self.array.get_or_insert_default().reset();
        }
    }

    /// Parses the next piece. Calls `on_event` with each event that it completes.
    ///
    /// # Errors
    /// [`Overflow`] if an event does not end.
    pub fn feed(
        &mut self,
        mut bytes: &[u8],
        mut on_event: impl FnMut(Event<'_>),
    ) -> Result<(), Overflow> {
        if let (Framing::Array, Some(array)) = (self.framing, &mut self.array) {
            return array.feed(bytes, |data| on_event(Event { name: b"", data }));
        }
        while !bytes.is_empty() {
            if std::mem::take(&mut self.after_cr) && bytes[0] == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let Some(end) = memchr2(b'\n', b'\r', bytes) else {
                self.line.extend_from_slice(bytes);
                return self.check_size();
            };
            self.after_cr = bytes[end] == b'\r';
            self.end_line(&bytes[..end], &mut on_event)?;
            bytes = &bytes[end + 1..];
        }
        Ok(())
    }

    /// Ends the stream. Calls `on_event` with the last event if no empty line ends it: the standard
    /// drops it, but the clients of model APIs do not.
    pub fn finish(&mut self, mut on_event: impl FnMut(Event<'_>)) {
        let line = std::mem::take(&mut self.line);
        if !line.is_empty() {
            self.process(&line, &mut on_event);
        }
        self.dispatch(&mut on_event);
    }

    /// Returns the framing; [`Framing::Detect`] until the first line.
    pub fn framing(&self) -> Framing {
        self.framing
    }

    fn end_line(
        &mut self,
        rest: &[u8],
        on_event: &mut impl FnMut(Event<'_>),
    ) -> Result<(), Overflow> {
        if self.line.is_empty() {
            self.process(rest, on_event);
        } else {
            let mut line = std::mem::take(&mut self.line);
            line.extend_from_slice(rest);
            self.process(&line, on_event);
            line.clear();
            self.line = line;
        }
        self.check_size()
    }

    fn process(&mut self, line: &[u8], on_event: &mut impl FnMut(Event<'_>)) {
        let line = match line.strip_prefix(b"\xEF\xBB\xBF") {
            Some(rest) if !self.begun => rest,
            _ => line,
        };
        self.begun = true;
        if self.framing == Framing::Detect && !line.trim_ascii().is_empty() {
            let json = line.trim_ascii_start().starts_with(b"{");
            self.framing = [Framing::Events, Framing::Lines][usize::from(json)];
        }
        if self.framing == Framing::Lines {
            // RFC 7464 puts a record separator before each text.
            let data = line.strip_prefix(b"\x1e").unwrap_or(line);
            if !data.trim_ascii().is_empty() {
                on_event(Event { name: b"", data });
            }
            return;
        }
        if line.is_empty() {
            return self.dispatch(on_event);
        }
        let colon = memchr::memchr(b':', line).unwrap_or(line.len());
        let (field, value) = (&line[..colon], line.get(colon + 1..).unwrap_or_default());
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => {
                self.data.extend_from_slice(value);
                self.data.push(b'\n');
            }
            b"event" => {
                self.name.clear();
                self.name.extend_from_slice(value);
            }
            // Comments (nothing before the colon), id, retry, unknown fields.
            _ => {}
        }
    }

    fn dispatch(&mut self, on_event: &mut impl FnMut(Event<'_>)) {
        if let Some((_, data)) = self.data.split_last() {
            on_event(Event {
                name: &self.name,
                data,
            });
        }
        self.data.clear();
        self.name.clear();
    }

    fn check_size(&self) -> Result<(), Overflow> {
        let held = self.line.len() + self.data.len() + self.name.len();
        if held > MAX_EVENT_BYTES {
            Err(Overflow)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
#[path = "parser_tests.rs"]
mod tests;
