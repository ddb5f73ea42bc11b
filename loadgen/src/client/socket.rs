//! Sockets: TCP to any address of a host, or a Unix domain socket.

use super::Failure;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// Head start of an address before the next one is tried as well (RFC 8305, section 8).
const HEAD_START: Duration = Duration::from_millis(250);

/// Address of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// All addresses of the host, in the order of the resolver; at least one.
    Tcp(Arc<[SocketAddr]>),
    /// Path of a Unix domain socket.
    Unix(PathBuf),
}

/// A connected socket.
#[derive(Debug)]
pub enum Socket {
    /// TCP.
    Tcp(TcpStream),
    /// Unix domain.
    Unix(UnixStream),
}

impl Socket {
    /// Connects to `address`.
    ///
    /// # Errors
    /// If no address accepts the connection: the failure of the last one.
    pub async fn connect(address: &Address) -> Result<Self, Failure> {
        let connecting = |error: io::Error| Failure::connecting(&error);
        match address {
            Address::Unix(path) => {
                let stream = UnixStream::connect(path).await.map_err(connecting)?;
                Ok(Self::Unix(stream))
            }
            Address::Tcp(addresses) => {
                let stream = connect(addresses).await.map_err(connecting)?;
                stream.set_nodelay(true).map_err(connecting)?;
                Ok(Self::Tcp(stream))
            }
        }
    }
}

/// Connects to the first address that accepts. The next one is tried when the last one fails, or
/// after its head start.
async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut rest = addresses.iter();
    let mut attempts = FuturesUnordered::new();
    let mut failure = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        if let Some(address) = rest.next() {
            attempts.push(TcpStream::connect(address));
        }
        let connected = match rest.len() {
            0 => attempts.next().await,
            _ => match tokio::time::timeout(HEAD_START, attempts.next()).await {
                Ok(connected) => connected,
                Err(_) => continue,
            },
        };
        match connected {
            Some(Ok(stream)) => return Ok(stream),
            Some(Err(error)) => failure = error,
            None => return Err(failure),
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Self::Unix(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::{TcpListener, UnixListener};

    /// Returns an address on which nothing listens.
    async fn refusing() -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap()
    }

    #[tokio::test]
    async fn tries_every_address_until_one_accepts() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let accepting = listener.local_addr().unwrap();
        let addresses = [refusing().await, refusing().await, accepting];
        let socket = Socket::connect(&Address::Tcp(addresses.into())).await;
        let Ok(Socket::Tcp(stream)) = socket else {
            panic!("{socket:?}");
        };
        assert_eq!(stream.peer_addr().unwrap(), accepting);
    }

    #[tokio::test]
    async fn tries_the_next_address_when_one_does_not_answer() {
        // The backlog of a socket that never accepts fills up; then connecting hangs.
        let full = nix_listener();
        let mut held = Vec::new();
        while let Ok(Ok(stream)) =
            tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(full.1)).await
        {
            held.push(stream);
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let accepting = listener.local_addr().unwrap();
        let stream = connect(&[full.1, accepting]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), accepting);
    }

    fn nix_listener() -> (tokio::net::TcpSocket, SocketAddr) {
        use nix::sys::socket::{Backlog, listen};
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        listen(&socket, Backlog::new(1).unwrap()).unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    #[tokio::test]
    async fn reports_the_failure_if_no_address_accepts() {
        let addresses = [refusing().await, refusing().await];
        let socket = Socket::connect(&Address::Tcp(addresses.into())).await;
        assert_eq!(socket.unwrap_err(), Failure::Refused);
    }

    #[tokio::test]
    async fn connects_to_a_unix_socket() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("server.sock");
        let _listener = UnixListener::bind(&path).unwrap();
        let socket = Socket::connect(&Address::Unix(path)).await;
        assert!(matches!(socket, Ok(Socket::Unix(_))));
        let missing = Address::Unix(dir.path().join("no.sock"));
        assert!(Socket::connect(&missing).await.is_err());
    }
}
