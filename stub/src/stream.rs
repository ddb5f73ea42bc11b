//! A streaming completion: its next event, and when that is due. `stream_writer` writes it to the
//! connection.

use crate::{
    api::{encoder::Encoder, error::ApiError},
    cursor::Cursor,
    fault::{Count, Faults},
    reply::{Content, Ending, Reply},
    stats::{Stats, add, count},
    timing::Timing,
    write_queue::{SEPARATE_WRITE_DELAY, WriteQueue},
};
use rand::rngs::SmallRng;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// A streaming completion.
pub struct Stream {
    stats: Arc<Stats>,
    encoder: Encoder,
    cursor: Cursor,
    timing: Timing,
    /// Boxed, like other parts that few tokens need: a smaller stream stays in the cache longer.
    ending: Box<Ending>,
    faults: Option<Box<Faults>>,
    rng: SmallRng,
    stage: Stage,
    /// When the next event is due; `None` if the stream stalls forever.
    due: Option<Instant>,
    /// Pieces sent so far.
    sent: u32,
    /// Due pieces that fault `coalesce` holds back.
    coalesced: u32,
    stalled: bool,
    /// Whether the cut is a RST instead of a FIN.
    resets: bool,
    /// Only with fault `split`.
    queue: Option<Box<WriteQueue>>,
    counted: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Opening,
    Content,
    /// `[DONE]` is due, in a separate write.
    SendDone,
    /// The end of the body is due, in a separate write.
    EndBody,
    Done,
    /// Ended by an error event.
    Failed,
    /// The connection is cut at the next step.
    CutNext,
    Cut,
}

impl Stream {
    /// Starts the schedule of a reply.
    pub fn new(stats: Arc<Stats>, encoder: Encoder, reply: Reply, rng: SmallRng) -> Self {
        count(&stats.requests);
        Self {
            stats,
            encoder,
            cursor: Cursor::new(&reply.parts, reply.limit),
            ending: Box::new(Ending::from(&reply)),
            timing: reply.timing,
            rng,
            stage: Stage::Opening,
            due: Some(Instant::now()),
            sent: 0,
            coalesced: 0,
            stalled: false,
            resets: false,
            queue: reply.faults.split.map(|_| Box::default()),
            faults: (reply.faults != Faults::default()).then(|| reply.faults.into()),
            counted: false,
        }
    }

    /// Returns when the next event is due; `None` if never.
    pub fn due(&self) -> Option<Instant> {
        let delayed = self.queue.as_ref().and_then(|queue| queue.not_before());
        delayed.or(self.due)
    }

    /// Appends the due event to `out` and records its lateness, if that is known.
    pub fn take(&mut self, late: Option<Duration>, out: &mut Vec<u8>) {
        let Some(mut queue) = self.queue.take() else {
            return self.step(late, out);
        };
        if queue.is_empty() {
            let mut whole = Vec::new();
            self.step(late, &mut whole);
            let parts = self.faults.as_ref().and_then(|faults| faults.split);
            queue.put(whole.into(), parts.unwrap_or(1));
        }
        out.extend_from_slice(&queue.take());
        self.queue = Some(queue);
    }

    fn step(&mut self, late: Option<Duration>, out: &mut Vec<u8>) {
        match self.stage {
            Stage::Opening => self.open(out),
            Stage::Content => {
                if let Some(late) = late {
                    self.stats.record_lateness(late);
                }
                self.content(out);
            }
            Stage::SendDone => {
                self.encoder.done(out);
                self.continue_separately(Stage::EndBody);
            }
            Stage::EndBody => self.stage = Stage::Done,
            Stage::CutNext => self.stage = Stage::Cut,
            Stage::Done | Stage::Failed | Stage::Cut => {}
        }
    }

    fn open(&mut self, out: &mut Vec<u8>) {
        let is_call =
            |content: &Content| matches!(content, Content::Call { .. } | Content::Arguments { .. });
        let calls_only = self
            .cursor
            .parts()
            .iter()
            .all(|part| is_call(&part.content));
        self.encoder.opening(calls_only, out);
        self.stage = Stage::Content;
        self.schedule();
    }

