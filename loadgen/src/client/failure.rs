//! Why a request did not come to its end, by the names the result counts them under.

use std::error::Error as _;
use std::io::ErrorKind;
use tokio_rustls::rustls::{AlertDescription, CertificateError, Error as TlsError};

/// Why a request did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nobody listens.
    #[error("connection refused")]
    Refused,
    /// No connection for another reason.
    #[error("cannot connect: {0}")]
    Connect(ErrorKind),
    /// The server reset the connection.
    #[error("connection reset")]
    Reset,
    /// The server closed the connection before it answered.
    #[error("closed before the answer")]
    ClosedEarly,
    /// The server closed the connection in the middle of the answer.
    #[error("closed in mid-stream")]
    ClosedMidStream,
    /// The answer is not HTTP.
    #[error("malformed HTTP answer")]
    Malformed,
    /// An event does not end.
    #[error("event larger than 16 MiB")]
    Overflow,
    /// The answer took longer than `--timeout`.
    #[error("timeout")]
    Timeout,
    /// The server is not who it should be, or nobody vouches for it.
    #[error("certificate refused: {0}")]
    Certificate(&'static str),
    /// The server answered, but not in TLS.
    #[error("server does not speak TLS")]
    NoTls,
    /// No agreement with the server on how to encrypt.
    #[error("TLS handshake failed")]
    Tls,
    /// HTTP/2 was asked for, and the server has none.
    #[error("server does not speak HTTP/2")]
    NoHttp2,
    /// The server gave up this stream, not the connection.
    #[error("HTTP/2 stream reset")]
    StreamReset,
    /// Anything else the HTTP client reports.
    #[error("HTTP client error")]
    Other,
}

impl Failure {
    /// Of an attempt to connect.
    pub fn connecting(error: &std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::TimedOut => Self::Timeout,
            kind => Self::Connect(kind),
        }
    }

    /// Of an attempt to agree on encryption.
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

    /// Of a request under way; `answered` says whether the answer's head had arrived.
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
            _ if error.is_incomplete_message() || error.is_canceled() || error.is_closed() => {
                Self::closed(answered)
            }
            _ if error.is_parse() => Self::Malformed,
            _ => Self::Other,
        }
    }

    /// Of a connection under way; `answered` says whether the answer's head had arrived.
    pub fn of_io(error: &std::io::Error, answered: bool) -> Self {
        match error.kind() {
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => Self::Reset,
            ErrorKind::UnexpectedEof => Self::closed(answered),
            _ => Self::Other,
        }
    }

    fn of_http2(error: Option<&h2::Error>, answered: bool) -> Self {
        match error {
            Some(error) if error.is_reset() && error.is_remote() => Self::StreamReset,
            Some(error) if error.is_go_away() && error.is_remote() => Self::closed(answered),
            // What the server sent makes no sense as HTTP/2.
            Some(_) if answered => Self::Malformed,
            _ => Self::NoHttp2,
        }
    }

    /// Of a connection that ended.
    pub fn closed(answered: bool) -> Self {
        if answered {
            Self::ClosedMidStream
        } else {
            Self::ClosedEarly
        }
    }
}

fn refusal(reason: &CertificateError) -> &'static str {
    match reason {
        CertificateError::UnknownIssuer => "unknown issuer",
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "expired",
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "for another name"
        }
        CertificateError::Revoked => "revoked",
        // What `openssl req -x509` makes, if nothing else is asked for.
        CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "an authority's own, not a server's"
        }
        _ => "not valid",
    }
}
