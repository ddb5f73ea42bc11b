//! The head of an HTTP/1.1 answer, and that of a request.

use super::Failure;
use super::framing::Length;
use bytes::Bytes;
use hyper::Method;
use hyper::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use std::io::Write as _;

/// Headers that an answer may have.
const MAX_HEADERS: usize = 100;
/// A head may be so long.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// What an answer says of itself before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// HTTP status.
    pub status: u16,
    /// It says that it is JSON, and so no stream.
    pub is_json: bool,
}

/// A head and what follows from it.
#[derive(Debug, PartialEq, Eq)]
pub struct Parsed {
    /// For whoever asked.
    pub head: Head,
    /// How long its body is.
    pub length: Length,
    /// The server keeps the connection.
    pub keeps: bool,
    /// How many bytes it took.
    pub bytes: usize,
}

/// Reads the head at the beginning of `bytes`, that of an answer to `method`; none if it is not all there. Interim answers
/// (100 to 199) are for the caller to pass over.
///
/// # Errors
/// If this is no head.
pub fn parse(bytes: &[u8], method: &Method) -> Result<Option<Parsed>, Failure> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let bytes = match response.parse(bytes) {
        Ok(httparse::Status::Complete(bytes)) => bytes,
        Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD_BYTES => return Ok(None),
        _ => return Err(Failure::Malformed),
    };
    let status = response.code.ok_or(Failure::Malformed)?;
    let fields = Fields::of(response.headers)?;
    let persistent = match response.version {
        Some(1) => !fields.closes,
        _ => fields.stays && !fields.closes,
    };
    let length = match (status, fields.chunked, fields.length) {
        (100..200 | 204 | 304, ..) => Length::Bytes(0),
        _ if method == Method::HEAD => Length::Bytes(0),
        (_, Some(true), _) => Length::Chunked,
        (_, None, Some(length)) => Length::Bytes(length),
        _ => Length::UntilClosed,
    };
    Ok(Some(Parsed {
        head: Head {
            status,
            is_json: fields.is_json,
        },
        length,
        keeps: persistent && length != Length::UntilClosed && status != 101,
        bytes,
    }))
}

/// What the headers say, as far as it matters.
#[derive(Default)]
struct Fields {
    is_json: bool,
    /// Whether the last transfer coding is chunks; none if there is no transfer coding.
    chunked: Option<bool>,
    length: Option<u64>,
    closes: bool,
    stays: bool,
}

impl Fields {
    fn of(headers: &[httparse::Header<'_>]) -> Result<Self, Failure> {
        let mut fields = Self::default();
        for header in headers {
            fields.add(header.name, header.value)?;
        }
        Ok(fields)
    }

    fn add(&mut self, name: &str, value: &[u8]) -> Result<(), Failure> {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("content-type") {
            self.is_json = is_json(value);
        } else if is("transfer-encoding") {
            let last = list(value).last().unwrap_or_default();
            self.chunked = Some(last.eq_ignore_ascii_case(b"chunked"));
        } else if is("content-length") {
            for text in list(value) {
                let length = number(text).ok_or(Failure::Malformed)?;
                // Two that differ would have two readers see two bodies.
                if self
                    .length
                    .replace(length)
                    .is_some_and(|other| other != length)
                {
                    return Err(Failure::Malformed);
                }
            }
        } else if is("connection") {
            let has = |word: &[u8]| list(value).any(|option| option.eq_ignore_ascii_case(word));
            self.closes |= has(b"close");
            self.stays |= has(b"keep-alive");
        }
        Ok(())
    }
}

/// Whether an answer of this type is no stream. Without a word on it, it is looked at: not every server that streams
/// says so.
pub fn is_json(content_type: &[u8]) -> bool {
    content_type.starts_with(b"application/json")
}

fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii)
}

fn number(text: &[u8]) -> Option<u64> {
    let digits = !text.is_empty() && text.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(text)
        .ok()
        .filter(|_| digits)?
        .parse()
        .ok()
}

