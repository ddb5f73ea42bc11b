//! A completion on its way: what leaves next, and when. Who carries it is not its business.

use crate::{
    api::{chunk::Writer, error::ApiError},
    cursor::Cursor,
    fault::Faults,
    line::Line,
    outbox::{APART, Outbox},
    reply::{Content, Finish, Reply, Usage},
    stats::{Stats, add, count},
    timing::Timing,
};
use rand::rngs::SmallRng;
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// A completion on its way.
pub struct Stream {
    stats: Arc<Stats>,
    line: Arc<Line>,
    writer: Writer,
    cursor: Cursor,
    timing: Timing,
    finish: Finish,
    usage: Usage,
    /// Apart, because most streams have none and should not drag it through the cache.
    faults: Option<Box<Faults>>,
    reports_usage: bool,
    rng: SmallRng,
    stage: Stage,
    /// When the next piece leaves; never, if it stalls for ever.
    due: Option<Instant>,
    /// Pieces that were sent.
    sent: u32,
    /// Pieces that were due and wait to be sent with others.
    owed: u32,
    stalled: bool,
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
    Cut,
}

impl Stream {
    /// Starts the clock of a reply.
    pub fn new(
        stats: Arc<Stats>,
        line: Arc<Line>,
        writer: Writer,
        reply: Reply,
        reports_usage: bool,
        rng: SmallRng,
    ) -> Self {
        count(&stats.requests);
        Self {
            stats,
            line,
            writer,
            cursor: Cursor::new(&reply),
            timing: reply.timing,
            finish: reply.finish,
            usage: reply.usage,
            faults: (reply.faults != Faults::default()).then(|| reply.faults.into()),
            reports_usage,
            rng,
            stage: Stage::Opening,
            due: Some(Instant::now()),
            sent: 0,
            owed: 0,
            stalled: false,
            outbox: Outbox::default(),
            counted: false,
        }
    }

    /// When something leaves next, if ever.
    pub fn due(&self) -> Option<Instant> {
        self.outbox.not_before().or(self.due)
    }

    /// Writes what is due now. `late` says how late that is, if it is known.
    pub fn take(&mut self, late: Option<Duration>, out: &mut Vec<u8>) {
        if self.outbox.is_empty() {
            let Some(parts) = self.faults.as_ref().and_then(|faults| faults.split) else {
                return self.step(late, out);
            };
            let mut whole = Vec::new();
            self.step(late, &mut whole);
            self.outbox.put(whole.into(), parts);
        }
        out.extend_from_slice(&self.outbox.take());
    }

    fn step(&mut self, late: Option<Duration>, out: &mut Vec<u8>) {
        match self.stage {
            Stage::Opening => self.open(out),
            Stage::Content => {
                if let Some(late) = late {
                    self.stats.late(late);
                }
                self.content(out);
            }
            Stage::Ending => {
                self.writer.done(out);
                self.go_on_apart(Stage::Closing);
            }
            Stage::Closing => self.stage = Stage::Done,
            Stage::Cutting => self.stage = Stage::Cut,
            Stage::Done | Stage::Broken | Stage::Cut => {}
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
        self.writer.opening(calls_only, out);
        self.stage = Stage::Content;
        self.schedule();
    }

    /// The schedule is absolute: lateness of one piece does not push back the rest.
    fn schedule(&mut self) {
        let next = (self.sent + self.owed) as usize;
        let mut gap = self.timing.before(next, &mut self.rng);
        if self.owed == 0 {
            gap += self.cursor.pause();
        }
        self.due = self.due.map(|due| due + gap);
    }

    fn content(&mut self, out: &mut Vec<u8>) {
        if self.is_interrupted(out) {
            return;
        }
        self.owed += 1;
        let together = self
            .faults
            .as_ref()
            .and_then(|faults| faults.coalesce)
            .unwrap_or(1);
        if self.owed < self.cursor.left().min(together) {
            self.schedule();
            return;
        }
        for _ in 0..std::mem::take(&mut self.owed) {
            self.piece(out);
        }
        match self.cursor.left() {
            0 => self.end(out),
            _ => self.schedule(),
        }
    }

    /// Whether a fault comes instead of the next piece.
    fn is_interrupted(&mut self, out: &mut Vec<u8>) -> bool {
        let Some(faults) = &self.faults else {
            return false;
        };
        let come = |after: Option<u32>| after.is_some_and(|after| self.sent >= after);
        if come(faults.reset_after) || come(faults.close_after) {
            self.line.reset_if(come(faults.reset_after));
            // Not at once, so that what was sent until now is flushed before.
            self.go_on_apart(Stage::Cutting);
        } else if come(faults.stall_after) && !self.stalled {
            self.stalled = true;
            self.due = self.due.zip(faults.stall_for).map(|(due, wait)| due + wait);
        } else if come(faults.error_after) {
            self.writer.error(&ApiError::fault(500), out);
            self.stage = Stage::Broken;
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
            let comes = |every: u32| self.sent.is_multiple_of(every);
            if faults.comments.is_some_and(comes) {
                self.writer.comment(out);
            }
            if faults.malformed_after == Some(self.sent) {
                self.writer.malformed(out);
            }
        }
        let finish = (self.cursor.left() == 1).then_some(self.finish);
        self.writer.delta(delta, finish, out);
        add(&self.stats.tokens_sent, delta.is_content().into());
        count(&self.stats.chunks_sent);
        self.sent += 1;
        self.cursor.advance();
    }

    fn end(&mut self, out: &mut Vec<u8>) {
        if self.reports_usage {
            self.writer.usage(self.usage, out);
        }
        let wants = |fault: fn(&Faults) -> bool| self.faults.as_deref().is_some_and(fault);
        if wants(|faults| faults.no_done) {
            self.stage = Stage::Done;
        } else if wants(|faults| faults.done_apart) {
            self.go_on_apart(Stage::Ending);
        } else {
            // In the same write as the end of the body: a [DONE] that is flushed apart costs many clients their
            // connection, because they stop reading there.
            self.writer.done(out);
            self.stage = Stage::Done;
        }
    }

    fn go_on_apart(&mut self, stage: Stage) {
        self.stage = stage;
        self.due = Some(Instant::now() + APART);
    }

    /// Whether nothing more is to be taken: the body is at its end, or the connection is to be cut.
    pub fn is_over(&self) -> bool {
        matches!(self.stage, Stage::Done | Stage::Broken | Stage::Cut) && self.outbox.is_empty()
    }

    /// Whether the connection is to be cut now.
    pub fn is_cut(&self) -> bool {
        self.stage == Stage::Cut
    }

    /// Gives up: the client is gone.
    pub fn cut(&mut self) {
        self.stage = Stage::Cut;
    }

    /// Counts the end, once the last bytes are handed over.
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
        // Also what was said to the end is of no use if it could not be handed over.
        if !self.counted {
            count(&self.stats.aborted);
        }
    }
}
