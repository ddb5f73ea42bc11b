//! Cursor over JSON text that skips the members no one asks for.
//!
//! `serde_json` parses every value into a type, which takes several times as long as all other work
//! per token. The cursor reads each byte once, allocates nothing, and returns strings as they are
//! written, escapes included. It checks the structure as far as it reads, not the grammar of
//! numbers.

/// Nesting beyond this is refused: answers of models have about five levels.
const MAX_DEPTH: u32 = 128;

/// Position in a JSON text. All methods return none where the text is not JSON.
#[derive(Clone, Copy, Debug)]
pub struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Returns a cursor at the beginning of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Returns the first byte of the next token, without consuming it.
    pub fn peek(&mut self) -> Option<u8> {
        let rest = &self.bytes[self.at..];
        let spaces = rest.iter().take_while(|byte| byte.is_ascii_whitespace());
        self.at += spaces.count();
        self.bytes.get(self.at).copied()
    }

    /// Returns whether only white space is left.
    pub fn is_at_end(&mut self) -> bool {
        self.peek().is_none()
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Calls `member` with each key of an object; `member` must consume the value.
    pub fn object(
        &mut self,
        mut member: impl FnMut(&mut Self, &'a [u8]) -> Option<()>,
    ) -> Option<()> {
        self.take(b'{')?;
        if self.peek()? == b'}' {
            return self.take(b'}');
        }
        loop {
            let key = self.string()?;
            self.take(b':')?;
            member(self, key)?;
            match self.peek()? {
                b',' => self.at += 1,
                _ => return self.take(b'}'),
            }
        }
    }

    /// Calls `member` as [`Cursor::object`] does if the value is an object; skips it otherwise.
    pub fn object_or_skip(
        &mut self,
        member: impl FnMut(&mut Self, &'a [u8]) -> Option<()>,
    ) -> Option<()> {
        match self.peek()? {
            b'{' => self.object(member),
            _ => self.skip(),
        }
    }

    /// Calls `item` at each item of an array; `item` must consume it. Skips any other value.
    pub fn array_or_skip(&mut self, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        if self.peek()? != b'[' {
            return self.skip();
        }
        self.take(b'[')?;
        if self.peek()? == b']' {
            return self.take(b']');
        }
        loop {
            item(self)?;
            match self.peek()? {
                b',' => self.at += 1,
                _ => return self.take(b']'),
            }
        }
    }

    /// Consumes a string and returns its inside, still escaped.
    pub fn string(&mut self) -> Option<&'a [u8]> {
        self.take(b'"')?;
        let inside = &self.bytes[self.at..];
        let mut from = 0;
        loop {
            let found = from + memchr::memchr2(b'"', b'\\', inside.get(from..)?)?;
            if inside[found] == b'"' {
                self.at += found + 1;
                return Some(&inside[..found]);
            }
            from = found + 2;
        }
    }

    /// Consumes a value and returns its inside if it is a string, else an empty slice.
    pub fn text(&mut self) -> Option<&'a [u8]> {
        match self.peek()? {
            b'"' => self.string(),
            _ => self.skip().map(|()| &b""[..]),
        }
    }

    /// Consumes a value and returns it if it is a whole number that fits, else 0.
    pub fn number(&mut self) -> Option<u64> {
        self.peek()?;
        let from = self.at;
        self.skip()?;
        let text = std::str::from_utf8(&self.bytes[from..self.at]).ok();
        Some(text.and_then(|text| text.trim().parse().ok()).unwrap_or(0))
    }

    /// Consumes a value and returns whether it is something other than `null` and `false`.
    pub fn is_set(&mut self) -> Option<bool> {
        let first = self.peek()?;
        self.skip()?;
        Some(!matches!(first, b'n' | b'f'))
    }

    /// Consumes any value.
    pub fn skip(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.string().map(|_| ()),
            b'{' | b'[' => self.skip_container(),
            b'}' | b']' | b',' | b':' => None,
            _ => {
                let rest = &self.bytes[self.at..];
                let ends =
                    |byte: &u8| matches!(byte, b',' | b'}' | b']') || byte.is_ascii_whitespace();
                self.at += rest.iter().position(ends).unwrap_or(rest.len());
                Some(())
            }
        }
    }

    fn skip_container(&mut self) -> Option<()> {
        let mut depth = 0;
        loop {
            match *self.bytes.get(self.at)? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            match depth {
                0 => return Some(()),
                1..MAX_DEPTH => {}
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn members(text: &str) -> Option<Vec<(String, String)>> {
        let mut found = Vec::new();
        let mut cursor = Cursor::new(text.as_bytes());
        cursor.object(|cursor, key| {
            cursor.peek()?;
            let from = cursor.at;
            cursor.skip()?;
            let value = &text[from..cursor.at];
            found.push((String::from_utf8_lossy(key).into(), value.into()));
            Some(())
        })?;
        cursor.is_at_end().then_some(found)
    }

    #[test]
    fn finds_the_members_of_an_object() {
        let text = r#" { "a" : "x\"}y" ,"b":[1,{"c":"]"}],"d":-1.5e3 , "e":null} "#;
        let expected = [
            ("a", r#""x\"}y""#),
            ("b", r#"[1,{"c":"]"}]"#),
            ("d", "-1.5e3"),
            ("e", "null"),
        ];
        let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(members(text).unwrap(), expected);
        assert_eq!(members("{}").unwrap(), []);
    }

    #[test]
    fn rejects_text_that_ends_early_or_is_not_json() {
        for text in [
            "",
            "{",
            "{\"a",
            "{\"a\"",
            "{\"a\":",
            "{\"a\":1",
            "{\"a\":1,",
            "{\"a\":1,}",
            "{a:1}",
            "[1]",
            "{\"a\":\"b\\",
            "{\"a\":[1}",
            "{\"a\" 1}",
            "{} x",
            "\"a\"",
        ] {
            // A bracket closed by the other kind passes; nothing is read from there.
            if text != "{\"a\":[1}" {
                assert_eq!(members(text), None, "{text}");
            }
        }
        let deep = format!("{{\"a\":{}", "[".repeat(1 << 16));
        assert_eq!(members(&deep), None);
    }

    #[test]
    fn reads_values_by_type_and_ignores_other_types() {
        let at = |text: &'static str| Cursor::new(text.as_bytes());
        assert_eq!(at(r#""a\n""#).text(), Some(&br"a\n"[..]));
        assert_eq!(
            (at("{}").text(), at("5").text()),
            (Some(&b""[..]), Some(&b""[..]))
        );
        assert_eq!(
            (at("17 ").number(), at("\"17\"").number()),
            (Some(17), Some(0))
        );
        assert_eq!(at("99999999999999999999").number(), Some(0));
        assert_eq!(
            (at("null").is_set(), at("{}").is_set()),
            (Some(false), Some(true))
        );
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::from),
            "[a-z\"\\\\{}\\[\\]:,é\n]{0,8}".prop_map(Value::String),
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::hash_map("[a-z\"]{0,4}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn agrees_with_a_json_parser(value in prop::collection::btree_map("[a-z]{1,4}", json(), 0..5)) {
            for text in [serde_json::to_string(&value), serde_json::to_string_pretty(&value)] {
                let text = text.unwrap();
                let found = members(&text).unwrap();
                let parsed: Vec<(String, Value)> = found
                    .into_iter()
                    .map(|(key, text)| (key, serde_json::from_str(&text).unwrap()))
                    .collect();
                prop_assert_eq!(parsed, value.clone().into_iter().collect::<Vec<_>>());
                for end in 0..text.len() {
                    if text.is_char_boundary(end) {
                        prop_assert_eq!(members(&text[..end]), None);
                    }
                }
            }
        }

        #[test]
        fn survives_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut cursor = Cursor::new(&bytes);
            let _ = cursor.object(|cursor, _| cursor.skip());
        }
    }
}
