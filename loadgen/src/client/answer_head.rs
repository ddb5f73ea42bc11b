//! Head of an answer, whichever HTTP carried it.

use super::decode::Encoding;
use std::time::{Duration, SystemTime};

/// Longest content type that is kept.
const MAX_TYPE_BYTES: usize = 40;

/// Headers of an answer that matter to a load test.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// HTTP status.
    pub status: u16,
    /// Content type without its parameters.
    pub content_type: ContentType,
    /// Content encoding.
    pub encoding: Encoding,
    /// Time after which the server wants to be asked again (`Retry-After`).
    pub retry_after: Option<Duration>,
    /// Target of a redirect.
    pub location: Option<Box<str>>,
}

/// Content type in lower case, cut off after 40 bytes. It lives on the stack, since every answer
/// has
/// one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ContentType {
    bytes: [u8; MAX_TYPE_BYTES],
    length: u8,
}

impl Default for ContentType {
    fn default() -> Self {
        Self {
            bytes: [0; MAX_TYPE_BYTES],
            length: 0,
        }
    }
}

impl ContentType {
    fn new(value: &[u8]) -> Self {
        let essence = value.split(|byte| *byte == b';').next().unwrap_or_default();
        let mut this = Self::default();
        for byte in essence.trim_ascii().iter().take(MAX_TYPE_BYTES) {
            this.bytes[usize::from(this.length)] = byte.to_ascii_lowercase();
            this.length += 1;
        }
        this
    }

    /// Returns the type, such as `text/event-stream`; empty without one.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.length)]).unwrap_or("unreadable")
    }

    /// Returns whether a stream may have this type. Not every server declares its streams.
    pub fn may_stream(&self) -> bool {
        let name = self.as_str();
        let lines = [
            "application/x-ndjson",
            "application/jsonl",
            "application/json-seq",
        ];
        name.is_empty()
            || matches!(name, "text/event-stream" | "text/plain")
            || lines.contains(&name)
    }
}

impl Head {
    /// Returns the head of an answer without headers.
    pub fn new(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    /// Reads one header.
    pub fn add(&mut self, name: &str, value: &[u8]) {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("content-type") {
            self.content_type = ContentType::new(value);
        } else if is("content-encoding") {
            self.encoding = Encoding::new(value);
        } else if is("retry-after") {
            self.retry_after = retry_after(value, SystemTime::now());
        } else if is("location") {
            self.location = Some(String::from_utf8_lossy(value).into());
        }
    }

    /// Returns whether the answer is one JSON document, and so no stream.
    pub fn is_json(&self) -> bool {
        let name = self.content_type.as_str();
        name == "application/json" || name.ends_with("+json")
    }
}

/// Reads `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).
fn retry_after(value: &[u8], now: SystemTime) -> Option<Duration> {
    let text = std::str::from_utf8(value).ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(name: &str, value: &str) -> Head {
        let mut head = Head::new(200);
        head.add(name, value.as_bytes());
        head
    }

    #[test]
    fn reads_the_content_type_without_parameters() {
        let head = head("Content-Type", "Application/JSON; charset=utf-8");
        assert_eq!(head.content_type.as_str(), "application/json");
        assert!(head.is_json() && !head.content_type.may_stream());
    }

    #[test]
    fn distinguishes_streams_from_documents() {
        for name in [
            "text/event-stream; charset=utf-8",
            "application/x-ndjson",
            "text/plain",
        ] {
            let head = head("content-type", name);
            assert!(head.content_type.may_stream() && !head.is_json(), "{name}");
        }
        for name in ["text/html", "image/png"] {
            assert!(
                !head("content-type", name).content_type.may_stream(),
                "{name}"
            );
        }
        assert!(head("content-type", "application/problem+json").is_json());
        assert!(Head::new(200).content_type.may_stream());
        let long = "a".repeat(200);
        assert_eq!(head("content-type", &long).content_type.as_str().len(), 40);
    }

    #[test]
    fn reads_retry_after_as_seconds_or_date() {
        let now = SystemTime::now();
        let seconds = |value: &str| retry_after(value.as_bytes(), now);
        assert_eq!(seconds(" 7 "), Some(Duration::from_secs(7)));
        let date = httpdate::fmt_http_date(now + Duration::from_secs(90));
        let wait = seconds(&date).unwrap();
        assert!((88..=90).contains(&wait.as_secs()), "{wait:?}");
        let past = httpdate::fmt_http_date(now - Duration::from_secs(90));
        assert_eq!(seconds(&past), Some(Duration::ZERO));
        assert_eq!((seconds("soon"), seconds("-1")), (None, None));
    }
}
