//! One answer of the model, as data: what it says, piece by piece, and why it ends.

use std::sync::Arc;

/// A run of like pieces of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// So many made-up tokens: ` tok0`, ` tok1`, …
    Tokens(u32),
    /// One piece of text.
    Text(String),
}

impl Part {
    fn length(&self) -> u32 {
        match self {
            Self::Tokens(count) => *count,
            Self::Text(_) => 1,
        }
    }
}

/// Why the model stopped.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Finish {
    /// It had said everything.
    Stop,
}

impl Finish {
    /// The API's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stop => "stop",
        }
    }
}

/// What the model answers to one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// In the order of sending; shared, because most replies are the same for every request.
    pub parts: Arc<[Part]>,
    /// Why it ends.
    pub finish: Finish,
}

/// One piece of an answer: what one event carries.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Delta<'a> {
    /// Made-up token number `n`.
    Token(u32),
    /// A piece of text.
    Text(&'a str),
}

/// Walks through a reply's pieces.
pub struct Cursor {
    parts: Arc<[Part]>,
    part: usize,
    within: u32,
}

impl Cursor {
    /// Before the first piece.
    pub fn new(parts: Arc<[Part]>) -> Self {
        let mut cursor = Self {
            parts,
            part: 0,
            within: 0,
        };
        cursor.skip_finished();
        cursor
    }

    /// The piece to be sent next, if any is left.
    pub fn peek(&self) -> Option<Delta<'_>> {
        Some(match self.parts.get(self.part)? {
            Part::Tokens(_) => Delta::Token(self.within),
            Part::Text(text) => Delta::Text(text),
        })
    }

    /// Whether the piece to be sent next is the last.
    pub fn is_last(&self) -> bool {
        let left = |part: &Part| u64::from(part.length());
        let left: u64 = self.parts[self.part..].iter().map(left).sum();
        left == u64::from(self.within) + 1
    }

    /// Goes on to the next piece.
    pub fn advance(&mut self) {
        self.within += 1;
        self.skip_finished();
    }

    fn skip_finished(&mut self) {
        while let Some(part) = self.parts.get(self.part) {
            if self.within < part.length() {
                return;
            }
            self.part += 1;
            self.within = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_passes_each_piece_once() {
        let parts = [
            Part::Tokens(0),
            Part::Text("a".into()),
            Part::Tokens(2),
            Part::Tokens(0),
        ];
        let mut cursor = Cursor::new(parts.into());
        let mut seen = Vec::new();
        while let Some(delta) = cursor.peek() {
            seen.push(format!("{delta:?}"));
            cursor.advance();
        }
        assert_eq!(seen, ["Text(\"a\")", "Token(0)", "Token(1)"]);
    }
}
