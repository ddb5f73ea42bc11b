//! One thread that serves its share of the connections.

use crate::{
    body::lock,
    connection::{Accepted, serve},
    server::Shared,
    stats::Stats,
    stream_writer::{Scratch, StreamWriter},
    wheel::TimerWheel,
};
use std::{
    io,
    sync::{Arc, Mutex, PoisonError, Weak},
};
use tokio::{sync::mpsc::UnboundedReceiver, task::JoinSet};

/// The most connections that begin between two passes over the timer wheel. More would delay tokens
/// that are due.
const ACCEPT_BATCH: usize = 16;

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
    /// Serves the connections that arrive on `accepted`, until its sender is dropped.
    ///
    /// # Errors
    /// If the kernel refuses a timer.
    pub async fn run(
        shared: Arc<Shared>,
        stats: Arc<Stats>,
        mut accepted: UnboundedReceiver<Accepted>,
    ) -> io::Result<()> {
        let worker = Arc::new(Self {
            wheel: TimerWheel::new(shared.config.tick)?,
            shared,
            stats,
            buffers: Mutex::default(),
        });
        let mut connections = JoinSet::new();
        let mut arrived = Vec::new();
        loop {
            tokio::select! {
                expired = worker.wheel.expired() => expired?,
                count = accepted.recv_many(&mut arrived, ACCEPT_BATCH) => match count {
                    0 => return Ok(()),
                    _ => for one in arrived.drain(..) {
                        connections.spawn(serve(worker.clone(), one));
                    },
                },
                Some(_ended) = connections.join_next() => {}
            }
            worker.write_due()?;
        }
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
