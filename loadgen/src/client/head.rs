//! Head of an HTTP/1.1 answer, and of a request.

use super::Failure;
use super::answer_head::Head;
use super::framing::Length;
use bytes::Bytes;
use hyper::Method;
use hyper::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use std::io::Write as _;
use std::mem::MaybeUninit;

/// Highest number of headers in an answer.
const MAX_HEADERS: usize = 256;
/// Highest size of a head.
const MAX_HEAD_BYTES: usize = 64 << 10;

/// Parsed head, and the framing that follows from it.
#[derive(Debug, PartialEq, Eq)]
pub struct Parsed {
    /// Head without the framing.
    pub head: Head,
    /// Length of the body.
    pub length: Length,
    /// Whether the server keeps the connection.
    pub keeps: bool,
    /// Size of the head.
    pub bytes: usize,
}

/// Parses the head of an answer to `method` at the beginning of `bytes`; none if it is incomplete.
/// The caller skips interim answers (100 to 199).
///
/// # Errors
/// If `bytes` do not begin with a head.
pub fn parse(bytes: &[u8], method: &Method) -> Result<Option<Parsed>, Failure> {
    let mut headers = [const { MaybeUninit::uninit() }; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut []);
    let mut parser = httparse::ParserConfig::default();
    // RFC 9112, 5.2: a client reads a header that continues on the next line.
    parser.allow_obsolete_multiline_headers_in_responses(true);
    let parsed = parser.parse_response_with_uninit_headers(&mut response, bytes, &mut headers);
    let bytes = match parsed {
        Ok(httparse::Status::Complete(bytes)) => bytes,
        Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD_BYTES => return Ok(None),
        _ => return Err(Failure::Malformed),
    };
    let status = response.code.ok_or(Failure::Malformed)?;
    let fields = Fields::of(status, response.headers)?;
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
        head: fields.head,
        length,
        keeps: persistent && length != Length::UntilClosed && status != 101,
        bytes,
    }))
}

/// Headers that matter here.
#[derive(Default)]
struct Fields {
    head: Head,
    /// Whether the last transfer coding is `chunked`; none without a transfer coding.
    chunked: Option<bool>,
    length: Option<u64>,
    closes: bool,
    stays: bool,
}

impl Fields {
    fn of(status: u16, headers: &[httparse::Header<'_>]) -> Result<Self, Failure> {
        let mut fields = Self {
            head: Head::new(status),
            ..Self::default()
        };
        for header in headers {
            fields.add(header.name, header.value)?;
        }
        Ok(fields)
    }

    fn add(&mut self, name: &str, value: &[u8]) -> Result<(), Failure> {
        let is = |other: &str| name.eq_ignore_ascii_case(other);
        if is("transfer-encoding") {
            let last = list(value).last().unwrap_or_default();
            self.chunked = Some(last.eq_ignore_ascii_case(b"chunked"));
        } else if is("content-length") {
            for text in list(value) {
                let length = number(text).ok_or(Failure::Malformed)?;
                // Two that differ are an attack: two readers would see two bodies (RFC 9112, 6.3).
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
        } else {
            self.head.add(name, value);
        }
        Ok(())
    }
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

/// Writes `request` as it is sent. `content-length` is that of the body; the request's own is
/// ignored.
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
    fn takes_the_length_of_the_body_from_the_head() {
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
    fn keeps_a_connection_that_both_sides_keep() {
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
    fn rejects_malformed_heads() {
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
    fn accepts_many_and_continued_headers() {
        let many: String = (0..250).map(|n| format!("x-{n}: a\r\n")).collect();
        let lines = format!("200 OK\r\n{many}x: a\r\n  b\r\ncontent-length: 5");
        assert_eq!(length(&lines), Length::Bytes(5));
        let too_many = format!("200 OK\r\n{many}{many}");
        assert_eq!(of(&too_many, Method::GET), Err(Failure::Malformed));
    }

    #[test]
    fn parses_a_head_that_comes_in_parts() {
        let whole =
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: 2\r\n\r\n";
        for end in 0..whole.len() {
            assert_eq!(parse(&whole[..end], &Method::GET), Ok(None), "{end}");
        }
        let parsed = parse(whole, &Method::GET).unwrap().unwrap();
        assert_eq!((parsed.head.status, parsed.head.is_json()), (200, true));
        assert_eq!(parsed.bytes, whole.len());
    }

    #[test]
    fn writes_the_length_of_a_request() {
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
