//! Closed loop: each user sends a request, reads the whole answer, and sends the next request.

use super::backoff::Backoff;
use super::session::Session;
use super::worker_state::WorkerState;
use crate::clock::now_ns;
use crate::desync::{stagger, think_time};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Interval at which a user that the scenario does not need yet checks again.
const INACTIVE: Duration = Duration::from_millis(20);

/// Runs this worker's share of the users. Cuts those that stream beyond the graceful stop.
pub async fn run(worker: &Arc<WorkerState>) {
    let peak = worker.plan.shape.peak().ceil() as usize;
    let mut users = JoinSet::new();
    for index in (worker.number..peak).step_by(worker.plan.threads) {
        users.spawn(user(worker.clone(), index));
    }
    tokio::select! {
        () = async { while users.join_next().await.is_some() {} } => {}
        () = worker.control.cut_off() => users.shutdown().await,
    }
}

async fn user(worker: Arc<WorkerState>, index: usize) {
    let mut session = Session::new(index);
    let mut backoff = Backoff::default();
    // With --requests, each user is to get a share of them, however short the answers are.
    let desync = worker.plan.requests.is_none();
    if desync {
        tokio::time::sleep(stagger(index)).await;
    }
    let mut turn = 0;
    while worker.control.open() {
        let wanted = worker.plan.shape.at(worker.control.elapsed_ns()).round();
        if index as f64 >= wanted {
            session.disconnect();
            tokio::time::sleep(INACTIVE).await;
        } else if !worker.control.claim(now_ns()) {
            break;
        } else {
            let begun_ns = now_ns();
            let answered = session.ask(&worker, None).await;
            turn += 1;
            let took = Duration::from_nanos(now_ns() - begun_ns);
            let wait = match answered {
                Err(_) => Some(backoff.after_failure()),
                Ok(()) => backoff.after_answer(session.answer(), jitter(index, turn)),
            };
            match wait {
                Some(wait) => worker.control.pause(wait).await,
                None if worker.plan.think_time.is_some() => {
                    worker
                        .control
                        .pause(worker.plan.think_time(index, turn))
                        .await;
                }
                None if desync => {
                    if let Some(pause) = think_time(index, turn, took) {
                        tokio::time::sleep(pause).await;
                    }
                }
                None => {}
            }
        }
    }
}

/// Returns a number from 0 to 1 that differs between users and turns, the same in every run.
fn jitter(index: usize, turn: u64) -> f64 {
    ((index as f64 + turn as f64) * std::f64::consts::GOLDEN_RATIO).fract()
}
