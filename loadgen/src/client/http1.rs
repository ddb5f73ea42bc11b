//! HTTP/1.1, spoken by the task that uses the connection.
//!
//! hyper would hand each piece of a body from the connection to its reader through a channel, and wake the task for it once
//! more: a good part of what a token costs. Here a token is read into a buffer that all connections of the thread
//! share, and looked at on the spot. Heads are parsed by the library that hyper parses them with.

use super::framing::{Framing, Length};
use super::head::{self, Head};
use super::{Failure, Reads};
use bytes::Bytes;
use hyper::Method;
use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What one read takes at most.
const READ_BYTES: usize = 64 << 10;

thread_local! {
    /// Where all connections of a thread read to: it stays in the cache, and what was read is used before the next read.
    static READ: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// An HTTP/1.1 connection over the stream `S`.
pub struct Http1<S> {
    stream: S,
    reads: Arc<Reads>,
    framing: Framing,
    /// What was read with the head and is not of it.
    held: Vec<u8>,
    /// Both sides keep the connection after the answer under way.
    keeps: bool,
}

/// A request on its way.
struct Sending {
    bytes: Vec<u8>,
    written: usize,
    over: bool,
    failed: Option<io::Error>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Http1<S> {
    /// On a stream whose reads are stamped in `reads`.
    pub fn new(stream: S, reads: Arc<Reads>) -> Self {
        Self {
            stream,
            reads,
            framing: Framing::new(Length::Bytes(0)),
            held: Vec::new(),
            keeps: true,
        }
    }

    /// Sends a request; comes back with the head of the answer.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn send(&mut self, request: &hyper::Request<Bytes>) -> Result<Head, Failure> {
        let mut sending = Sending {
            bytes: Vec::new(),
            written: 0,
            over: false,
            failed: None,
        };
        head::write(request, &mut sending.bytes);
        self.keeps = false;
        // A server may answer before it has read everything, and read no more.
        let parsed = poll_fn(|cx| {
            sending.poll(&mut self.stream, cx);
            self.poll_head(cx, request.method())
        });
        let parsed = parsed.await.map_err(|failure| match &sending.failed {
            Some(error) => Failure::of_io(error, false),
            None => failure,
        })?;
        self.framing = Framing::new(parsed.length);
        let whole = sending.over && sending.failed.is_none();
        self.keeps = parsed.keeps && whole && !head::asks_to_close(request);
        Ok(parsed.head)
    }

    fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
        method: &Method,
    ) -> Poll<Result<head::Parsed, Failure>> {
        loop {
            let held = &mut self.held;
            let read = poll_read(&mut self.stream, cx, |bytes| held.extend_from_slice(bytes));
            let count = ready!(read).map_err(|error| Failure::of_io(&error, false))?;
            if count == 0 {
                return Poll::Ready(Err(Failure::closed(false)));
            }
            while let Some(parsed) = head::parse(&self.held, method)? {
                self.held.drain(..parsed.bytes);
                if !matches!(parsed.head.status, 100 | 102..200) {
                    return Poll::Ready(Ok(parsed));
                }
            }
        }
    }

    /// Hands the answer's body to `take`, piece by piece with the stamps of their reads, up to its end.
    ///
    /// # Errors
    /// That of `take`, or why there is no end.
    pub async fn body(
        &mut self,
        take: &mut impl FnMut(&[u8], u64) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let held = std::mem::take(&mut self.held);
        self.feed(&held, take)?;
        drop(held);
        poll_fn(|cx| {
            while !self.framing.is_done() {
                let Self {
                    stream,
                    framing,
                    reads,
                    keeps,
                    ..
                } = self;
                let mut fed = Ok(());
                let read = poll_read(stream, cx, |bytes| {
                    fed = feed(framing, reads, keeps, bytes, take)
                });
                let count = ready!(read).map_err(|error| Failure::of_io(&error, true))?;
                fed?;
                if count == 0 {
                    self.keeps = false;
                    return Poll::Ready(match self.framing.may_close() {
                        true => Ok(()),
                        false => Err(Failure::closed(true)),
                    });
                }
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    fn feed(
        &mut self,
        bytes: &[u8],
        take: &mut impl FnMut(&[u8], u64) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        feed(&mut self.framing, &self.reads, &mut self.keeps, bytes, take)
    }

    /// Whether another request can be sent, once the answer to the last has been read to its end.
    pub async fn reusable(&mut self) -> bool {
        if !self.keeps {
            return false;
        }
        // Whatever comes without having been asked for is a goodbye.
        poll_fn(|cx| Poll::Ready(poll_read(&mut self.stream, cx, |_| {}).is_pending())).await
    }
}

fn feed(
    framing: &mut Framing,
    reads: &Reads,
    keeps: &mut bool,
    bytes: &[u8],
    take: &mut impl FnMut(&[u8], u64) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let read_ns = reads.last_ns.load(Relaxed);
    let behind = framing.feed(bytes, &mut |data| take(data, read_ns))?;
    // Nobody can tell what an answer is to that was not asked for.
    *keeps &= behind.is_empty();
    Ok(())
}

/// Reads once, shows `look` what was read, and says how many bytes that was.
fn poll_read<S: AsyncRead + Unpin>(
    stream: &mut S,
    cx: &mut Context<'_>,
    look: impl FnOnce(&[u8]),
) -> Poll<io::Result<usize>> {
    READ.with_borrow_mut(|room| {
        let mut read = ReadBuf::new(room);
        ready!(Pin::new(stream).poll_read(cx, &mut read))?;
        look(read.filled());
        Poll::Ready(Ok(read.filled().len()))
    })
}

impl Sending {
    /// Writes what can be written. A failure is kept: there may be an answer all the same.
    fn poll<S: AsyncWrite + Unpin>(&mut self, stream: &mut S, cx: &mut Context<'_>) {
        while !self.over {
            let step = match self.written == self.bytes.len() {
                true => Pin::new(&mut *stream).poll_flush(cx).map_ok(|()| 0),
                false => Pin::new(&mut *stream).poll_write(cx, &self.bytes[self.written..]),
            };
            match step {
                Poll::Pending => return,
                Poll::Ready(Ok(0)) => self.over = true,
                Poll::Ready(Ok(count)) => self.written += count,
                Poll::Ready(Err(error)) => {
                    self.failed = Some(error);
                    self.over = true;
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "http1_tests.rs"]
mod tests;
