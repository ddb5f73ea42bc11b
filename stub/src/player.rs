//! Brings a stream's pieces to its connection.
//!
//! The wheel plays them: each is written to the socket when it is due, with one system call, and no task is woken. What
//! the wheel cannot write, because the reader is slow or hyper still has the head, hyper pulls as it pulls any body. It
//! also gets the last piece, and ends the body with it.

use crate::{line::Line, stream::Stream};
use bytes::{Buf, Bytes};
use std::{
    io::Write,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
    time::Instant,
};

/// The connection is to be cut: a fault asks for it, or the client left.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut")]
pub struct Cut;

/// Pieces that are late leave together, up to about so many bytes.
const LARGE_WRITE: usize = 8 << 10;

/// A stream and where it goes.
pub struct Player {
    stream: Stream,
    line: Arc<Line>,
    /// Whether pieces are wrapped as HTTP/1.1 does; HTTP/1.0 has nothing of the kind.
    chunked: bool,
    /// The wheel has it, and hyper waits.
    in_wheel: bool,
    /// What is left of a write that the reader did not take.
    held: Bytes,
    /// What hyper writes next.
    next: Bytes,
    /// The task that hyper is in.
    task: Option<Waker>,
}

/// Buffers that all streams of a worker use in turn.
#[derive(Default)]
pub struct Scratch {
    piece: Vec<u8>,
    out: Vec<u8>,
}

impl Player {
    /// A stream that hyper begins; it has the head to write.
    pub fn new(stream: Stream, line: Arc<Line>, chunked: bool) -> Self {
        line.set_clear(false);
        Self {
            stream,
            line,
            chunked,
            in_wheel: false,
            held: Bytes::new(),
            next: Bytes::new(),
            task: None,
        }
    }

    /// Writes what is due, and says when the wheel is to play again. If not, it is hyper's turn.
    pub fn play(&mut self, scratch: &mut Scratch) -> Option<Instant> {
        let again = match self.line.is_clear() {
            true => self.write(scratch),
            false => None,
        };
        self.in_wheel = again.is_some();
        if let (None, Some(task)) = (again, &self.task) {
            task.wake_by_ref();
        }
        again
    }

    fn write(&mut self, scratch: &mut Scratch) -> Option<Instant> {
        scratch.out.clear();
        let again = self.collect(scratch);
        match self.line.send(&scratch.out) {
            Ok(sent) if sent == scratch.out.len() => return again,
            Ok(sent) => self.held = Bytes::copy_from_slice(&scratch.out[sent..]),
            Err(_gone) => self.stream.cut(),
        }
        None
    }

    fn collect(&mut self, scratch: &mut Scratch) -> Option<Instant> {
        // Asked once: what falls due while this is written has its turn at the next tick.
        let now = Instant::now();
        loop {
            let due = self.stream.due()?;
            let late = now.checked_duration_since(due);
            if late.is_none() || scratch.out.len() >= LARGE_WRITE {
                return Some(due);
            }
            scratch.piece.clear();
            self.stream.take(late, &mut scratch.piece);
            if self.stream.is_over() {
                self.next = Bytes::copy_from_slice(&scratch.piece);
                return None;
            }
            self.wrap(&scratch.piece, &mut scratch.out);
        }
    }

    fn wrap(&self, piece: &[u8], out: &mut Vec<u8>) {
        // An empty chunk would end the body.
        if self.chunked && !piece.is_empty() {
            write!(out, "{:X}\r\n", piece.len()).expect("a vector takes every write");
            out.extend_from_slice(piece);
            out.extend_from_slice(b"\r\n");
        } else {
            out.extend_from_slice(piece);
        }
    }

    /// What hyper writes next, if it is its turn.
    pub fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        self.remember(cx);
        ready!(self.poll_held(cx));
        self.pull();
        if self.stream.is_cut() {
            return Poll::Ready(Some(Err(Cut)));
        }
        if self.next.is_empty() && !self.stream.is_over() {
            return Poll::Pending;
        }
        self.line.set_clear(false);
        if self.stream.is_over() {
            self.stream.close();
        }
        let next = std::mem::take(&mut self.next);
        Poll::Ready((!next.is_empty()).then_some(Ok(next)))
    }

    fn remember(&mut self, cx: &Context<'_>) {
        let known = |task: &Waker| task.will_wake(cx.waker());
        if !self.task.as_ref().is_some_and(known) {
            self.task = Some(cx.waker().clone());
        }
    }

    fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.held.is_empty() {
            match ready!(self.line.poll_send(cx, &self.held)) {
                Ok(sent) => self.held.advance(sent),
                Err(_gone) => {
                    self.stream.cut();
                    break;
                }
            }
        }
        Poll::Ready(())
    }

    /// How late these pieces are is not counted: it is for the reader to say.
    fn pull(&mut self) {
        let is_due = |due: Instant| due <= Instant::now();
        while self.next.is_empty()
            && !self.in_wheel
            && !self.stream.is_over()
            && self.stream.due().is_some_and(is_due)
        {
            let mut piece = Vec::new();
            self.stream.take(None, &mut piece);
            self.next = piece.into();
        }
    }

    /// When the wheel is to play, if it is its turn and does not know yet.
    pub fn waits_until(&mut self) -> Option<Instant> {
        if self.in_wheel || !self.held.is_empty() {
            return None;
        }
        let due = self.stream.due();
        self.in_wheel = due.is_some();
        due
    }

    /// Whether hyper got everything.
    pub fn has_ended(&self) -> bool {
        self.stream.is_over() && self.next.is_empty() && self.held.is_empty()
    }
}
