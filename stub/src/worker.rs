//! The state of one thread that serves its share of the connections.

use crate::{
    shared::Shared,
    stats::Stats,
    stream_writer::{Scratch, StreamWriter, lock},
    wheel::TimerWheel,
};
use std::{
    io,
    sync::{Arc, Mutex, PoisonError, Weak},
};

/// A stream in the timer wheel. The reference is weak: a stream ends when its client disconnects.
pub type ScheduledStream = Weak<Mutex<StreamWriter>>;

/// One thread's state, shared by its connections.
pub struct Worker {
    /// State of all workers.
    pub shared: Arc<Shared>,
    /// This worker's counters.
    pub stats: Arc<Stats>,
    /// This worker's timer.
    pub wheel: TimerWheel<ScheduledStream>,
    buffers: Mutex<Buffers>,
}

/// Buffers that every pass over the wheel reuses.
#[derive(Default)]
struct Buffers {
    due: Vec<ScheduledStream>,
    scratch: Scratch,
}

impl Worker {
    /// Creates a worker on the current tokio runtime.
    ///
    /// # Errors
    /// If the kernel refuses a timer.
    pub fn new(shared: Arc<Shared>, stats: Arc<Stats>) -> io::Result<Self> {
        Ok(Self {
            wheel: TimerWheel::new(shared.config.tick)?,
            shared,
            stats,
            buffers: Mutex::default(),
        })
    }

    /// Writes the events that are due. Also called before longer work, so that new requests do not
    /// delay tokens.
    ///
    /// # Errors
    /// If the kernel refuses to arm the timer.
    pub fn write_due(&self) -> io::Result<()> {
        let mut buffers = self.buffers.lock().unwrap_or_else(PoisonError::into_inner);
        let Buffers { due, scratch } = &mut *buffers;
        self.wheel.take_due(due)?;
        for scheduled in due.drain(..) {
            let Some(writer) = scheduled.upgrade() else {
                continue;
            };
            let next = lock(&writer).write_due(scratch);
            if let Some(next) = next {
                self.wheel.put(next, scheduled)?;
            }
        }
        Ok(())
    }
}
