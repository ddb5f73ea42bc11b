//! The server's connections, which can write in more system calls than needed.

use crate::truth;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// Accepts connections that split each write into several system calls.
pub struct Listener {
    pub listener: TcpListener,
    pub writes: usize,
}

impl axum::serve::Listener for Listener {
    type Io = Connection;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Connection, Self::Addr) {
        let (stream, address) = axum::serve::Listener::accept(&mut self.listener).await;
        // Without TCP_NODELAY, the kernel merges consecutive writes, and split writes cost almost
        // nothing.
        let _ = stream.set_nodelay(true);
        let writes = self.writes;
        (Connection { stream, writes }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// A connection with split writes.
pub struct Connection {
    stream: TcpStream,
    writes: usize,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, room)
    }
}

/// Disables vectored writes with and without the fault, so that only the number of calls differs.
impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let size = bytes.len().div_ceil(self.writes).max(1);
        let mut written = 0;
        for piece in bytes.chunks(size) {
            match Pin::new(&mut self.stream).poll_write(context, piece) {
                Poll::Ready(Ok(count)) => {
                    truth::count(u64::from(written > 0));
                    written += count;
                    if count < piece.len() {
                        break;
                    }
                }
                // A partial write counts. The next poll returns the error.
                _ if written > 0 => break,
                other => return other,
            }
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
