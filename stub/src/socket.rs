//! A TCP connection that counts the bytes and writes that pass through it.

use crate::stats::{Stats, add, count};
use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// The socket of one connection.
pub struct Socket {
    stream: TcpStream,
    stats: Arc<Stats>,
    reset: Arc<AtomicBool>,
}

impl Drop for Socket {
    /// Ends the connection as was asked: the usual way, or with a reset.
    fn drop(&mut self) {
        if self.reset.load(Relaxed) {
            // Without it the connection merely closes, and that is what happens if the option is refused.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl Socket {
    /// Counts what passes through `stream` in `stats`; if `reset` is set in the end, the connection is reset.
    ///
    /// # Errors
    /// If the connection is already gone.
    pub fn new(stream: TcpStream, stats: Arc<Stats>, reset: Arc<AtomicBool>) -> io::Result<Self> {
        // A token must leave when it is written, not when the next acknowledgement comes.
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            stats,
            reset,
        })
    }

    fn wrote(&self, bytes: usize) {
        add(&self.stats.bytes_sent, bytes as u64);
        count(&self.stats.writes);
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        add(
            &self.stats.bytes_received,
            (buf.filled().len() - before) as u64,
        );
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let bytes = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        self.wrote(bytes);
        Poll::Ready(Ok(bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let bytes = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs))?;
        self.wrote(bytes);
        Poll::Ready(Ok(bytes))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
