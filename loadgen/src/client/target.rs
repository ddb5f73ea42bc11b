//! Where requests go, prepared once.

use super::template::{Path, Values};
use super::{Request, Transport};
use crate::Error;
use bytes::Bytes;
use hyper::Uri;
use hyper::header::{HOST, HeaderValue};
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
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
    path: Path,
    named: Named,
}

/// How requests name the server.
#[derive(Clone, Debug)]
enum Named {
    /// In a header, as HTTP/1.1 has it.
    Header(HeaderValue),
    /// In the URI, as HTTP/2 has it.
    Uri(Scheme, Authority),
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
        let path = Path::parse(uri.path_and_query().map_or("/", PathAndQuery::as_str))?;
        let named = if transport.http2 {
            Named::Uri(
                [Scheme::HTTP, Scheme::HTTPS][usize::from(secure)].clone(),
                authority,
            )
        } else {
            Named::Header(HeaderValue::from_str(authority.as_str()).map_err(told)?)
        };
        Ok(Self {
            url: url.into(),
            address,
            transport: transport.clone(),
            server_name: server_name.transpose().map_err(told)?,
            path,
            named,
        })
    }

    /// `request` as its HTTP wants it sent to this target, with `values` in it.
    pub fn address_to(&self, request: &Request, values: &Values<'_>) -> hyper::Request<Bytes> {
        let mut http = hyper::Request::new(request.body.fill(values));
        *http.method_mut() = request.method.clone();
        *http.headers_mut() = request.headers.clone();
        let path = request.path.as_ref().unwrap_or(&self.path).fill(values);
        *http.uri_mut() = match &self.named {
            Named::Header(host) => {
                http.headers_mut().insert(HOST, host.clone());
                path.into()
            }
            Named::Uri(scheme, authority) => Uri::builder()
                .scheme(scheme.clone())
                .authority(authority.clone())
                .path_and_query(path)
                .build()
                .expect("its parts have been parts of URIs before"),
        };
        http
    }
}

fn told(error: impl ToString) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Template, Trust};
    use hyper::Method;

    fn plain(url: &str) -> Result<Target, Error> {
        Target::new(url, &Transport::default())
    }

    #[test]
    fn a_url_is_taken_apart() {
        let target = plain("http://127.0.0.1:8080/chat?a=1").unwrap();
        assert_eq!(target.address.to_string(), "127.0.0.1:8080");
        let request = Request::new(Template::parse("{}"), &["X-Mine: 1".into()]).unwrap();
        let http = target.address_to(&request, &Values::default());
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
        let request = Request::new(Template::parse("{}"), &[]).unwrap();
        let http = target.address_to(&request, &Values::default());
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
            "http://127.0.0.1/{usr}",
            "http://127.0.0.1{user}/",
        ] {
            let text = plain(url).unwrap_err().to_string();
            assert!(text.contains("http://127.0.0.1:8080/chat"), "{text}");
        }
    }

    #[test]
    fn a_request_may_have_a_path_and_values_of_its_own() {
        for (http2, host) in [(false, ""), (true, "http://127.0.0.1:1")] {
            let url = "http://127.0.0.1:1/users/{user}?turn={turn}";
            let target = Target::new(url, &Transport::plain(http2)).unwrap();
            let (user, turn) = (3, 4);
            let values = Values {
                user,
                turn,
                ..Values::default()
            };
            let mut request = Request::any(Method::GET, None, None, false, &[]).unwrap();
            let uri = |request: &Request| target.address_to(request, &values).uri().to_string();
            assert_eq!(uri(&request), format!("{host}/users/3?turn=4"));
            request.path = Some(Path::parse("/threads/{user}").unwrap());
            assert_eq!(uri(&request), format!("{host}/threads/3"));
            assert_eq!(target.address_to(&request, &values).method(), Method::GET);
        }
    }
}
