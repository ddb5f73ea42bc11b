//! The server's connections, which can write in more calls than are needed.

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

/// Accepts connections that take so many calls for what one would do.
pub struct Listener {
    pub listener: TcpListener,
    pub writes: usize,
}

impl axum::serve::Listener for Listener {
    type Io = Connection;
    type Addr = std::net::SocketAddr;

    async fn accept(&mut self) -> (Connection, Self::Addr) {
        let (stream, address) = axum::serve::Listener::accept(&mut self.listener).await;
        // Without it the kernel puts writes that follow each other closely into one, and split writes cost next to nothing.
        let _ = stream.set_nodelay(true);
        let writes = self.writes;
        (Connection { stream, writes }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// One of them.
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

/// Nothing is gathered, healthy or not, so that the number of calls is all that differs.
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
                // What has been written counts; who asks again is told what there is to tell.
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
