//! An iterator over the pieces of a reply.

use crate::reply::{Content, Part, pieces};
use std::{sync::Arc, time::Duration};

/// One piece of a reply: the content of one event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Delta<'a> {
    /// Generated token number `n` of its part.
    Token(u32),
    /// Generated reasoning token number `n` of its part.
    Reasoning(u32),
    /// Scripted content.
    Content(&'a Content),
}

impl Delta<'_> {
    /// Returns whether the piece counts as a token of the answer's text.
    pub fn is_content(&self) -> bool {
        matches!(self, Self::Token(_) | Self::Content(Content::Text(_)))
    }
}

/// A position between the pieces of a reply.
pub struct Cursor {
    parts: Arc<[Part]>,
    part: usize,
    within: u32,
    left: u32,
}

impl Cursor {
    /// Starts before the first piece.
    pub fn new(parts: &Arc<[Part]>, limit: u32) -> Self {
        let mut cursor = Self {
            parts: parts.clone(),
            part: 0,
            within: 0,
            left: pieces(parts).min(limit),
        };
        cursor.skip_finished();
        cursor
    }

    /// Returns all parts of the reply.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Returns how many pieces are left.
    pub fn left(&self) -> u32 {
        self.left
    }

    /// Returns the next piece, if one is left.
    pub fn peek(&self) -> Option<Delta<'_>> {
        let part = self.current()?;
        Some(match part.content {
            Content::Tokens(_) => Delta::Token(self.within),
            Content::Reasoning(_) => Delta::Reasoning(self.within),
            ref content => Delta::Content(content),
        })
    }

    /// Returns the pause before the next piece, on top of the reply's timing.
    pub fn pause(&self) -> Duration {
        match self.current() {
            Some(part) if self.within == 0 => part.pause,
            _ => Duration::ZERO,
        }
    }

    /// Moves to the next piece.
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
    fn pieces_of(limit: u32) -> Vec<String> {
        let parts = [
            Content::Tokens(0),
            Content::Text("a".into()),
            Content::Tokens(2),
            Content::Tokens(0),
        ];
        let mut cursor = Cursor::new(&parts.map(Part::from).into(), limit);
        let mut found = Vec::new();
        while let Some(delta) = cursor.peek() {
            found.push(format!("{} left, {delta:?}", cursor.left()));
            cursor.advance();
        }
        found
    }

    #[test]
    fn returns_each_piece_once() {
        let all = [
            "3 left, Content(Text(\"a\"))",
            "2 left, Token(0)",
            "1 left, Token(1)",
        ];
        assert_eq!(pieces_of(u32::MAX), all);
    }

    #[test]
    fn stops_at_the_limit() {
        assert_eq!(
            pieces_of(2),
            ["2 left, Content(Text(\"a\"))", "1 left, Token(0)"]
        );
        assert!(pieces_of(0).is_empty());
    }
}
