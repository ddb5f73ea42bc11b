//! What is sent, prepared once.

use super::template::{Path, Template};
use crate::Error;
use hyper::Method;
use hyper::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

/// A request, to be sent again and again.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Path and query; the target's own if there is none.
    pub path: Option<Path>,
    /// Headers, `Host` excepted.
    pub headers: HeaderMap,
    /// Body; JSON, unless a header says otherwise.
    pub body: Template,
}

impl Request {
    /// A POST of `body`, answered by a stream, with the user's `headers` (`Name: value`).
    ///
    /// # Errors
    /// If a header is not of that form.
    pub fn new(body: Template, headers: &[String]) -> Result<Self, Error> {
        let mut request = Self::bare(Method::POST, true);
        request.body = body;
        request.headers.insert(CONTENT_TYPE, JSON);
        request.with(headers)
    }

    /// A request of any kind. `streams` says whether server-sent events are to come back.
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
        // Some servers take a type without a body for a fault.
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
        for header in headers {
            let (name, value) = parse_header(header)?;
            self.headers.insert(name, value);
        }
        Ok(self)
    }
}

const JSON: HeaderValue = HeaderValue::from_static("application/json");

fn parse_header(header: &str) -> Result<(HeaderName, HeaderValue), Error> {
    let refuse = |reason: &dyn ToString| Error::Header {
        header: header.into(),
        reason: reason.to_string(),
    };
    let (name, value) = header
        .split_once(':')
        .ok_or_else(|| refuse(&"it has no colon"))?;
    let name = name
        .trim()
        .parse::<HeaderName>()
        .map_err(|error| refuse(&error))?;
    let value = value
        .trim()
        .parse::<HeaderValue>()
        .map_err(|error| refuse(&error))?;
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_headers_are_refused() {
        for header in ["nonsense", "a b: c", "x: \u{1}"] {
            let body = Template::parse("{}");
            assert!(Request::new(body, &[header.into()]).is_err(), "{header}");
        }
    }

    #[test]
    fn only_a_body_has_a_type_and_the_users_headers_win() {
        let any = |body: Option<&'static str>, headers: &[String]| {
            Request::any(Method::PUT, None, body.map(Template::parse), false, headers).unwrap()
        };
        let without = any(None, &[]);
        assert!(!without.headers.contains_key("content-type"));
        assert_eq!(without.headers["accept"], "*/*");
        let with = any(Some("a"), &["Content-Type: text/plain".into()]);
        assert_eq!(with.headers["content-type"], "text/plain");
        assert_eq!(with.headers.get_all("content-type").iter().count(), 1);
    }
}
