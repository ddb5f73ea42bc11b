//! The model's answer to one request, as data: content, timing and finish reason.

use crate::{fault::Faults, timing::Timing};
use std::{sync::Arc, time::Duration};

/// Consecutive pieces of a reply.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// Pause before the part, on top of the reply's timing.
    pub pause: Duration,
    /// Content of the part.
    pub content: Content,
}

/// Content of a part.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A number of generated tokens: ` tok0`, ` tok1`, …
    Tokens(u32),
    /// A number of generated reasoning tokens: ` think0`, ` think1`, …
    Reasoning(u32),
    /// One token of scripted text.
    Text(String),
    /// The start of a tool call.
    Call {
        /// Position among the reply's calls, from 0.
        index: u32,
        /// Name of the tool.
        name: String,
    },
    /// The next piece of a call's arguments.
    Arguments {
        /// Position among the reply's calls, from 0.
        index: u32,
        /// A fragment of JSON text.
        fragment: String,
    },
    /// An image.
    Image {
        /// Position among the reply's images, from 0.
        index: u32,
        /// URL of the image, usually a `data:` URL.
        url: String,
    },
    /// No content: the only part of an empty reply, which still has a finish reason.
    Nothing,
}

impl From<Content> for Part {
    fn from(content: Content) -> Self {
        let pause = Duration::ZERO;
        Self { pause, content }
    }
}

impl Content {
    /// Returns how many events the content takes.
    pub fn pieces(&self) -> u32 {
        match self {
            Self::Tokens(count) | Self::Reasoning(count) => *count,
            _ => 1,
        }
    }
}

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The answer is complete.
    Stop,
    /// The request's token limit was reached.
    Length,
    /// The model calls tools.
    ToolCalls,
    /// The rest of the answer was withheld.
    ContentFilter,
}

/// Token counts that the response reports.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Tokens in the request.
    pub prompt: u64,
    /// Tokens in the answer, including reasoning.
    pub completion: u64,
    /// Tokens of reasoning.
    pub reasoning: u64,
}

/// The model's answer to one request.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Parts in the order of sending, never empty. Shared: most replies are the same for every
    /// request.
    pub parts: Arc<[Part]>,
    /// The most pieces to send.
    pub limit: u32,
    /// Why the answer ends.
    pub finish: Finish,
    /// When the pieces are sent.
    pub timing: Timing,
    /// Token counts that the response reports.
    pub usage: Usage,
    /// The text of the request's `stop` that ended the answer.
    pub stop_sequence: Option<String>,
    /// Faults to inject.
    pub faults: Faults,
}

/// Returns the number of pieces in all parts.
pub fn pieces(parts: &[Part]) -> u32 {
    parts.iter().fold(0, |sum: u32, part| {
        sum.saturating_add(part.content.pieces())
    })
}
