//! One worker thread: runs its users until the load is over.

use super::worker_state::WorkerState;
use super::{closed, open};
use crate::clock::{MILLISECOND, instant, now_ns};
use crate::scenario::Unit;
use std::sync::Arc;
use tokio::runtime::Builder;

/// Interval between two probes of timer latency.
const PROBE_NS: u64 = 10 * MILLISECOND;

/// Offers this worker's share of the load.
///
/// # Errors
/// If the kernel refuses the runtime's or the timer's file descriptors.
pub fn run(worker: &Arc<WorkerState>) -> std::io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let probe = tokio::spawn(probe(worker.clone()));
        let offered = match worker.plan.shape.unit {
            Unit::Users => {
                closed::run(worker).await;
                Ok(())
            }
            Unit::Rate => open::run(worker).await,
        };
        probe.abort();
        offered
    })
}

/// Records how late this thread's timers fire. Stamps of bytes that arrive meanwhile are as late.
async fn probe(worker: Arc<WorkerState>) {
    loop {
        let due = now_ns() + PROBE_NS;
        tokio::time::sleep_until(instant(due)).await;
        let late = now_ns().saturating_sub(due);
        worker.counters().scheduling_delay.record(late);
    }
}
