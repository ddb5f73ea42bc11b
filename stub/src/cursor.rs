//! Walks through a reply, piece by piece.

use crate::reply::{Content, Part, Reply, pieces};
use std::{sync::Arc, time::Duration};

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

    /// All parts of the reply.
    pub fn parts(&self) -> &[Part] {
        &self.parts
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
    use crate::{
        fault::Faults,
        reply::{Finish, Usage},
        timing::Timing,
    };

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
