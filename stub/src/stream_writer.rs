//! Writes a stream's events to its connection when they are due.
//!
//! The timer wheel writes most events: one system call each, and no task is woken. hyper pulls the
//! others as it pulls any body: events that the socket's buffer had no room for, and events that
//! were due before the head was written. hyper also gets the last event, and ends the body with it.

use crate::{shared_conn::SharedConn, stream::Stream};
use bytes::{Buf, Bytes};
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker, ready},
    time::Instant,
};

/// The reason a body ends early: a fault cuts the connection, or the client has closed it.
#[derive(Debug, thiserror::Error)]
#[error("the connection was cut")]
pub struct Disconnect;

/// Late events are written together, up to about this many bytes.
const LARGE_WRITE: usize = 8 << 10;

/// A stream and the connection it is written to.
pub struct StreamWriter {
    stream: Stream,
    conn: Arc<SharedConn>,
    framing: Framing,
    /// Whether the wheel has an entry for this stream; hyper waits meanwhile.
    scheduled: bool,
    /// Bytes that the socket's buffer had no room for.
    unsent: Bytes,
    /// Bytes that hyper writes next.
    for_hyper: Bytes,
    /// Wakes the task that hyper polls the body in.
    waker: Option<Waker>,
}

/// Locks a stream's writer. The lock is never contended: only the worker's thread takes it.
pub fn lock(writer: &Mutex<StreamWriter>) -> MutexGuard<'_, StreamWriter> {
    writer.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Buffers that the streams of a worker use in turn.
#[derive(Default)]
pub struct Scratch {
    event: Vec<u8>,
    out: Vec<u8>,
}

/// How events are framed on the connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Framing {
    /// As they are: HTTP/1.0.
    Plain,
    /// As chunks: HTTP/1.1.
    Chunked,
    /// By hyper, which interleaves streams: HTTP/2.
    Multiplexed,
}

impl StreamWriter {
    /// Creates the writer of a stream whose head hyper has still to write.
    pub fn new(stream: Stream, conn: Arc<SharedConn>, framing: Framing) -> Self {
        conn.set_clear(false);
        Self {
            stream,
            conn,
            framing,
            scheduled: false,
            unsent: Bytes::new(),
            for_hyper: Bytes::new(),
            waker: None,
        }
    }

    /// Writes what is due and returns when the next event is. `None` hands the stream over to
    /// hyper.
    pub fn write_due(&mut self, scratch: &mut Scratch) -> Option<Instant> {
        let direct = self.framing != Framing::Multiplexed && self.conn.is_clear();
        let next = match direct {
            true => self.write(scratch),
            false => None,
        };
        self.scheduled = next.is_some();
        if let (None, Some(waker)) = (next, &self.waker) {
            waker.wake_by_ref();
        }
        next
    }

    fn write(&mut self, scratch: &mut Scratch) -> Option<Instant> {
        scratch.out.clear();
        let next = self.collect(scratch);
        match self.conn.send(&scratch.out) {
            Ok(sent) if sent == scratch.out.len() => return next,
            Ok(sent) => self.unsent = Bytes::copy_from_slice(&scratch.out[sent..]),
            Err(_closed) => self.stream.disconnect(),
        }
        None
    }

    fn collect(&mut self, scratch: &mut Scratch) -> Option<Instant> {
        // Read once: events that become due during this write leave at the next tick.
        let now = Instant::now();
        loop {
            let due = self.stream.due()?;
            let late = now.checked_duration_since(due);
            if late.is_none() || scratch.out.len() >= LARGE_WRITE {
                return Some(due);
            }
            scratch.event.clear();
            self.stream.take(late, &mut scratch.event);
            if self.stream.is_over() {
                self.for_hyper = Bytes::copy_from_slice(&scratch.event);
                return None;
            }
            self.wrap(&scratch.event, &mut scratch.out);
        }
    }

    fn wrap(&self, event: &[u8], out: &mut Vec<u8>) {
        // An empty chunk would end the body.
        if self.framing == Framing::Chunked && !event.is_empty() {
            push_hex(event.len(), out);
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(event);
            out.extend_from_slice(b"\r\n");
        } else {
            out.extend_from_slice(event);
        }
    }

    /// Returns the bytes that hyper writes next.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Disconnect>>> {
        self.remember(cx);
        ready!(self.poll_unsent(cx));
        self.pull();
        if self.stream.is_cut() {
            if self.framing != Framing::Multiplexed {
                self.conn.reset_if(self.stream.resets());
            }
            return Poll::Ready(Some(Err(Disconnect)));
        }
        if self.for_hyper.is_empty() && !self.stream.is_over() {
            return Poll::Pending;
        }
        self.conn.set_clear(false);
        if self.stream.is_over() {
            self.stream.close();
        }
        let bytes = std::mem::take(&mut self.for_hyper);
        Poll::Ready((!bytes.is_empty()).then_some(Ok(bytes)))
    }

    fn remember(&mut self, cx: &Context<'_>) {
        let known = |waker: &Waker| waker.will_wake(cx.waker());
        if !self.waker.as_ref().is_some_and(known) {
            self.waker = Some(cx.waker().clone());
        }
    }

    fn poll_unsent(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.unsent.is_empty() {
            match ready!(self.conn.poll_send(cx, &self.unsent)) {
                Ok(sent) => self.unsent.advance(sent),
                Err(_closed) => {
                    self.stream.disconnect();
                    break;
                }
            }
        }
        Poll::Ready(())
    }

    /// Takes the next due event for hyper. In HTTP/1, its lateness is not counted: the reader
    /// caused it.
    fn pull(&mut self) {
        while self.for_hyper.is_empty()
            && !self.scheduled
            && !self.stream.is_over()
            && let Some(due) = self.stream.due()
            && let Some(late) = Instant::now().checked_duration_since(due)
        {
            let late = (self.framing == Framing::Multiplexed).then_some(late);
            let mut event = Vec::new();
            self.stream.take(late, &mut event);
            self.for_hyper = event.into();
        }
    }

    /// Returns when the wheel must write next, if it has no entry for this stream yet.
    pub fn schedule(&mut self) -> Option<Instant> {
        if self.scheduled || !self.unsent.is_empty() {
            return None;
        }
        let due = self.stream.due();
        self.scheduled = due.is_some();
        due
    }

    /// Returns whether hyper got the whole body.
    pub fn has_ended(&self) -> bool {
        self.stream.is_over() && self.for_hyper.is_empty() && self.unsent.is_empty()
    }
}

/// Appends a number in hexadecimal. `core::fmt` would cost several times as much, once a token.
fn push_hex(number: usize, out: &mut Vec<u8>) {
    let mut digits = [0; size_of::<usize>() * 2];
    let mut from = digits.len();
    let mut rest = number;
    loop {
        from -= 1;
        digits[from] = b"0123456789ABCDEF"[rest & 0xF];
        rest >>= 4;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[from..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_sizes_in_hexadecimal() {
        for number in [0, 9, 10, 15, 16, 230, 4_095, 65_536, usize::MAX] {
            let mut out = Vec::new();
            push_hex(number, &mut out);
            assert_eq!(out, format!("{number:X}").as_bytes());
        }
    }

    #[test]
    fn keeps_a_stream_within_six_cache_lines() {
        // With thousands of streams, each cache line of a stream is a cache miss per token.
        let size = size_of::<StreamWriter>();
        assert!(size <= 6 * 64, "{size} bytes");
    }
}
