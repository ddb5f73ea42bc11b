//! The open loop: requests begin when they are due, whatever the answers do.
//!
//! Latency counts from the moment a request was due. If the server, the connection or the load generator is late,
//! the number says so: that is the difference to a closed loop, where a slow server also slows the questions
//! ("coordinated omission").

use super::arrivals::Arrivals;
use super::session::Session;
use super::timer::Timer;
use super::worker::Worker;
use crate::clock::now_ns;
use std::io;
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Begins this worker's share of the requests; cuts those that take too long to end.
///
/// # Errors
/// If it has no timer.
pub async fn run(worker: &Arc<Worker>) -> io::Result<()> {
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

async fn offer(worker: &Arc<Worker>, timer: &Timer, streams: &mut JoinSet<()>) -> io::Result<()> {
    // A session that has finished comes back here, so its connection is used again.
    let (free, mut idle) = mpsc::unbounded_channel();
    let most = worker.plan.streams_of(worker.number);
    let mut made = 0;
    for due in Arrivals::new(&worker.plan, worker.number) {
        let due = worker.control.start_ns + due;
        timer.until(due).await?;
        if !worker.control.claim() {
            break;
        }
        let session = match idle.try_recv() {
            Ok(session) => Some(session),
            Err(_) if made < most => {
                made += 1;
                // No number twice, whichever thread it is on.
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
    worker: Arc<Worker>,
    mut session: Session,
    due: u64,
    free: mpsc::UnboundedSender<Session>,
) {
    worker
        .tally()
        .start_delay
        .record(now_ns().saturating_sub(due));
    // Counted where it happened; the next request is due when it is due.
    let _ = session.ask(&worker, || due).await;
    // Nobody takes it back once nothing more is offered.
    let _ = free.send(session);
}
