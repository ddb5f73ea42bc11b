//! Targets of requests, prepared once.

use super::template::{Path, Values};
use super::{Address, Request, Transport};
use crate::{Error, mask};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use hyper::Uri;
use hyper::header::{AUTHORIZATION, HOST, HeaderValue};
use hyper::http::uri::{Authority, PathAndQuery, Scheme};
use std::net::ToSocketAddrs;
use std::path::PathBuf;
use tokio_rustls::rustls::pki_types::ServerName;

/// Prefixes of URLs of Unix domain sockets, besides `unix:`.
const UNIX_PREFIXES: [&str; 3] = ["http://unix:", "unix://", "unix:"];

/// A server and a path on it.
#[derive(Clone, Debug)]
pub struct Target {
    /// URL as the user wrote it, with secrets masked.
    pub url: String,
    /// Address to connect to. It is resolved once, so that no name server is measured.
    pub address: Address,
    /// HTTP version and TLS configuration.
    pub transport: Transport,
    /// Name that the certificate must carry; none without TLS.
    pub server_name: Option<ServerName<'static>>,
    path: Path,
    scheme: Scheme,
    /// Host and port.
    authority: Authority,
    host: HeaderValue,
    /// Credentials of the URL, as `Authorization` carries them.
    credentials: Option<HeaderValue>,
}

impl Target {
    /// Parses a URL and resolves its host.
    ///
    /// # Errors
    /// If the URL is malformed or needs another transport, or its host has no address.
    pub fn new(url: &str, transport: &Transport) -> Result<Self, Error> {
        let unix = UNIX_PREFIXES
            .iter()
            .find_map(|prefix| url.strip_prefix(prefix));
        let target = match unix {
            Some(rest) => Self::unix(rest, transport),
            None => Self::tcp(url, transport),
        };
        let target = target.map_err(|reason| Error::Url {
            url: mask::url(url),
            reason,
        })?;
        Ok(Self {
            url: mask::url(url),
            ..target
        })
    }

    /// Parses `SOCKET` or `SOCKET:/PATH`.
    fn unix(text: &str, transport: &Transport) -> Result<Self, String> {
        let (socket, path) = match text.split_once(":/") {
            Some((socket, path)) => (socket, format!("/{path}")),
            None => (text, "/".to_owned()),
        };
        if socket.is_empty() {
            return Err("it has no path of a socket".into());
        }
        Ok(Self {
            url: String::new(),
            address: Address::Unix(PathBuf::from(socket)),
            transport: transport.clone(),
            server_name: None,
            path: Path::parse(&path)?,
            scheme: Scheme::HTTP,
            authority: Authority::from_static("localhost"),
            host: HeaderValue::from_static("localhost"),
            credentials: None,
        })
    }

    fn tcp(url: &str, transport: &Transport) -> Result<Self, String> {
        let (url, zone) = without_zone(url);
        let uri: Uri = url.parse().map_err(text)?;
        let secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") if transport.is_secured() => true,
            _ => return Err("it does not begin with http:// or https://".into()),
        };
        let whole = uri.authority().ok_or("it has no host")?.as_str();
        let (userinfo, host) = match whole.rsplit_once('@') {
            Some((userinfo, host)) => (Some(userinfo), host),
            None => (None, whole),
        };
        let authority: Authority = host.parse().map_err(text)?;
        let name = authority.host().trim_matches(['[', ']']);
        let port = match authority.port_u16() {
            Some(port) => port,
            None if authority.as_str().ends_with(authority.host()) => {
                [80, 443][usize::from(secure)]
            }
            None => return Err("its port is not a number up to 65535".into()),
        };
        let scoped = zone.map_or_else(|| name.to_owned(), |zone| format!("{name}%{zone}"));
        let addresses = (scoped.as_str(), port).to_socket_addrs().map_err(text)?;
        let addresses: Vec<_> = addresses.collect();
        if addresses.is_empty() {
            return Err("its host has no address".into());
        }
        let server_name = secure.then(|| ServerName::try_from(name.to_string()));
        Ok(Self {
            url: String::new(),
            address: Address::Tcp(addresses.into()),
            transport: transport.clone(),
            server_name: server_name.transpose().map_err(text)?,
            path: Path::parse(uri.path_and_query().map_or("/", PathAndQuery::as_str))?,
            scheme: [Scheme::HTTP, Scheme::HTTPS][usize::from(secure)].clone(),
            host: HeaderValue::from_str(authority.as_str()).map_err(text)?,
            authority,
            credentials: userinfo.map(basic).transpose()?,
        })
    }

    /// Returns `request` as it is sent to this target, with `values` filled in. Headers of the
    /// request take precedence over the URL's host and credentials.
    pub fn address_to(&self, request: &Request, values: &Values<'_>) -> hyper::Request<Bytes> {
        let mut http = hyper::Request::new(request.body.fill(values));
        *http.method_mut() = request.method.clone();
        *http.headers_mut() = request.headers.clone();
        let headers = http.headers_mut();
        if let Some(credentials) = &self.credentials {
            headers
                .entry(AUTHORIZATION)
                .or_insert_with(|| credentials.clone());
        }
        let path = request.path.as_ref().unwrap_or(&self.path).fill(values);
        if !self.transport.http2 {
            headers.entry(HOST).or_insert_with(|| self.host.clone());
            *http.uri_mut() = path.into();
            return http;
        }
        // HTTP/2 names the host in the URI.
        let host = headers.remove(HOST);
        let host = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
        *http.uri_mut() = Uri::builder()
            .scheme(self.scheme.clone())
            .authority(host.unwrap_or_else(|| self.authority.clone()))
            .path_and_query(path)
            .build()
            .expect("its parts were parts of valid URIs");
        http
    }
}

/// Returns `url` without the zone of its IPv6 address, and the zone: `eth0` of
/// `http://[fe80::1%25eth0]/` (RFC 6874). As curl does, it accepts the percent sign alone, and does
/// not send the zone to the server.
fn without_zone(url: &str) -> (String, Option<&str>) {
    let split = || {
        let open = url.find("://[")?;
        let close = open + url[open..].find(']')?;
        let percent = open + url[open..close].find('%')?;
        let zone = &url[percent + 1..close];
        let zone = zone.strip_prefix("25").unwrap_or(zone);
        Some((format!("{}{}", &url[..percent], &url[close..]), zone))
    };
    match split() {
        Some((url, zone)) => (url, Some(zone)),
        None => (url.to_owned(), None),
    }
}

fn text(error: impl ToString) -> String {
    error.to_string()
}

/// Returns `USER:PASSWORD`, percent-encoded, as `Authorization` carries it (RFC 7617).
fn basic(userinfo: &str) -> Result<HeaderValue, String> {
    let decoded = percent_decode(userinfo.as_bytes());
    let colon = if userinfo.contains(':') { "" } else { ":" };
    let value = BASE64.encode([&decoded[..], colon.as_bytes()].concat());
    let mut value = HeaderValue::from_str(&format!("Basic {value}")).map_err(text)?;
    value.set_sensitive(true);
    Ok(value)
}

fn percent_decode(text: &[u8]) -> Vec<u8> {
    let (mut decoded, mut at) = (Vec::new(), 0);
    while at < text.len() {
        let digits = text.get(at + 1..at + 3).filter(|_| text[at] == b'%');
        let byte = digits
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(byte.unwrap_or(text[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    decoded
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
