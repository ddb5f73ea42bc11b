//! Why a request did not come to its end, by the names the result counts them under.

use std::error::Error as _;
use std::io::ErrorKind;

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

    /// Of a request under way; `answered` says whether the answer's head had arrived.
    pub fn of(error: &hyper::Error, answered: bool) -> Self {
        let io = error
            .source()
            .and_then(|source| source.downcast_ref::<std::io::Error>())
            .map(std::io::Error::kind);
        match io {
            Some(ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => Self::Reset,
            Some(ErrorKind::UnexpectedEof) => Self::closed(answered),
            _ if error.is_incomplete_message() || error.is_canceled() || error.is_closed() => {
                Self::closed(answered)
            }
            _ if error.is_parse() => Self::Malformed,
            _ => Self::Other,
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
