//! Where requests go and what they say, prepared once.

use super::Transport;
use crate::Error;
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ACCEPT, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Uri};
use std::net::{SocketAddr, ToSocketAddrs};
use tokio_rustls::rustls::pki_types::ServerName;

/// A server and a path on it.
#[derive(Clone, Debug)]
pub struct Target {
    /// As the user gave it.
    pub url: String,
    /// Where to connect to, looked up once: a name server is not what is measured.
    pub address: SocketAddr,
    /// How to speak to it.
    pub transport: Transport,
    /// Whom its certificate must name; none without TLS.
    pub server_name: Option<ServerName<'static>>,
    uri: Uri,
    /// Sent as a header over HTTP/1.1; HTTP/2 has it in the URI.
    host: Option<HeaderValue>,
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
    /// If it is no URL that `transport` can be used for, or its host has no address.
    pub fn new(url: &str, transport: &Transport) -> Result<Self, Error> {
        Self::read(url, transport).map_err(|reason| Error::Url {
            url: url.into(),
            reason,
        })
    }

    fn read(url: &str, transport: &Transport) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(told)?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") if transport.is_secured() => true,
            _ => return Err("it does not begin with http:// or https://".into()),
        };
        let authority = uri.authority().ok_or("it has no host")?.clone();
        let name = authority.host().trim_matches(['[', ']']);
        let port = match authority.port_u16() {
            Some(port) => port,
            None if authority.as_str().ends_with(authority.host()) => {
                [80, 443][usize::from(secure)]
            }
            None => return Err("its port is not a number up to 65535".into()),
        };
        let mut addresses = (name, port).to_socket_addrs().map_err(told)?;
        let address = addresses.next().ok_or("its host has no address")?;
        let server_name = secure.then(|| ServerName::try_from(name.to_string()));
        let (uri, host) = if transport.http2 {
            (uri, None)
        } else {
            let path = uri.path_and_query().map_or("/", |path| path.as_str());
            let host = HeaderValue::from_str(authority.as_str()).map_err(told)?;
            (path.parse().map_err(told)?, Some(host))
        };
        Ok(Self {
            url: url.into(),
            address,
            transport: transport.clone(),
            server_name: server_name.transpose().map_err(told)?,
            uri,
            host,
        })
    }

    /// `request` as its HTTP wants it sent to this target.
    pub fn address_to(&self, request: &Request) -> hyper::Request<Full<Bytes>> {
        let mut http = hyper::Request::new(Full::new(request.body.clone()));
        *http.method_mut() = Method::POST;
        *http.uri_mut() = self.uri.clone();
        *http.headers_mut() = request.headers.clone();
        if let Some(host) = &self.host {
            http.headers_mut().insert(HOST, host.clone());
        }
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

fn told(error: impl ToString) -> String {
    error.to_string()
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
    use crate::client::Trust;

    fn plain(url: &str) -> Result<Target, Error> {
        Target::new(url, &Transport::default())
    }

    #[test]
    fn a_url_is_taken_apart() {
        let target = plain("http://127.0.0.1:8080/chat?a=1").unwrap();
        assert_eq!(target.address.to_string(), "127.0.0.1:8080");
        let request = Request::new("{}", &["X-Mine: 1".into()]).unwrap();
        let http = target.address_to(&request);
        assert_eq!(http.uri(), "/chat?a=1");
        assert_eq!(http.headers()["host"], "127.0.0.1:8080");
        assert_eq!(http.headers()["x-mine"], "1");
        assert_eq!(
            plain("http://[::1]:1/").unwrap().address.to_string(),
            "[::1]:1"
        );
    }

    #[test]
    fn https_knows_its_port_and_whom_to_expect() {
        let transport = Transport::secured(false, &Trust::Anyone).unwrap();
        let target = Target::new("https://127.0.0.1/chat", &transport).unwrap();
        assert_eq!(target.address.port(), 443);
        assert_eq!(target.server_name.unwrap().to_str(), "127.0.0.1");
        let plain = Target::new("http://127.0.0.1/chat", &transport).unwrap();
        assert!(plain.server_name.is_none() && plain.address.port() == 80);
    }

    #[test]
    fn http2_has_the_host_in_the_uri() {
        let target = Target::new("http://127.0.0.1:8080/chat", &Transport::plain(true)).unwrap();
        let http = target.address_to(&Request::new("{}", &[]).unwrap());
        assert_eq!(http.uri(), "http://127.0.0.1:8080/chat");
        assert!(!http.headers().contains_key("host"));
    }

    #[test]
    fn bad_urls_are_refused() {
        for url in [
            "",
            "127.0.0.1:8080",
            "ftp://127.0.0.1/",
            "http://",
            "https://127.0.0.1/",
            "http://127.0.0.1:99999/",
        ] {
            let text = plain(url).unwrap_err().to_string();
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
