//! Where requests go and what they say, prepared once.

use crate::Error;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Uri};
use std::net::{SocketAddr, ToSocketAddrs};

/// A server and a path on it.
#[derive(Clone, Debug)]
pub struct Target {
    /// As the user gave it.
    pub url: String,
    /// Where to connect to, looked up once: a name server is not what is measured.
    pub address: SocketAddr,
    uri: Uri,
    host: HeaderValue,
}

/// A request, to be sent again and again.
#[derive(Clone, Debug)]
pub struct Request {
    /// Headers, `Host` excepted.
    pub headers: HeaderMap,
    /// Body; JSON, unless a header says otherwise.
    pub body: Bytes,
}

impl Target {
    /// Reads a URL and looks its host up.
    ///
    /// # Errors
    /// If it is not an `http://` URL, or its host has no address.
    pub fn new(url: &str) -> Result<Self, Error> {
        let refuse = |reason: &dyn ToString| Error::Url {
            url: url.into(),
            reason: reason.to_string(),
        };
        let uri: Uri = url.parse().map_err(|error| refuse(&error))?;
        if uri.scheme_str() != Some("http") {
            return Err(refuse(&"it does not begin with http://"));
        }
        let authority = uri.authority().ok_or_else(|| refuse(&"it has no host"))?;
        let host = HeaderValue::from_str(authority.as_str()).map_err(|error| refuse(&error))?;
        let host_name = authority.host();
        let port = match authority.port_u16() {
            Some(port) => port,
            None if authority.as_str().ends_with(host_name) => 80,
            None => return Err(refuse(&"its port is not a number up to 65535")),
        };
        let name = host_name.trim_matches(['[', ']']);
        let mut addresses = (name, port)
            .to_socket_addrs()
            .map_err(|error| refuse(&error))?;
        let address = addresses
            .next()
            .ok_or_else(|| refuse(&"its host has no address"))?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let uri = path.parse().map_err(|error| refuse(&error))?;
        Ok(Self {
            url: url.into(),
            address,
            uri,
            host,
        })
    }

    /// `request` as HTTP/1.1 wants it sent to this target.
    pub fn address_to(&self, request: &Request) -> hyper::Request<Full<Bytes>> {
        let mut http = hyper::Request::new(Full::new(request.body.clone()));
        *http.method_mut() = Method::POST;
        *http.uri_mut() = self.uri.clone();
        *http.headers_mut() = request.headers.clone();
        http.headers_mut().insert(HOST, self.host.clone());
        http
    }
}

impl Request {
    /// A POST of `body` with the user's `headers` (`Name: value`).
    ///
    /// # Errors
    /// If a header is not of that form.
    pub fn new(body: impl Into<Bytes>, headers: &[String]) -> Result<Self, Error> {
        let mut map = HeaderMap::new();
        map.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        map.insert(ACCEPT, HeaderValue::from_static("text/event-stream"));
        for header in headers {
            let (name, value) = parse_header(header)?;
            map.insert(name, value);
        }
        Ok(Self {
            headers: map,
            body: body.into(),
        })
    }
}

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
    fn a_url_is_taken_apart() {
        let target = Target::new("http://127.0.0.1:8080/chat?a=1").unwrap();
        assert_eq!(target.address.to_string(), "127.0.0.1:8080");
        let request = Request::new("{}", &["X-Mine: 1".into()]).unwrap();
        let http = target.address_to(&request);
        assert_eq!(http.uri(), "/chat?a=1");
        assert_eq!(http.headers()["host"], "127.0.0.1:8080");
        assert_eq!(http.headers()["x-mine"], "1");
        assert_eq!(
            Target::new("http://[::1]:1/").unwrap().address.to_string(),
            "[::1]:1"
        );
    }

    #[test]
    fn bad_urls_are_refused() {
        for url in [
            "",
            "127.0.0.1:8080",
            "ftp://127.0.0.1/",
            "http://",
            "http://127.0.0.1:99999/",
        ] {
            let text = Target::new(url).unwrap_err().to_string();
            assert!(text.contains("http://127.0.0.1:8080/chat"), "{text}");
        }
    }

    #[test]
    fn bad_headers_are_refused() {
        for header in ["nonsense", "a b: c", "x: \u{1}"] {
            assert!(Request::new("{}", &[header.into()]).is_err(), "{header}");
        }
    }
}
