//! New text and tokens of a stream.

use super::contents::Kind;

/// Finder of the new text in each piece of a stream's text.
///
/// Some servers repeat the whole text so far in every event ("cumulative" streams). A stream counts
/// as cumulative as long as each text begins with the one before it; then only the rest of the text
/// is new.
#[derive(Debug, Default)]
pub struct Text {
    /// Last text of the answer, while the stream may be cumulative.
    last: Vec<u8>,
    /// Whether a text did not begin with the one before it.
    incremental: bool,
    /// Texts in a row that extended the one before them.
    extended: u32,
}

impl Text {
    /// Prepares for another stream; keeps the buffer.
    pub fn reset(&mut self) {
        self.last.clear();
        self.incremental = false;
        self.extended = 0;
    }

    /// Returns the part of `text` that is new: of a JSON string that is not empty, still escaped.
    pub fn new_part<'a>(&mut self, kind: Kind, text: &'a [u8]) -> &'a [u8] {
        if kind != Kind::Answer || self.incremental {
            return text;
        }
        if self.last.is_empty() {
            self.last.extend_from_slice(text);
            return text;
        }
        match text.strip_prefix(&self.last[..]) {
            // The same token twice is common; the same text again after growing is a repetition.
            Some(b"") if self.extended > 0 => b"",
            Some(new) if !new.is_empty() => {
                self.extended += 1;
                self.last.extend_from_slice(new);
                new
            }
            _ => {
                self.incremental = true;
                text
            }
        }
    }
}

/// Counts the words of an escaped JSON string: 0 of an empty one, else at least one.
pub fn count_tokens(text: &[u8]) -> u32 {
    let mut words = 0;
    let mut inside_word = false;
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        let space = match byte {
            b' ' => true,
            b'\\' => matches!(bytes.next(), Some(b'n' | b't' | b'r')),
            _ => false,
        };
        words += u32::from(!inside_word && !space);
        inside_word = !space;
    }
    words.max(u32::from(!text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(texts: &[&str]) -> Vec<u32> {
        let mut counter = Text::default();
        let count = |text: &&str| count_tokens(counter.new_part(Kind::Answer, text.as_bytes()));
        texts.iter().map(count).collect()
    }

    #[test]
    fn counts_a_cumulative_text_once() {
        assert_eq!(
            counts(&[" a", " a b", " a b c d", " a b c d"]),
            [1, 1, 2, 0]
        );
    }

    #[test]
    fn counts_every_piece_of_an_incremental_text() {
        assert_eq!(counts(&[" ha", " ha", " ha"]), [1, 1, 1]);
        assert_eq!(counts(&[" a", " b c", " a b"]), [1, 2, 2]);
        // Two pieces that look cumulative do not lose the third.
        assert_eq!(counts(&["I", "It", " is it"]), [1, 1, 2]);
    }

    #[test]
    fn counts_words_of_a_coalesced_chunk() {
        assert_eq!(counts(&[" tok1 tok2 tok3"]), [3]);
        assert_eq!(counts(&[r#" a\n\"b\" \\n"#]), [3]);
        assert_eq!(counts(&[" "]), [1]);
    }

    #[test]
    fn forgets_the_last_stream_on_reset() {
        let mut counter = Text::default();
        counter.new_part(Kind::Answer, b" a");
        counter.reset();
        assert_eq!(counter.new_part(Kind::Answer, b" a b"), b" a b");
    }
}
