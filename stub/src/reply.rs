//! One answer of the model, as data: what it says, piece by piece, when, and why it ends.

use crate::{fault::Faults, timing::Timing};
use std::{sync::Arc, time::Duration};

/// Pieces of an answer that follow one another.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Waited before the part, besides the reply's timing.
    pub pause: Duration,
    /// What is said.
    pub content: Content,
}

/// What a part says.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// So many made-up tokens: ` tok0`, ` tok1`, …
    Tokens(u32),
    /// One piece of text.
    Text(String),
    /// A tool call begins.
    Call {
        /// Which of the reply's calls, from 0.
        index: u32,
        /// The tool's name.
        name: String,
    },
    /// The next piece of a call's arguments.
    Arguments {
        /// Which of the reply's calls, from 0.
        index: u32,
        /// A piece of JSON text.
        fragment: String,
    },
    /// A whole image.
    Image {
        /// Which of the reply's images, from 0.
        index: u32,
        /// Where it is, usually a `data:` URL.
        url: String,
    },
    /// Nothing: the only part of an empty reply, so that there is a chunk to carry the reason of its end.
    Nothing,
}

impl From<Content> for Part {
    fn from(content: Content) -> Self {
        let pause = Duration::ZERO;
        Self { pause, content }
    }
}

impl Content {
    /// Chunks it takes.
    pub fn pieces(&self) -> u32 {
        match self {
            Self::Tokens(count) => *count,
            _ => 1,
        }
    }
}

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// It had said everything.
    Stop,
    /// The request's limit of tokens was reached.
    Length,
    /// It wants tools called.
    ToolCalls,
    /// What it was about to say was withheld.
    ContentFilter,
}

impl Finish {
    /// The API's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolCalls => "tool_calls",
            Self::ContentFilter => "content_filter",
        }
    }
}

/// Tokens as the answer reports them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Tokens of the request.
    pub prompt: u64,
    /// Tokens of the answer.
    pub completion: u64,
}

/// What the model answers to one request.
#[derive(Clone, Debug)]
pub struct Reply {
    /// In the order of sending; shared, because most replies are the same for every request. Never empty.
    pub parts: Arc<[Part]>,
    /// At most so many pieces are sent.
    pub limit: u32,
    /// Why it ends.
    pub finish: Finish,
    /// When its pieces are sent.
    pub timing: Timing,
    /// What it reports to have used.
    pub usage: Usage,
    /// What goes wrong.
    pub faults: Faults,
}

/// Pieces of all parts together.
pub fn pieces(parts: &[Part]) -> u32 {
    parts.iter().fold(0, |sum: u32, part| {
        sum.saturating_add(part.content.pieces())
    })
}
