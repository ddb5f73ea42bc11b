//! Server-sent events: the wire format, and what a chunk of a token stream says.

mod chunk;
mod parser;

pub use chunk::{Chunk, Scanner};
pub use parser::{Event, Overflow, Parser};
