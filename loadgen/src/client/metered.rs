//! Stream that counts its bytes and stamps its reads.
//!
//! It counts below HTTP and TLS, so that its totals match those of the kernel. It stamps before
//! parsing, so that latencies exclude the client's own work.

use crate::clock::now_ns;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Adds to a counter that only this thread writes; others only read it. This needs no locked
/// instruction.
pub fn add(counter: &AtomicU64, more: u64) {
    counter.store(counter.load(Relaxed) + more, Relaxed);
}

/// Bytes of all connections of one worker.
#[derive(Debug, Default)]
pub struct Wire {
    /// Written to sockets.
    pub sent: AtomicU64,
    /// Read from sockets.
    pub received: AtomicU64,
    /// Stamp of the last read on any socket; 0 for none.
    pub last_ns: AtomicU64,
}

/// Stamps of one connection's reads, on the clock of [`now_ns`]; 0 for none.
#[derive(Debug, Default)]
pub struct Reads {
    /// First read of the answer.
    pub first_ns: AtomicU64,
    /// Last read.
    pub last_ns: AtomicU64,
    /// Moment at which the answer's head was complete.
    pub head_ns: AtomicU64,
}

/// Stream `S` with its bytes counted.
#[derive(Debug)]
pub struct Metered<S> {
    inner: S,
    wire: Arc<Wire>,
    reads: Arc<Reads>,
}

impl<S> Metered<S> {
    /// Returns a stream that counts into `wire` and stamps into `reads`.
    pub fn new(inner: S, wire: Arc<Wire>, reads: Arc<Reads>) -> Self {
        Self { inner, wire, reads }
    }

    fn wrote(&self, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(bytes)) = result {
            add(&self.wire.sent, bytes as u64);
        }
        result
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        let bytes = buf.filled().len() - before;
        if bytes > 0 {
            let now = now_ns();
            self.reads.last_ns.store(now, Relaxed);
            if self.reads.first_ns.load(Relaxed) == 0 {
                self.reads.first_ns.store(now, Relaxed);
            }
            add(&self.wire.received, bytes as u64);
            self.wire.last_ns.store(now, Relaxed);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.wrote(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.wrote(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn counts_bytes_both_ways_and_stamps_reads() {
        let (here, mut there) = tokio::io::duplex(64);
        let (wire, reads) = (Arc::new(Wire::default()), Arc::new(Reads::default()));
        let mut metered = Metered::new(here, wire.clone(), reads.clone());
        metered.write_all(b"hello").await.unwrap();
        there.write_all(b"good day").await.unwrap();
        let before = now_ns();
        metered.read_exact(&mut [0; 4]).await.unwrap();
        metered.read_exact(&mut [0; 4]).await.unwrap();
        assert_eq!(
            (wire.sent.load(Relaxed), wire.received.load(Relaxed)),
            (5, 8)
        );
        let (first, last) = (reads.first_ns.load(Relaxed), reads.last_ns.load(Relaxed));
        assert!(before <= first && first <= last && last <= now_ns());
    }
}
