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
    fn pieces(&self) -> u32 {
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

/// One piece of an answer: what one chunk carries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Delta<'a> {
    /// Made-up token number `n` of its part.
    Token(u32),
    /// Anything else.
    Whole(&'a Content),
}

impl Delta<'_> {
    /// Whether a reader of the content sees a token.
    pub fn is_content(&self) -> bool {
        matches!(self, Self::Token(_) | Self::Whole(Content::Text(_)))
    }
}

/// Walks through a reply's pieces.
pub struct Cursor {
    parts: Arc<[Part]>,
    part: usize,
    within: u32,
    left: u32,
}

impl Cursor {
    /// Before the first piece.
    pub fn new(reply: &Reply) -> Self {
        let mut cursor = Self {
            parts: reply.parts.clone(),
            part: 0,
            within: 0,
            left: pieces(&reply.parts).min(reply.limit),
        };
        cursor.skip_finished();
        cursor
    }

    /// Pieces that are left to be sent.
    pub fn left(&self) -> u32 {
        self.left
    }

    /// The piece to be sent next, if any is left.
    pub fn peek(&self) -> Option<Delta<'_>> {
        let part = self.current()?;
        Some(match part.content {
            Content::Tokens(_) => Delta::Token(self.within),
            ref content => Delta::Whole(content),
        })
    }

    /// What is waited before the next piece, besides the reply's timing.
    pub fn pause(&self) -> Duration {
        match self.current() {
            Some(part) if self.within == 0 => part.pause,
            _ => Duration::ZERO,
        }
    }

    /// Goes on to the next piece.
    pub fn advance(&mut self) {
        self.left = self.left.saturating_sub(1);
        self.within += 1;
        self.skip_finished();
    }

    fn current(&self) -> Option<&Part> {
        self.parts.get(self.part).filter(|_| self.left > 0)
    }

    fn skip_finished(&mut self) {
        while self
            .parts
            .get(self.part)
            .is_some_and(|part| self.within >= part.content.pieces())
        {
            self.part += 1;
            self.within = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(limit: u32) -> Vec<String> {
        let parts = [
            Content::Tokens(0),
            Content::Text("a".into()),
            Content::Tokens(2),
            Content::Tokens(0),
        ];
        let mut cursor = Cursor::new(&Reply {
            parts: parts.map(Part::from).into(),
            limit,
            finish: Finish::Stop,
            timing: Timing::default(),
            usage: Usage::default(),
            faults: Faults::default(),
        });
        let mut seen = Vec::new();
        while let Some(delta) = cursor.peek() {
            seen.push(format!("{} left, {delta:?}", cursor.left()));
            cursor.advance();
        }
        seen
    }

    #[test]
    fn the_cursor_passes_each_piece_once() {
        let all = [
            "3 left, Whole(Text(\"a\"))",
            "2 left, Token(0)",
            "1 left, Token(1)",
        ];
        assert_eq!(seen(u32::MAX), all);
    }

    #[test]
    fn the_limit_cuts_the_rest() {
        assert_eq!(seen(2), ["2 left, Whole(Text(\"a\"))", "1 left, Token(0)"]);
        assert!(seen(0).is_empty());
    }
}
