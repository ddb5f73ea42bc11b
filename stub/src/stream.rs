//! The body of a streamed completion: hands each piece to hyper when it is due.

use crate::{
    api::{chunk::Writer, error::ApiError},
    cursor::Cursor,
    outbox::{APART, Outbox},
    reply::{Content, Reply},
    stats::{add, count},
    wheel::Alarm,
    worker::Connection,
};
use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame};
use rand::rngs::SmallRng;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

/// The connection is to be cut, because a fault asks for it.
#[derive(Debug, thiserror::Error)]
#[error("the connection is cut by a fault that was asked for")]
pub struct Cut;

/// Longer than any run.
pub const FOREVER: Duration = Duration::from_secs(365 * 24 * 3600);

/// A completion on its way.
pub struct Stream {
    connection: Connection,
    writer: Writer,
    cursor: Cursor,
    reply: Reply,
    reports_usage: bool,
    rng: SmallRng,
    stage: Stage,
    due: Instant,
    alarm: Alarm,
    /// Pieces that were sent.
    sent: u32,
    /// Pieces that were due and wait to be sent with others.
    owed: u32,
    stalled: bool,
    buffer: BytesMut,
    outbox: Outbox,
    counted: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Opening,
    Content,
    /// `[DONE]` is still to come, in a write of its own.
    Ending,
    /// The end of the body is still to come, in a write of its own.
    Closing,
    Done,
    /// Ended by an error event.
    Broken,
    /// The connection is about to be cut.
    Cutting,
}

impl Stream {
    /// Starts the clock of a reply.
    pub fn new(
        connection: Connection,
        writer: Writer,
        reply: Reply,
        reports_usage: bool,
        rng: SmallRng,
    ) -> Self {
        count(&connection.worker.stats.requests);
        Self {
            connection,
            writer,
            cursor: Cursor::new(&reply),
            reply,
            reports_usage,
            rng,
            stage: Stage::Opening,
            due: Instant::now(),
            alarm: Alarm::default(),
            sent: 0,
            owed: 0,
            stalled: false,
            // The usual chunk fits, so that a stream allocates once.
            buffer: BytesMut::with_capacity(512),
            outbox: Outbox::default(),
            counted: false,
        }
    }

    fn step(&mut self, late: Option<Duration>) -> Result<(), Cut> {
        match self.stage {
            Stage::Opening => self.open(),
            Stage::Content => {
                if let Some(late) = late {
                    self.connection.worker.stats.late(late);
                }
                self.content();
            }
            Stage::Ending => {
                self.writer.done(&mut self.buffer);
                self.go_on_apart(Stage::Closing);
            }
            Stage::Closing => self.stage = Stage::Done,
            Stage::Cutting => return Err(Cut),
            Stage::Done | Stage::Broken => {}
        }
        let parts = self.reply.faults.split.unwrap_or(1);
        self.outbox.put(self.buffer.split().freeze(), parts);
        Ok(())
    }

    fn open(&mut self) {
        let is_call =
            |content: &Content| matches!(content, Content::Call { .. } | Content::Arguments { .. });
        let calls_only = self.reply.parts.iter().all(|part| is_call(&part.content));
        self.writer.opening(calls_only, &mut self.buffer);
        self.stage = Stage::Content;
        self.schedule();
    }

    /// The schedule is absolute: lateness of one piece does not push back the rest.
    fn schedule(&mut self) {
        let next = (self.sent + self.owed) as usize;
        self.due += self.reply.timing.before(next, &mut self.rng);
        if self.owed == 0 {
            self.due += self.cursor.pause();
        }
    }

    fn content(&mut self) {
        if self.is_interrupted() {
            return;
        }
        self.owed += 1;
        if self.owed
            < self
                .cursor
                .left()
                .min(self.reply.faults.coalesce.unwrap_or(1))
        {
            self.schedule();
            return;
        }
        for _ in 0..std::mem::take(&mut self.owed) {
            self.piece();
        }
        match self.cursor.left() {
            0 => self.end(),
            _ => self.schedule(),
        }
    }

