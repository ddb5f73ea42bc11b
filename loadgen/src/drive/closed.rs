//! The closed loop: users who ask, read the whole answer, and ask again.

use super::session::Session;
use super::worker::Worker;
use crate::apart::{entrance, rest};
use crate::clock::now_ns;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// How long to wait after a failure: a server that is gone is not to be hammered.
const BACK_OFF: Duration = Duration::from_millis(100);
/// How often a user whom the scenario does not want yet looks again.
const WAIT: Duration = Duration::from_millis(20);

/// Runs this worker's share of the users; cuts them if they take too long to end.
pub async fn run(worker: &Arc<Worker>) {
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

async fn user(worker: Arc<Worker>, index: usize) {
    let mut session = Session::new(index);
    // Of a number of requests each user is to have a share, however short they are.
    let apart = worker.plan.requests.is_none();
    if apart {
        tokio::time::sleep(entrance(index)).await;
    }
    let mut turn = 0;
    while worker.control.open() {
        let wanted = worker.plan.shape.at(worker.control.elapsed_ns()).round();
        if index as f64 >= wanted {
            session.disconnect();
            tokio::time::sleep(WAIT).await;
        } else if !worker.control.claim() {
            break;
        } else {
            let begun_ns = now_ns();
            let answered = session.ask(&worker, now_ns).await;
            turn += 1;
            let took = Duration::from_nanos(now_ns() - begun_ns);
            let pause = match answered {
                Err(_) => Some(BACK_OFF),
                Ok(_) if apart => rest(index, turn, took),
                Ok(_) => None,
            };
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
        }
    }
}