/// Writes `request` as it goes onto the wire. How long it is is said here, whatever its headers say.
pub fn write(request: &hyper::Request<Bytes>, out: &mut Vec<u8>) {
    let (method, body) = (request.method(), request.body());
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    out.extend_from_slice(format!("{method} {path} HTTP/1.1\r\n").as_bytes());
    for (name, value) in request.headers() {
        if name != CONTENT_LENGTH && name != TRANSFER_ENCODING {
            out.extend_from_slice(name.as_str().as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
    if !body.is_empty() || matches!(*method, Method::POST | Method::PUT | Method::PATCH) {
        write!(out, "content-length: {}\r\n", body.len()).expect("memory takes any text");
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
}

/// Whether the request asks the server to close the connection.
pub fn asks_to_close(request: &hyper::Request<Bytes>) -> bool {
    let values = request.headers().get_all(CONNECTION);
    let closes = |value: &[u8]| list(value).any(|option| option.eq_ignore_ascii_case(b"close"));
    values.iter().any(|value| closes(value.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &str, method: Method) -> Result<Option<Parsed>, Failure> {
        parse(format!("HTTP/1.1 {lines}\r\n\r\nbody").as_bytes(), &method)
    }

    fn length(lines: &str) -> Length {
        of(lines, Method::POST).unwrap().unwrap().length
    }

    #[test]
    fn the_body_is_as_long_as_the_head_says() {
        assert_eq!(length("200 OK\r\nContent-Length: 5"), Length::Bytes(5));
        assert_eq!(length("200 OK\r\ncontent-length: 5, 5"), Length::Bytes(5));
        assert_eq!(
            length("200 OK\r\ntransfer-encoding: gzip, Chunked"),
            Length::Chunked
        );
        let both = "200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked";
        assert_eq!(length(both), Length::Chunked);
        assert_eq!(
            length("200 OK\r\ntransfer-encoding: gzip"),
            Length::UntilClosed
        );
        assert_eq!(length("200 OK"), Length::UntilClosed);
        assert_eq!(length("204 No Content"), Length::Bytes(0));
        let head = of("200 OK\r\ncontent-length: 5", Method::HEAD)
            .unwrap()
            .unwrap();
        assert_eq!(head.length, Length::Bytes(0));
    }

    #[test]
    fn a_connection_is_kept_if_both_want_it() {
        let keeps = |text: &str| parse(text.as_bytes(), &Method::GET).unwrap().unwrap().keeps;
        assert!(keeps("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"));
        assert!(!keeps("HTTP/1.1 200 OK\r\n\r\n"));
        assert!(!keeps(
            "HTTP/1.1 200 OK\r\nconnection: x, Close\r\ncontent-length: 0\r\n\r\n"
        ));
        assert!(!keeps("HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n"));
        assert!(keeps(
            "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n"
        ));
    }

    #[test]
    fn what_is_no_head_is_refused() {
        for lines in [
            "what?",
            "200 OK\r\ncontent-length: 5\r\ncontent-length: 6",
            "200 OK\r\ncontent-length: -5",
            "200 OK\r\ncontent-length: ",
        ] {
            assert_eq!(of(lines, Method::GET), Err(Failure::Malformed), "{lines:?}");
        }
        let endless = format!("HTTP/1.1 200 OK\r\na: {}", "b".repeat(MAX_HEAD_BYTES));
        assert_eq!(
            parse(endless.as_bytes(), &Method::GET),
            Err(Failure::Malformed)
        );
    }

    #[test]
    fn a_head_may_come_in_parts() {
        let whole =
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: 2\r\n\r\n";
        for end in 0..whole.len() {
            assert_eq!(parse(&whole[..end], &Method::GET), Ok(None), "{end}");
        }
        let parsed = parse(whole, &Method::GET).unwrap().unwrap();
        assert_eq!(
            parsed.head,
            Head {
                status: 200,
                is_json: true
            }
        );
        assert_eq!(parsed.bytes, whole.len());
    }

    #[test]
    fn a_request_says_how_long_it_is() {
        let request = hyper::Request::post("/chat?a=1")
            .header("host", "here")
            .header("content-length", "7")
            .header("connection", "close")
            .body(Bytes::from("{}"))
            .unwrap();
        let mut out = Vec::new();
        write(&request, &mut out);
        let text = "POST /chat?a=1 HTTP/1.1\r\nhost: here\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
        assert_eq!(String::from_utf8(out).unwrap(), text);
        assert!(asks_to_close(&request));
        let request = hyper::Request::get("/").body(Bytes::new()).unwrap();
        let mut out = Vec::new();
        write(&request, &mut out);
        assert_eq!(out, b"GET / HTTP/1.1\r\n\r\n");
        assert!(!asks_to_close(&request));
    }
}
