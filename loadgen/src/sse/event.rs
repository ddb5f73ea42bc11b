//! Events of a stream, and how they are framed.

/// Largest event; a longer one ends the stream.
pub const MAX_EVENT_BYTES: usize = 16 << 20;

/// Event, as the standard dispatches it, or a JSON line.
#[derive(Debug, PartialEq)]
pub struct Event<'a> {
    /// Event type; empty means `message`.
    pub name: &'a [u8],
    /// Data lines, joined by line feeds.
    pub data: &'a [u8],
}

/// Error of an event longer than 16 MiB.
#[derive(Debug, PartialEq)]
pub struct Overflow;

/// Framing of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// Server-sent events.
    #[default]
    Events,
    /// One JSON object a line.
    Lines,
    /// Lines if the first line that is not empty begins with a brace, else events.
    Detect,
    /// Objects of one JSON array.
    Array,
}
