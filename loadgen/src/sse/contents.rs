//! Contents of an event.

use super::format::Format;

/// Kind of text in an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The answer itself.
    Answer,
    /// Reasoning ("thinking").
    Reasoning,
    /// A tool call: its name or arguments.
    ToolCall,
}

/// Tokens as the server reports them; 0 for what it does not report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Prompt tokens.
    pub prompt: u64,
    /// Tokens of the answer, reasoning included.
    pub completion: u64,
    /// Reasoning tokens.
    pub reasoning: u64,
}

/// Contents of one event, its text excepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// Format, where the event shows it.
    pub format: Option<Format>,
    /// Sender's stamp, nanoseconds since the Unix epoch, where there is one.
    pub sent_unix_ns: Option<u64>,
    /// The event ends the stream.
    pub done: bool,
    /// The event reports an error.
    pub error: bool,
    /// The event begins like a JSON object and is not one.
    pub malformed: bool,
    /// Usage, where the event reports it.
    pub usage: Option<Usage>,
}
