//! Open loop: requests begin when they are due, independent of the answers.
//!
//! Latency counts from the moment a request was due, so it includes delays of the server, the
//! connection and the load generator. A closed loop misses them, since a slow server also delays
//! the next requests ("coordinated omission").

use super::session::{Due, Session};
use super::timer::Timer;
use super::worker_state::WorkerState;
use crate::clock::now_ns;
use std::io;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Begins this worker's share of the requests. Cuts those that stream beyond the graceful stop.
///
/// # Errors
/// If the kernel refuses a timer.
pub async fn run(worker: &Arc<WorkerState>) -> io::Result<()> {
    let mut streams = JoinSet::new();
    let timer = Timer::new()?;
    tokio::select! {
        offered = offer(worker, &timer, &mut streams) => offered?,
        () = worker.control.cut_off() => {}
    }
    tokio::select! {
        () = async { while streams.join_next().await.is_some() {} } => {}
        () = worker.control.cut_off() => streams.shutdown().await,
    }
    Ok(())
}

async fn offer(
    worker: &Arc<WorkerState>,
    timer: &Timer,
    streams: &mut JoinSet<()>,
) -> io::Result<()> {
    // Sessions return here when their request ends, so that connections are reused.
    let (free, mut idle) = mpsc::unbounded_channel();
    let most = worker.plan.streams_of(worker.number);
    let mut made = 0;
    for (position, due) in worker.plan.arrivals(worker.number).enumerate() {
        let due = Due {
            at_ns: worker.control.start_ns + due,
            // Workers take turns, as in the trace.
            index: (worker.number + position * worker.plan.threads) as u64,
        };
        // Asked before the wait: a worker that wakes late still begins what was due in time, but
        // works off no backlog after the end. A replay begins every request of its trace.
        if !worker.control.open() && worker.plan.trace.is_none() {
            break;
        }
        timer.until(due.at_ns).await?;
        if !worker.control.claim(due.at_ns) {
            break;
        }
        let session = match idle.try_recv() {
            Ok(session) => Some(session),
            Err(_) if made < most => {
                made += 1;
                // Unique over all threads.
                Some(Session::new(
                    worker.number + (made - 1) * worker.plan.threads,
                ))
            }
            Err(_) => idle.recv().await,
        };
        let Some(session) = session else { break };
        while streams.try_join_next().is_some() {}
        streams.spawn(ask(worker.clone(), session, due, free.clone()));
    }
    Ok(())
}

async fn ask(
    worker: Arc<WorkerState>,
    mut session: Session,
    due: Due,
    free: mpsc::UnboundedSender<Session>,
) {
    worker
        .counters()
        .start_delay
        .record(now_ns().saturating_sub(due.at_ns));
    // Failures are counted in `ask`; they do not delay the next request.
    let _ = session.ask(&worker, Some(due)).await;
    // Fails once the load is over: the session is then no longer needed.
    let _ = free.send(session);
}
