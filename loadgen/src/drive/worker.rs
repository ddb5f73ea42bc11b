//! One thread of users.

use super::control::Control;
use super::user;
use crate::client::{Received, Wire};
use crate::clock::{MILLISECOND, instant, now_ns};
use crate::measure::Tally;
use crate::plan::Plan;
use crate::sse::Scanner;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

/// How often the runtime's punctuality is probed.
const PROBE_NS: u64 = 10 * MILLISECOND;

/// What a thread of users shares with the coordinator.
#[derive(Debug)]
pub struct Worker {
    /// What to do.
    pub plan: Arc<Plan>,
    /// When.
    pub control: Arc<Control>,
    /// Bytes on its sockets.
    pub wire: Arc<Wire>,
    /// Content it received.
    pub received: Received,
    /// For its streams.
    pub scanner: Scanner,
    tally: Mutex<Tally>,
}

impl Worker {
    pub fn new(plan: Arc<Plan>, control: Arc<Control>) -> Self {
        Self {
            plan,
            control,
            wire: Arc::default(),
            received: Received::default(),
            scanner: Scanner::default(),
            tally: Mutex::default(),
        }
    }

    /// Its counters. Only the coordinator ever waits here, so the lock is all but free.
    pub fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs users `first`, `first + step`, … until the load is over.
    pub fn run(self: Arc<Self>, first: usize, step: usize) -> std::io::Result<()> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let peak = self.plan.shape.peak().ceil() as usize;
        runtime.block_on(async {
            let mut users = JoinSet::new();
            for index in (first..peak).step_by(step) {
                users.spawn(user::run(self.clone(), index));
            }
            let probe = tokio::spawn(probe(self.clone()));
            tokio::select! {
                () = all(&mut users) => {}
                () = self.control.cut_off() => users.shutdown().await,
            }
            probe.abort();
        });
        Ok(())
    }
}

async fn all(users: &mut JoinSet<()>) {
    while users.join_next().await.is_some() {}
}

/// Measures how late this thread's timers fire: what arrives in the meantime is stamped as late as that.
async fn probe(worker: Arc<Worker>) {
    loop {
        let due = now_ns() + PROBE_NS;
        tokio::time::sleep_until(instant(due)).await;
        let late = now_ns().saturating_sub(due);
        worker.tally().scheduling_delay.record(late);
    }
}