    /// Whether a fault comes instead of the next piece.
    fn is_interrupted(&mut self) -> bool {
        let faults = &self.reply.faults;
        let come = |after: Option<u32>| after.is_some_and(|after| self.sent >= after);
        if come(faults.reset_after) || come(faults.close_after) {
            let reset = come(faults.reset_after);
            self.connection.reset_if(reset);
            // Not at once, so that what was sent until now is flushed before.
            self.go_on_apart(Stage::Cutting);
        } else if come(faults.stall_after) && !self.stalled {
            self.stalled = true;
            self.due += faults.stall_for.unwrap_or(FOREVER);
        } else if come(faults.error_after) {
            self.writer.error(&ApiError::fault(500), &mut self.buffer);
            self.stage = Stage::Broken;
        } else {
            return false;
        }
        true
    }

    fn piece(&mut self) {
        let Some(delta) = self.cursor.peek() else {
            return;
        };
        let faults = &self.reply.faults;
        if faults
            .comments
            .is_some_and(|every| self.sent.is_multiple_of(every))
        {
            self.writer.comment(&mut self.buffer);
        }
        if faults.malformed_after == Some(self.sent) {
            self.writer.malformed(&mut self.buffer);
        }
        let finish = (self.cursor.left() == 1).then_some(self.reply.finish);
        self.writer.delta(delta, finish, &mut self.buffer);
        let stats = &self.connection.worker.stats;
        add(&stats.tokens_sent, delta.is_content().into());
        count(&stats.chunks_sent);
        self.sent += 1;
        self.cursor.advance();
    }

    fn end(&mut self) {
        if self.reports_usage {
            self.writer.usage(self.reply.usage, &mut self.buffer);
        }
        let faults = &self.reply.faults;
        if faults.no_done {
            self.stage = Stage::Done;
        } else if faults.done_apart {
            self.go_on_apart(Stage::Ending);
        } else {
            // In the same write as the end of the body: a [DONE] that is flushed apart costs many clients their
            // connection, because they stop reading there.
            self.writer.done(&mut self.buffer);
            self.stage = Stage::Done;
        }
    }

    fn go_on_apart(&mut self, stage: Stage) {
        self.stage = stage;
        self.due = Instant::now() + APART;
    }

    fn has_ended(&self) -> bool {
        matches!(self.stage, Stage::Done | Stage::Broken) && self.outbox.is_empty()
    }

    fn hand_over(&mut self) -> Bytes {
        let part = self.outbox.take();
        self.count_if_ended();
        part
    }

    fn count_if_ended(&mut self) {
        if self.has_ended() && !self.counted {
            let stats = &self.connection.worker.stats;
            count(if self.stage == Stage::Done {
                &stats.completed
            } else {
                &stats.aborted
            });
            self.counted = true;
        }
    }

    fn poll_piece(&mut self, cx: &Context<'_>) -> Poll<Option<Result<Bytes, Cut>>> {
        loop {
            if !self.outbox.is_empty() {
                if let Some(apart) = self.outbox.not_before() {
                    let _ = ready!(
                        self.alarm
                            .poll_until(&self.connection.worker.wheel, apart, cx)
                    );
                }
                return Poll::Ready(Some(Ok(self.hand_over())));
            }
            if self.has_ended() {
                self.count_if_ended();
                return Poll::Ready(None);
            }
            let late = ready!(
                self.alarm
                    .poll_until(&self.connection.worker.wheel, self.due, cx)
            );
            if let Err(cut) = self.step(late) {
                return Poll::Ready(Some(Err(cut)));
            }
        }
    }
}

impl Body for Stream {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let piece = ready!(self.poll_piece(cx));
        Poll::Ready(piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.has_ended()
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if !self.counted {
            count(&self.connection.worker.stats.aborted);
        }
    }
}