    /// Schedules the next piece. The schedule is absolute: a late piece does not delay the others.
    fn schedule(&mut self) {
        let next = (self.sent + self.coalesced) as usize;
        let mut gap = self.timing.before(next, &mut self.rng);
        if self.coalesced == 0 {
            gap += self.cursor.pause();
        }
        self.due = self.due.map(|due| due + gap);
    }

    fn content(&mut self, out: &mut Vec<u8>) {
        if self.is_interrupted(out) {
            return;
        }
        self.coalesced += 1;
        let together = self
            .faults
            .as_ref()
            .and_then(|faults| faults.coalesce)
            .unwrap_or(1);
        if self.coalesced < self.cursor.left().min(together) {
            self.schedule();
            return;
        }
        for _ in 0..std::mem::take(&mut self.coalesced) {
            self.piece(out);
        }
        match self.cursor.left() {
            0 => self.end(out),
            _ => self.schedule(),
        }
    }

    /// Returns whether a fault replaces the next piece.
    fn is_interrupted(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(faults) = &self.faults else {
            return false;
        };
        let reached = |after: Option<Count>| after.is_some_and(|after| self.sent >= after.get());
        if reached(faults.reset_after) || reached(faults.close_after) {
            self.resets = reached(faults.reset_after);
            // In a later step, so that the events before it are flushed first.
            self.continue_separately(Stage::CutNext);
        } else if reached(faults.stall_after) && !self.stalled {
            self.stalled = true;
            self.due = self.due.zip(faults.stall_for).map(|(due, wait)| due + wait);
        } else if reached(faults.error_after) {
            self.encoder.error(&ApiError::fault(500, None), out);
            self.stage = Stage::Failed;
        } else {
            return false;
        }
        true
    }

    fn piece(&mut self, out: &mut Vec<u8>) {
        let Some(delta) = self.cursor.peek() else {
            return;
        };
        if let Some(faults) = &self.faults {
            let is_nth = |every: u32| self.sent.is_multiple_of(every);
            if faults.comments.is_some_and(is_nth) {
                self.encoder.comment(out);
            }
            if faults.malformed_after.map(Count::get) == Some(self.sent) {
                self.encoder.malformed(out);
            }
        }
        self.encoder.delta(delta, out);
        let copies = self.encoder.copies();
        add(
            &self.stats.tokens_sent,
            copies * u64::from(delta.is_content()),
        );
        add(&self.stats.chunks_sent, copies);
        self.sent += 1;
        self.cursor.advance();
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        self.encoder.finish(&self.ending, out);
        let has = |fault: fn(&Faults) -> bool| self.faults.as_deref().is_some_and(fault);
        if has(|faults| faults.no_done) {
            self.stage = Stage::Done;
        } else if has(|faults| faults.separate_done) {
            self.continue_separately(Stage::SendDone);
        } else {
            // In the same write as the end of the body: many clients stop reading at [DONE], and
            // would close a connection whose body has not ended.
            self.encoder.done(out);
            self.stage = Stage::Done;
        }
    }

    fn continue_separately(&mut self, stage: Stage) {
        self.stage = stage;
        self.due = Some(Instant::now() + SEPARATE_WRITE_DELAY);
    }

    /// Returns whether no event is left: the body has ended, or the connection is to be cut.
    pub fn is_over(&self) -> bool {
        let written = self.queue.as_ref().is_none_or(|queue| queue.is_empty());
        matches!(self.stage, Stage::Done | Stage::Failed | Stage::Cut) && written
    }

    /// Returns whether the connection is to be cut.
    pub fn is_cut(&self) -> bool {
        self.stage == Stage::Cut
    }

    /// Returns whether the cut is a RST instead of a FIN.
    pub fn resets(&self) -> bool {
        self.resets
    }

    /// Ends the stream because the client has disconnected.
    pub fn disconnect(&mut self) {
        self.stage = Stage::Cut;
    }

    /// Counts the stream's outcome, once hyper has the last bytes.
    pub fn close(&mut self) {
        if !self.counted {
            count(match self.stage {
                Stage::Done => &self.stats.completed,
                _ => &self.stats.aborted,
            });
            self.counted = true;
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // A stream whose last bytes hyper did not get was not delivered.
        if !self.counted {
            count(&self.stats.aborted);
        }
    }
}
