//! A whole answer, assembled from the pieces of a reply.

use crate::{
    cursor::{Cursor, Delta},
    reply::{Content, Part},
};

/// The content of an answer, for responses that carry all of it at once.
#[derive(Debug, Default, PartialEq)]
pub struct Assembled {
    /// Text of the answer.
    pub text: String,
    /// Text of the model's reasoning.
    pub reasoning: String,
    /// Tool calls: name and arguments as JSON text.
    pub calls: Vec<(String, String)>,
    /// URLs of the images.
    pub images: Vec<String>,
    /// Number of tokens in `text`.
    pub tokens: u64,
}

impl Assembled {
    /// Assembles the first `limit` pieces of `parts`.
    pub fn new(parts: &std::sync::Arc<[Part]>, limit: u32) -> Self {
        let mut whole = Self::default();
        let mut cursor = Cursor::new(parts, limit);
        while let Some(delta) = cursor.peek() {
            whole.tokens += u64::from(delta.is_content());
            whole.add(delta);
            cursor.advance();
        }
        whole
    }

    /// Returns whether the answer has tool calls and no text.
    pub fn calls_only(&self) -> bool {
        self.text.is_empty() && !self.calls.is_empty()
    }

    fn add(&mut self, delta: Delta<'_>) {
        match delta {
            Delta::Token(n) => self.text += &format!(" tok{n}"),
            Delta::Reasoning(n) => self.reasoning += &format!(" think{n}"),
            Delta::Content(content) => match content {
                Content::Text(text) => self.text += text,
                Content::Call { name, .. } => self.calls.push((name.clone(), String::new())),
                Content::Arguments { fragment, .. } => {
                    if let Some((_, arguments)) = self.calls.last_mut() {
                        *arguments += fragment;
                    }
                }
                Content::Image { url, .. } => self.images.push(url.clone()),
                Content::Tokens(_) | Content::Reasoning(_) | Content::Nothing => {}
            },
        }
    }
}
