//! The event-stream format of the WHATWG HTML standard (9.2.6), fed in pieces of any size.
//!
//! Fields a load test has no use for (`id`, `retry`) are recognised and left out.

use memchr::memchr2;

/// An event longer than this is an attack or a mistake, and ends the stream.
const MAX_EVENT_BYTES: usize = 16 << 20;

/// An event, as the standard dispatches it.
#[derive(Debug, PartialEq)]
pub struct Event<'a> {
    /// Its type; empty means `message`.
    pub name: &'a [u8],
    /// Its data lines, joined by line feeds.
    pub data: &'a [u8],
}

/// An event was longer than 16 MiB.
#[derive(Debug, PartialEq)]
pub struct Overflow;

/// The state between two pieces of a stream.
#[derive(Debug, Default)]
pub struct Parser {
    /// The beginning of a line whose end has not arrived.
    line: Vec<u8>,
    name: Vec<u8>,
    /// Data lines so far, each followed by a line feed.
    data: Vec<u8>,
    /// The last piece ended in CR: a LF that comes next belongs to it.
    after_cr: bool,
    begun: bool,
}

impl Parser {
    /// Makes ready for another stream; the buffers stay.
    pub fn reset(&mut self) {
        self.line.clear();
        self.name.clear();
        self.data.clear();
        self.after_cr = false;
        self.begun = false;
    }

    /// Takes the next piece and hands each event it completes to `on_event`.
    ///
    /// # Errors
    /// [`Overflow`] if an event does not end.
    pub fn feed(
        &mut self,
        mut bytes: &[u8],
        mut on_event: impl FnMut(Event<'_>),
    ) -> Result<(), Overflow> {
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
            // Comments (nothing before the colon), id, retry and what the standard does not know.
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
