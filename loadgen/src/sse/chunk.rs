//! What an event of a token stream says, found by scanning bytes.
//!
//! A JSON parser would cost more than everything else done per token. Scanning is exact all the same: a raw
//! `"content"` followed by a colon can only be a key, because a quote inside a JSON string is escaped.

use memchr::memmem::Finder;

/// What one event says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// Content tokens: words of the content, at least one for content of any length; 0 without content.
    pub tokens: u32,
    /// The sender's stamp, nanoseconds since the Unix epoch, where it sends one.
    pub sent_unix_ns: Option<u64>,
    /// The stream's end mark, `[DONE]`.
    pub done: bool,
    /// The event reports an error.
    pub error: bool,
    /// The event begins like a JSON object and does not end like one. No more is checked: parsing would cost more than
    /// everything else.
    pub cut_off: bool,
}

/// Finds the parts of an event that matter; build it once.
#[derive(Debug)]
pub struct Scanner {
    content: Finder<'static>,
    stamp: Finder<'static>,
    error: Finder<'static>,
}

impl Default for Scanner {
    fn default() -> Self {
        Self {
            content: Finder::new(b"\"content\""),
            stamp: Finder::new(b"\"sent_unix_ns\""),
            error: Finder::new(b"\"error\""),
        }
    }
}

impl Scanner {
    /// What the data of an event says: a chunk of the OpenAI stream (`choices[0].delta.content`) or
    /// `{"content":"…"}`.
    pub fn scan(&self, data: &[u8]) -> Chunk {
        if data.trim_ascii() == b"[DONE]" {
            return Chunk {
                done: true,
                ..Chunk::default()
            };
        }
        let tokens = values(&self.content, data)
            .find_map(string)
            .map_or(0, count_tokens);
        Chunk {
            tokens,
            sent_unix_ns: values(&self.stamp, data).find_map(number),
            error: tokens == 0
                && values(&self.error, data).any(|value| !value.starts_with(b"null")),
            cut_off: is_cut_off(data.trim_ascii()),
            done: false,
        }
    }
}

fn is_cut_off(data: &[u8]) -> bool {
    data.starts_with(b"{") && !data.ends_with(b"}")
}

/// What follows each occurrence of a key and its colon.
fn values<'a>(key: &'a Finder<'static>, data: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    key.find_iter(data).filter_map(|at| {
        let rest = data[at + key.needle().len()..].trim_ascii_start();
        rest.strip_prefix(b":").map(<[u8]>::trim_ascii_start)
    })
}

/// The inside of a JSON string at the beginning of `value`, still escaped; none if it is empty or not a string.
fn string(value: &[u8]) -> Option<&[u8]> {
    let inside = value.strip_prefix(b"\"")?;
    let mut from = 0;
    loop {
        let at = from + memchr::memchr2(b'"', b'\\', &inside[from..])?;
        if inside[at] == b'"' {
            return (at > 0).then(|| &inside[..at]);
        }
        from = (at + 2).min(inside.len());
    }
}

fn number(value: &[u8]) -> Option<u64> {
    let digits = value
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    std::str::from_utf8(&value[..digits]).ok()?.parse().ok()
}

/// Words of an escaped JSON string, at least one.
fn count_tokens(content: &[u8]) -> u32 {
    let mut words = 0;
    let mut inside_word = false;
    let mut bytes = content.iter();
    while let Some(byte) = bytes.next() {
        let space = match byte {
            b' ' => true,
            b'\\' => matches!(bytes.next(), Some(b'n' | b't' | b'r')),
            _ => false,
        };
        words += u32::from(!inside_word && !space);
        inside_word = !space;
    }
    words.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scan(data: &str) -> Chunk {
        Scanner::default().scan(data.as_bytes())
    }

    #[test]
    fn both_stream_formats_are_understood() {
        let openai =
            r#"{"id":"c","choices":[{"index":0,"delta":{"content":" tok17"}}],"sent_unix_ns":17}"#;
        let expect = Chunk {
            tokens: 1,
            sent_unix_ns: Some(17),
            ..Chunk::default()
        };
        assert_eq!(scan(openai), expect);
        assert_eq!(scan(r#"{"content":" tok17"}"#).tokens, 1);
        assert_eq!(scan("{ \"content\" :\n\"a b\" }").tokens, 2);
    }

    #[test]
    fn the_end_mark_is_no_content() {
        assert_eq!(
            scan("[DONE]"),
            Chunk {
                done: true,
                ..Chunk::default()
            }
        );
        assert_eq!(scan(r#"{"content":"[DONE]"}"#).tokens, 1);
    }

    #[test]
    fn empty_and_absent_content_is_none() {
        for data in [
            r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
            r#"{"choices":[{"delta":{"content":null}}]}"#,
            r#"{"choices":[{"delta":{"reasoning_content":"hm"}}]}"#,
            r#"{"text":"say \"content\": \"x\""}"#,
            r#"{"a":"content"}"#,
            r#"{"content":"cut off"#,
            "",
        ] {
            assert_eq!(scan(data).tokens, 0, "{data}");
        }
        assert!(scan(r#"{"content":"cut off"#).cut_off && scan("{").cut_off);
        assert!(!scan("no JSON at all").cut_off && !scan(" {\"content\":\"a}\"}\n").cut_off);
        let logprobs = r#"{"logprobs":{"content":[{"token":"a"}]},"delta":{"content":"b"}}"#;
        assert_eq!(scan(logprobs).tokens, 1);
    }

    #[test]
    fn a_coalesced_chunk_counts_its_words() {
        assert_eq!(scan(r#"{"content":" tok1 tok2 tok3"}"#).tokens, 3);
        assert_eq!(scan(r#"{"content":" a\n\"b\" \\n"}"#).tokens, 3);
        assert_eq!(scan(r#"{"content":" "}"#).tokens, 1);
    }

    #[test]
    fn errors_are_seen() {
        assert!(scan(r#"{"error":"model went away"}"#).error);
        assert!(scan(r#"{"error":{"message":"x"}}"#).error);
        assert!(!scan(r#"{"error":null,"usage":{}}"#).error);
        assert!(!scan(r#"{"content":"\"error\": no"}"#).error);
    }

    proptest! {
        #[test]
        fn agrees_with_a_json_parser(words in prop::collection::vec("[a-z\"\\\\é\u{1}]{1,5}", 1..5), stamp: u64) {
            let content = format!(" {}", words.join(" "));
            let event = serde_json::json!({
                "other": content, "choices": [{"delta": {"content": content}}], "sent_unix_ns": stamp,
            });
            let chunk = scan(&event.to_string());
            prop_assert_eq!(chunk.tokens as usize, words.len());
            prop_assert_eq!(chunk.sent_unix_ns, Some(stamp));
        }

        #[test]
        fn any_bytes_are_survived(data in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Scanner::default().scan(&data);
        }
    }
}
