//! One thread of users.

use super::control::Control;
use super::{closed, open};
use crate::client::{Received, Target, Wire};
use crate::clock::{MILLISECOND, instant, now_ns};
use crate::measure::Tally;
use crate::plan::Plan;
use crate::scenario::Unit;
use crate::sse::Scanner;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::runtime::Builder;

/// How often the runtime's punctuality is probed.
const PROBE_NS: u64 = 10 * MILLISECOND;

/// What a thread of users shares with the coordinator.
#[derive(Debug)]
pub struct Worker {
    /// What to do.
    pub plan: Arc<Plan>,
    /// When.
    pub control: Arc<Control>,
    /// Which of the plan's threads it is.
    pub number: usize,
    /// Bytes on its sockets.
    pub wire: Arc<Wire>,
    /// Content it received.
    pub received: Received,
    /// For its streams.
    pub scanner: Scanner,
    tally: Mutex<Tally>,
}

impl Worker {
    pub fn new(plan: Arc<Plan>, control: Arc<Control>, number: usize) -> Self {
        Self {
            plan,
            control,
            number,
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

    /// Where user or stream `index` sends its requests.
    pub fn target(&self, index: usize) -> &Target {
        &self.plan.targets[index % self.plan.targets.len()]
    }

    /// Offers its share of the load until it is over.
    pub fn run(self: Arc<Self>) -> std::io::Result<()> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let probe = tokio::spawn(probe(self.clone()));
            let offered = match self.plan.shape.unit {
                Unit::Users => {
                    closed::run(&self).await;
                    Ok(())
                }
                Unit::Rate => open::run(&self).await,
            };
            probe.abort();
            offered
        })
    }
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
