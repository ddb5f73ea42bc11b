//! Token streams: framing (server-sent events, JSON lines) and the stream formats of model APIs.

mod array;
mod chunk;
mod contents;
mod event;
mod fields;
mod format;
mod json;
mod parser;
mod text;

pub use chunk::Scanner;
pub use contents::{Chunk, Kind, Usage};
pub use event::{Event, Framing, Overflow};
pub use format::{Format, Selection};
pub use parser::Parser;
pub use text::{Text, count_tokens};
