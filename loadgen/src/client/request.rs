//! Requests, prepared once and sent many times.

use super::template::{Path, Template};
use crate::{Error, mask};
use hyper::Method;
use hyper::header::{
    ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue,
    TRANSFER_ENCODING,
};
use hyper::http::uri::Authority;

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// HTTP method.
    pub method: Method,
    /// Path and query; none for those of the target.
    pub path: Option<Path>,
    /// Headers; `Host` only if the user sets it.
    pub headers: HeaderMap,
    /// Body; JSON, unless a header declares another type.
    pub body: Template,
}

impl Request {
    /// Returns a POST of `body` that a stream answers, with the user's `headers`.
    ///
    /// Headers are those of curl: `Name: value` adds one, `Name:` removes a default, `Name;` sends
    /// an empty one.
    ///
    /// # Errors
    /// If a header is not of that form.
    pub fn new(body: Template, headers: &[String]) -> Result<Self, Error> {
        let mut request = Self::bare(Method::POST, true);
        request.body = body;
        request.headers.insert(CONTENT_TYPE, JSON);
        request.with(headers)
    }

    /// Returns a request of any kind; `streams` is whether a stream is expected.
    ///
    /// # Errors
    /// As [`Request::new`].
    pub fn any(
        method: Method,
        path: Option<Path>,
        body: Option<Template>,
        streams: bool,
        headers: &[String],
    ) -> Result<Self, Error> {
        let mut request = Self::bare(method, streams);
        request.path = path;
        // Some servers reject a content type without a body.
        if let Some(body) = body {
            request.body = body;
            request.headers.insert(CONTENT_TYPE, JSON);
        }
        request.with(headers)
    }

    fn bare(method: Method, streams: bool) -> Self {
        let accept = if streams { "text/event-stream" } else { "*/*" };
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(accept));
        Self {
            method,
            path: None,
            headers,
            body: Template::parse(""),
        }
    }

    fn with(mut self, headers: &[String]) -> Result<Self, Error> {
        let headers: Vec<_> = headers
            .iter()
            .map(|header| parse_header(header))
            .collect::<Result<_, _>>()?;
        for (name, _) in &headers {
            self.headers.remove(name);
        }
        for (name, value) in headers {
            if let Some(value) = value {
                self.headers.append(name, value);
            }
        }
        Ok(self)
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Parses a header as curl does. Without a value, the header is only removed.
fn parse_header(header: &str) -> Result<(HeaderName, Option<HeaderValue>), Error> {
    let refuse = |reason: &dyn ToString| Error::Header {
        header: mask::header(header),
        reason: reason.to_string(),
    };
    let (name, value) = match (header.split_once(':'), header.strip_suffix(';')) {
        (Some((name, value)), _) => (name, Some(value.trim()).filter(|value| !value.is_empty())),
        (None, Some(name)) => (name, Some("")),
        (None, None) => return Err(refuse(&"it has no colon")),
    };
    let name = name
        .trim()
        .parse::<HeaderName>()
        .map_err(|error| refuse(&error))?;
    if name == CONTENT_LENGTH || name == TRANSFER_ENCODING {
        return Err(refuse(&"loadgen sets it to fit the body"));
    }
    if let (true, Some(host)) = (name == HOST, value) {
        Authority::try_from(host).map_err(|error| refuse(&error))?;
    }
    let value = value.map(str::parse).transpose();
    Ok((name, value.map_err(|error| refuse(&error))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: Option<&'static str>, headers: &[&str]) -> Request {
        let headers: Vec<String> = headers.iter().map(|header| (*header).to_owned()).collect();
        Request::any(
            Method::PUT,
            None,
            body.map(Template::parse),
            false,
            &headers,
        )
        .unwrap()
    }

    fn values(request: &Request, name: &str) -> Vec<String> {
        let values = request.headers.get_all(name).iter();
        values
            .map(|value| value.to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn rejects_malformed_headers_without_showing_secrets() {
        for header in [
            "nonsense",
            "a b: c",
            "x: \u{1}",
            "Host: a b",
            "Authorization: a\u{1}secret",
            "Content-Length: 5",
            "transfer-encoding: chunked",
        ] {
            let body = Template::parse("{}");
            let refusal = Request::new(body, &[header.into()]).unwrap_err();
            assert!(!refusal.to_string().contains("secret"), "{refusal}");
        }
    }

    #[test]
    fn declares_a_type_only_with_a_body_and_prefers_the_users() {
        let without = request(None, &[]);
        assert!(!without.headers.contains_key("content-type"));
        assert_eq!(without.headers["accept"], "*/*");
        let with = request(Some("a"), &["Content-Type: text/plain"]);
        assert_eq!(values(&with, "content-type"), ["text/plain"]);
    }

    #[test]
    fn sends_a_header_as_often_as_it_is_given() {
        let twice = request(None, &["Cookie: a=1", "X-A: 1", "cookie: b=2"]);
        assert_eq!(values(&twice, "cookie"), ["a=1", "b=2"]);
    }

    #[test]
    fn removes_and_empties_headers_as_curl_does() {
        let removed = request(Some("a"), &["Accept:", "X-Empty;"]);
        assert!(values(&removed, "accept").is_empty());
        assert_eq!(values(&removed, "x-empty"), [""]);
    }
}
