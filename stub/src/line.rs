//! A TCP connection that HTTP and a stream's pieces share.
//!
//! hyper speaks HTTP on it: heads, whole answers, the end of a body. The pieces of a stream between those go past hyper,
//! for waking a task and polling hyper costs more than the piece itself. They may do so only while hyper holds nothing
//! back, which is what [`Line::is_clear`] knows.

use crate::stats::{Stats, add, count};
use socket2::SockRef;
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};
use tokio::net::TcpStream;

/// One connection; counts the bytes and writes that pass through it.
///
/// In a cache line of its own: it is out of the cache whenever one of thousands of streams has its turn, and two lines
/// would be two waits.
#[repr(align(64))]
pub struct Line {
    stream: TcpStream,
    stats: Arc<Stats>,
    clear: AtomicBool,
    reset: AtomicBool,
}

impl Drop for Line {
    /// Ends the connection as was asked: the usual way, or with a reset.
    fn drop(&mut self) {
        if self.reset.load(Relaxed) {
            // Without it the connection merely closes, and that is what happens if the option is refused.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl Line {
    /// Counts what passes through `stream` in `stats`.
    ///
    /// # Errors
    /// If the connection is already gone.
    pub fn new(stream: TcpStream, stats: Arc<Stats>) -> io::Result<Self> {
        // A token must leave when it is written, not when the next acknowledgement comes.
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            stats,
            clear: AtomicBool::default(),
            reset: AtomicBool::default(),
        })
    }

    /// Says whether the connection is to end with a reset.
    pub fn reset_if(&self, reset: bool) {
        self.reset.store(reset, Relaxed);
    }

    /// Whether hyper has written all it was given, so that others may write.
    pub fn is_clear(&self) -> bool {
        self.clear.load(Relaxed)
    }

    /// Says whether hyper has written all it was given.
    pub fn set_clear(&self, clear: bool) {
        self.clear.store(clear, Relaxed);
    }

    /// Writes what can be written at once, and says how much that was: nothing, if the reader is slow.
    ///
    /// # Errors
    /// If the connection is gone.
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        // Not through tokio, which would look its own record of the socket up first: one more cache miss a token.
        self.sent(SockRef::from(&self.stream).send(bytes))
    }

    fn sent(&self, result: io::Result<usize>) -> io::Result<usize> {
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

    /// Writes some of `bytes`, once the reader lets it.
    pub fn poll_send(&self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(cx))?;
            // Through tokio, so that it knows when to wait for the reader.
            match self.sent(self.stream.try_write(bytes))? {
                0 if !bytes.is_empty() => {}
                sent => return Poll::Ready(Ok(sent)),
            }
        }
    }

    /// Reads into `buffer`, once there is something; 0 is the end.
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
