//! Reasons why a request failed, by the names under which results count them.

use h2::Reason;
use nix::errno::Errno;
use std::error::Error as _;
use std::io::ErrorKind;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error as TlsError};

/// Reason why a request failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nothing listens on the port.
    #[error("connection refused")]
    Refused,
    /// Connecting failed with this error number.
    #[error("cannot connect: {}", describe(*.0))]
    Connect(i32),
    /// This process, or this system, has no file descriptor left.
    #[error("out of file descriptors")]
    Descriptors,
    /// This host has no local port left for the server's address.
    #[error("out of local ports")]
    Ports,
    /// The server did not process the request, although it was sent again on new connections.
    #[error("request not processed by the server")]
    NotProcessed,
    /// The answer had no first byte when open streams were cut.
    #[error("no first byte before the end")]
    Unanswered,
    /// The stream had stalled when open streams were cut.
    #[error("stream stalled before the end")]
    Stalled,
    /// The body is not of the encoding that its head names.
    #[error("body cannot be decoded")]
    Encoding,
    /// The server reset the connection.
    #[error("connection reset")]
    Reset,
    /// The server closed the connection before it answered.
    #[error("closed before the answer")]
    ClosedEarly,
    /// The server closed the connection in the middle of the answer.
    #[error("closed in mid-stream")]
    ClosedMidStream,
    /// The answer is not valid HTTP.
    #[error("malformed HTTP answer")]
    Malformed,
    /// Bytes follow an answer of the length that its head states.
    #[error("answer longer than its content-length")]
    Excess,
    /// An event is too large.
    #[error("event larger than 16 MiB")]
    Overflow,
    /// The answer took longer than `--timeout`.
    #[error("timeout")]
    Timeout,
    /// The certificate is not accepted.
    #[error("certificate refused: {0}")]
    Certificate(&'static str),
    /// The server answered, but not in TLS.
    #[error("server does not speak TLS")]
    NoTls,
    /// The TLS handshake failed for another reason.
    #[error("TLS handshake failed")]
    Tls,
    /// The user selected HTTP/2, and the server does not speak it.
    #[error("server does not speak HTTP/2")]
    NoHttp2,
    /// The server reset this stream, not the connection.
    #[error("HTTP/2 stream reset")]
    StreamReset,
    /// Any other error of the HTTP client.
    #[error("HTTP client error")]
    Other,
}

impl Failure {
    /// Returns the failure of an attempt to connect.
    pub fn connecting(error: &std::io::Error) -> Self {
        match (error.kind(), error.raw_os_error().map(Errno::from_raw)) {
            (ErrorKind::ConnectionRefused, _) => Self::Refused,
            (ErrorKind::TimedOut, _) => Self::Timeout,
            (_, Some(Errno::EMFILE | Errno::ENFILE)) => Self::Descriptors,
            (_, Some(Errno::EADDRNOTAVAIL)) => Self::Ports,
            (_, errno) => Self::Connect(errno.map_or(0, |errno| errno as i32)),
        }
    }

    /// Returns the failure of a TLS handshake.
    pub fn securing(error: &std::io::Error) -> Self {
        let tls = error.get_ref().and_then(|inner| inner.downcast_ref());
        match tls {
            Some(TlsError::InvalidCertificate(reason)) => Self::Certificate(refusal(reason)),
            Some(TlsError::InvalidMessage(_)) => Self::NoTls,
            Some(TlsError::AlertReceived(AlertDescription::NoApplicationProtocol)) => Self::NoHttp2,
            Some(_) => Self::Tls,
            None => match error.kind() {
                ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Self::Reset,
                ErrorKind::UnexpectedEof => Self::ClosedEarly,
                _ => Self::Tls,
            },
        }
    }

    /// Returns the failure of a request under way; `answered` is whether the answer's head is read.
    pub fn of(error: &hyper::Error, answered: bool) -> Self {
        let source = error.source();
        let http2: Option<&h2::Error> = source.and_then(|source| source.downcast_ref());
        let io: Option<&std::io::Error> = match http2 {
            Some(http2) => http2.get_io(),
            None => source.and_then(|source| source.downcast_ref()),
        };
        match io.map(|error| Self::of_io(error, answered)) {
            Some(failure) if failure != Self::Other => failure,
            _ if http2.is_some() => Self::of_http2(http2, answered),
            // The connection ended while the request was still queued in this process.
            _ if !answered && (error.is_canceled() || error.is_closed()) => Self::NotProcessed,
            _ if error.is_incomplete_message() || error.is_canceled() || error.is_closed() => {
                Self::closed(answered)
            }
            _ if error.is_parse() => Self::Malformed,
            _ => Self::Other,
        }
    }

    /// Returns the failure of a connection; `answered` is whether the answer's head is read.
    pub fn of_io(error: &std::io::Error, answered: bool) -> Self {
        match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Self::Reset,
            ErrorKind::UnexpectedEof => Self::closed(answered),
            _ => Self::Other,
        }
    }

    fn of_http2(error: Option<&h2::Error>, answered: bool) -> Self {
        match error {
            // RFC 9113, 8.7: a server that refuses a stream, or ends the connection before it, has
            // not processed the request. (h2 reports GOAWAY only for such streams.)
            Some(error)
                if !answered
                    && error.is_remote()
                    && (error.reason() == Some(Reason::REFUSED_STREAM) || error.is_go_away()) =>
            {
                Self::NotProcessed
            }
            Some(error) if error.is_reset() && error.is_remote() => Self::StreamReset,
            Some(error) if error.is_go_away() && error.is_remote() => Self::closed(answered),
            // The server sent invalid HTTP/2.
            Some(_) if answered => Self::Malformed,
            _ => Self::NoHttp2,
        }
    }

    /// Returns whether this host lacked a resource: the failure is not the server's.
    pub fn is_ours(self) -> bool {
        matches!(self, Self::Descriptors | Self::Ports)
    }

    /// Returns the failure of a connection that ended.
    pub fn closed(answered: bool) -> Self {
        if answered {
            Self::ClosedMidStream
        } else {
            Self::ClosedEarly
        }
    }
}

fn describe(errno: i32) -> &'static str {
    Errno::from_raw(errno).desc()
}

fn refusal(reason: &CertificateError) -> &'static str {
    match reason {
        CertificateError::UnknownIssuer => "unknown issuer",
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "expired",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "for another name"
        }
        CertificateError::Revoked => "revoked",
        // `openssl req -x509` makes such certificates by default.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "an authority's own, not a server's"
        }
        _ => "not valid",
    }
}
