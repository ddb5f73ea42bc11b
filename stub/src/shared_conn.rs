//! A TCP connection that hyper and the timer wheel both write to.
//!
//! hyper writes response heads, non-streaming responses and the end of a body. The wheel writes the
//! events in between directly, because waking hyper's task for every event costs more than the
//! event itself. It may do so only while hyper has no unwritten bytes: see
//! [`SharedConn::is_clear`].

use crate::stats::{Stats, add, count};
use socket2::SockRef;
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::net::TcpStream;

/// One connection. Counts the bytes and writes that pass through it.
///
/// Aligned to a cache line: with thousands of streams the connection is cold whenever its stream is
/// due, and two lines would be two cache misses.
#[repr(align(64))]
pub struct SharedConn {
    stream: TcpStream,
    stats: Arc<Stats>,
    clear: AtomicBool,
    reset: AtomicBool,
}

impl Drop for SharedConn {
    /// Closes the connection, with a RST if a fault asked for it.
    fn drop(&mut self) {
        if self.reset.load(Relaxed) {
            // If the kernel refuses the option, the connection closes with a FIN.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl SharedConn {
    /// Wraps `stream` and counts its traffic in `stats`.
    ///
    /// # Errors
    /// If the connection is already closed.
    pub fn new(stream: TcpStream, stats: Arc<Stats>) -> io::Result<Self> {
        // Without TCP_NODELAY a token would wait for the acknowledgement of the previous one.
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            stats,
            clear: AtomicBool::default(),
            reset: AtomicBool::default(),
        })
    }

    /// Sets whether the connection ends with a RST.
    pub fn reset_if(&self, reset: bool) {
        self.reset.store(reset, Relaxed);
    }

    /// Returns whether hyper has no unwritten bytes, so that the wheel may write.
    pub fn is_clear(&self) -> bool {
        self.clear.load(Relaxed)
    }

    /// Records whether hyper has no unwritten bytes.
    pub fn set_clear(&self, clear: bool) {
        self.clear.store(clear, Relaxed);
    }

    /// Writes without blocking and returns how many bytes the socket took: 0 if its buffer is full.
    ///
    /// # Errors
    /// If the connection is closed.
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        // Not through tokio: its registration of the socket would be one more cache miss a token.
        self.count_sent(SockRef::from(&self.stream).send(bytes))
    }

    fn count_sent(&self, result: io::Result<usize>) -> io::Result<usize> {
        match result {
            Ok(sent) => {
                add(&self.stats.bytes_sent, sent as u64);
                count(&self.stats.writes);
                Ok(sent)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
            Err(error) => Err(error),
        }
    }

    /// Writes some of `bytes` as soon as the socket's buffer has room.
    pub fn poll_send(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(cx))?;
            // Through tokio, which has to learn that the socket's buffer is full.
            match self.count_sent(self.stream.try_write(bytes))? {
                0 if !bytes.is_empty() => {}
                sent => return Poll::Ready(Ok(sent)),
            }
        }
    }

    /// Waits for the first bytes and returns whether they begin with `prefix`. Does not consume
    /// them.
    ///
    /// # Errors
    /// If the connection is closed.
    pub async fn begins_with(&self, prefix: &[u8]) -> io::Result<bool> {
        let mut buffer = [0; 8];
        let buffer = &mut buffer[..prefix.len().min(8)];
        loop {
            let received = self.stream.peek(buffer).await?;
            let begun = &buffer[..received];
            if received == 0 || received == prefix.len() || !prefix.starts_with(begun) {
                return Ok(begun == prefix);
            }
            // The rest of the prefix is on its way. Bytes that were peeked at keep the socket
            // ready.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    /// Reads into `buffer` as soon as bytes have arrived. 0 bytes mean the end of the stream.
    pub fn poll_receive(&self, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_read_ready(cx))?;
            match self.stream.try_read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
                Ok(received) => {
                    add(&self.stats.bytes_received, received as u64);
                    return Poll::Ready(Ok(received));
                }
            }
        }
    }
}
