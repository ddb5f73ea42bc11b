//! The body of a streamed completion: hands each piece to hyper when it is due.

use crate::{
    chunk::{DONE, Format},
    reply::{Cursor, Reply},
    stats::{add, count},
    wheel::Alarm,
    worker::Worker,
};
use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Frame};
use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::{Duration, Instant},
};

/// A completion on its way.
pub struct Stream {
    worker: Arc<Worker>,
    format: Format,
    cursor: Cursor,
    reply: Reply,
    delay: Duration,
    due: Instant,
    stage: Stage,
    alarm: Alarm,
    buffer: BytesMut,
}

#[derive(PartialEq)]
enum Stage {
    Opening,
    Content,
    Done,
}

impl Stream {
    /// Starts the clock of a reply.
    pub fn new(worker: Arc<Worker>, format: Format, reply: Reply, delay: Duration) -> Self {
        count(&worker.stats.requests);
        Self {
            worker,
            format,
            cursor: Cursor::new(reply.parts.clone()),
            reply,
            due: Instant::now() + delay,
            delay,
            stage: Stage::Opening,
            alarm: Alarm::default(),
            buffer: BytesMut::with_capacity(512),
        }
    }

    fn content(&mut self) {
        let late = self.due.elapsed();
        self.worker.stats.late(late);
        // The schedule is absolute: lateness of one token does not push back the rest.
        self.due += self.delay;
        let Some(delta) = self.cursor.peek() else {
            return;
        };
        // Only the piece itself is borrowed from the cursor, so look ahead by position.
        let last = self.cursor.is_last();
        let finish = last.then_some(self.reply.finish);
        self.format.delta(delta, finish, &mut self.buffer);
        add(&self.worker.stats.tokens_sent, 1);
        count(&self.worker.stats.chunks_sent);
        self.cursor.advance();
    }
}

impl Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = &mut *self;
        match this.stage {
            Stage::Opening => {
                this.format.opening(&mut this.buffer);
                this.stage = Stage::Content;
            }
            Stage::Content => {
                ready!(this.alarm.poll_until(&this.worker.wheel, this.due, cx));
                this.content();
                if this.cursor.peek().is_none() {
                    // In the same write as the end of the body: a [DONE] that is flushed apart costs many clients
                    // their connection, because they stop reading there.
                    this.buffer.extend_from_slice(DONE);
                    this.stage = Stage::Done;
                    count(&this.worker.stats.completed);
                }
            }
            Stage::Done => return Poll::Ready(None),
        }
        Poll::Ready(Some(Ok(Frame::data(this.buffer.split().freeze()))))
    }

    fn is_end_stream(&self) -> bool {
        self.stage == Stage::Done
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if self.stage != Stage::Done {
            count(&self.worker.stats.aborted);
        }
    }
}
