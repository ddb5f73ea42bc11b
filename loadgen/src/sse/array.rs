//! Splits a JSON array that arrives in pieces into its objects. Gemini streams such an array where
//! the request does not ask for server-sent events.

use super::event::{MAX_EVENT_BYTES, Overflow};

/// State between two pieces of an array.
#[derive(Debug, Default)]
pub struct ArrayParser {
    state: State,
    /// Objects and arrays that are open within the outer array.
    depth: u32,
    in_string: bool,
    escaped: bool,
    /// Beginning of an object whose end has not arrived.
    object: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Before,
    Inside,
    /// After the array, or in a document that is no array.
    Ignored,
}

impl ArrayParser {
    /// Prepares for another array; keeps the buffer.
    pub fn reset(&mut self) {
        let mut object = std::mem::take(&mut self.object);
        object.clear();
        *self = Self {
            object,
            ..Self::default()
        };
    }

    /// Parses the next piece. Calls `on_object` with each object that it completes.
    ///
    /// # Errors
    /// [`Overflow`] if an object does not end.
    pub fn feed(&mut self, bytes: &[u8], mut on_object: impl FnMut(&[u8])) -> Result<(), Overflow> {
        for &byte in bytes {
            match self.state {
                State::Ignored => return Ok(()),
                State::Before => self.begin(byte),
                State::Inside => self.inside(byte, &mut on_object)?,
            }
        }
        Ok(())
    }

    fn begin(&mut self, byte: u8) {
        // A byte order mark may come first.
        if !byte.is_ascii_whitespace() && !b"\xEF\xBB\xBF".contains(&byte) {
            self.state = match byte {
                b'[' => State::Inside,
                _ => State::Ignored,
            };
        }
    }

    fn inside(&mut self, byte: u8, on_object: &mut impl FnMut(&[u8])) -> Result<(), Overflow> {
        if self.depth == 0 && byte == b']' {
            self.state = State::Ignored;
            return Ok(());
        }
        let opens = !self.in_string && matches!(byte, b'{' | b'[');
        self.depth += u32::from(opens);
        if self.depth == 0 {
            return Ok(());
        }
        if self.object.len() == MAX_EVENT_BYTES {
            return Err(Overflow);
        }
        self.object.push(byte);
        if self.in_string {
            let ends = byte == b'"' && !self.escaped;
            self.escaped = byte == b'\\' && !self.escaped;
            self.in_string = !ends;
        } else if byte == b'"' {
            self.in_string = true;
        } else if matches!(byte, b'}' | b']') {
            self.depth -= 1;
            if self.depth == 0 {
                on_object(&self.object);
                self.object.clear();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(text: &str, piece: usize) -> Vec<String> {
        let (mut parser, mut found) = (ArrayParser::default(), Vec::new());
        for piece in text.as_bytes().chunks(piece) {
            let fed = parser.feed(piece, |object| {
                found.push(String::from_utf8(object.to_vec()).unwrap());
            });
            fed.unwrap();
        }
        found
    }

    #[test]
    fn finds_objects_wherever_a_piece_ends() {
        let text = "\u{feff} [{\"a\":\"]}\\\"\"}\n,\r\n{\"b\":[{},[]]} , 7, \"x\" ] {\"c\":1}";
        for piece in 1..text.len() {
            assert_eq!(
                objects(text, piece),
                ["{\"a\":\"]}\\\"\"}", "{\"b\":[{},[]]}"],
                "{piece}"
            );
        }
    }

    #[test]
    fn ignores_documents_that_are_no_array() {
        for text in ["{\"a\":[{\"b\":1}]}", "", "x[{\"a\":1}]", "[]{\"a\":1}"] {
            assert!(objects(text, 3).is_empty(), "{text}");
        }
    }

    #[test]
    fn rejects_an_object_that_does_not_end() {
        let mut parser = ArrayParser::default();
        parser.feed(b"[{", |_| {}).unwrap();
        let text = vec![b'x'; MAX_EVENT_BYTES];
        assert_eq!(parser.feed(&text, |_| {}), Err(Overflow));
        parser.reset();
        let mut count = 0;
        parser.feed(b"[{}]", |_| count += 1).unwrap();
        assert_eq!(count, 1);
    }
}
