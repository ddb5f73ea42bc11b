//! HTTP/1.1, spoken by the task that uses the connection.
//!
//! It is written for this crate: hyper passes each piece of a body from the connection to its
//! reader through a channel, and wakes the task once more for it, which costs more than all
//! measuring.
//! Here a read goes into a buffer that all connections of the thread share, and is parsed at once.
//! `httparse`, which hyper uses too, parses the heads.

use super::framing::{Framing, Length};
use super::head;
use super::{Failure, Head, Reads};
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

/// Size of the read buffer.
const READ_BYTES: usize = 64 << 10;

thread_local! {
    /// Read buffer of all connections of a thread. It stays in the cache, and each read is parsed
    /// before the next one.
    static READ: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// HTTP/1.1 connection over the stream `S`.
pub struct Http1<S> {
    stream: S,
    reads: Arc<Reads>,
    framing: Framing,
    /// Bytes of the body that were read with the head.
    pending: Vec<u8>,
    /// Whether both sides keep the connection after the answer under way.
    keeps: bool,
    /// Rest of a request whose answer began before it was written.
    unsent: Option<Box<Sending>>,
}

/// Request being written.
struct Sending {
    bytes: Vec<u8>,
    written: usize,
    over: bool,
    failed: Option<io::Error>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Http1<S> {
    /// Returns a connection on a stream whose reads are stamped in `reads`.
    pub fn new(stream: S, reads: Arc<Reads>) -> Self {
        Self {
            stream,
            reads,
            framing: Framing::new(Length::Bytes(0)),
            pending: Vec::new(),
            keeps: true,
            unsent: None,
        }
    }

    /// Sends a request. Returns the head of the answer.
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
        // A server may answer before it has read the whole request.
        let parsed = poll_fn(|cx| {
            sending.poll(&mut self.stream, cx);
            self.poll_head(cx, request.method())
        });
        let parsed = parsed.await.map_err(|failure| match &sending.failed {
            Some(error) => Failure::of_io(error, false),
            None => failure,
        })?;
        self.framing = Framing::new(parsed.length);
        self.keeps = parsed.keeps && sending.failed.is_none() && !head::asks_to_close(request);
        self.unsent = (!sending.over).then(|| Box::new(sending));
        Ok(parsed.head)
    }

    fn poll_head(
        &mut self,
        cx: &mut Context<'_>,
        method: &Method,
    ) -> Poll<Result<head::Parsed, Failure>> {
        loop {
            let pending = &mut self.pending;
            let read = poll_read(&mut self.stream, cx, |bytes| {
                pending.extend_from_slice(bytes);
            });
            let count = ready!(read).map_err(|error| Failure::of_io(&error, false))?;
            if count == 0 {
                return Poll::Ready(Err(Failure::closed(false)));
            }
            while let Some(parsed) = head::parse(&self.pending, method)? {
                self.pending.drain(..parsed.bytes);
                if !matches!(parsed.head.status, 100 | 102..200) {
                    return Poll::Ready(Ok(parsed));
                }
            }
        }
    }

    /// Calls `take` with each piece of the answer's body and the stamp of its read.
    ///
    /// # Errors
    /// That of `take`, or why the body does not end.
    pub async fn body(
        &mut self,
        take: &mut impl FnMut(&[u8], u64) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let pending = std::mem::take(&mut self.pending);
        self.feed(&pending, take)?;
        drop(pending);
        poll_fn(|cx| {
            self.poll_unsent(cx);
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

    /// Goes on with a request whose answer began early: a server may send its answer's head first
    /// and read the request afterwards.
    fn poll_unsent(&mut self, cx: &mut Context<'_>) {
        if let Some(sending) = &mut self.unsent {
            sending.poll(&mut self.stream, cx);
            if sending.over {
                self.keeps &= sending.failed.is_none();
                self.unsent = None;
            }
        }
    }

    fn feed(
        &mut self,
        bytes: &[u8],
        take: &mut impl FnMut(&[u8], u64) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        feed(&mut self.framing, &self.reads, &mut self.keeps, bytes, take)
    }

    /// Returns whether another request can be sent, once the last answer has been read to its end.
    pub async fn reusable(&mut self) -> bool {
        if !self.keeps || self.unsent.is_some() {
            return false;
        }
        // Data or end of file between answers means that the server closes the connection.
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
    // Bytes behind the answer belong to no request.
    *keeps &= behind.is_empty();
    Ok(())
}

/// Reads once. Calls `look` with the bytes, and returns their number.
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
    /// Writes as much as the socket takes. Keeps an error, since there may still be an answer.
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
