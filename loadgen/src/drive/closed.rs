//! The closed loop: users who ask, read the whole answer, and ask again.

use super::session::Session;
use super::worker::Worker;
use crate::clock::now_ns;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// How long to wait after a failure: a server that is gone is not to be hammered.
const BACK_OFF: Duration = Duration::from_millis(100);
/// How often a user whom the scenario does not want yet looks again.
const WAIT: Duration = Duration::from_millis(20);
/// Users come in within this. Were they to begin at once, streams of one pace would stay in step for the whole run: how many
/// tokens a server gets at one waking, and with it what a token costs, would be decided by the accidents of the start.
const ENTRANCE: Duration = Duration::from_millis(100);

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
    if worker.plan.requests.is_none() {
        tokio::time::sleep(entrance(index)).await;
    }
    while worker.control.open() {
        let wanted = worker.plan.shape.at(worker.control.elapsed_ns()).round();
        if index as f64 >= wanted {
            session.disconnect();
            tokio::time::sleep(WAIT).await;
        } else if !worker.control.claim() {
            break;
        } else if session.ask(&worker, now_ns).await.is_err() {
            tokio::time::sleep(BACK_OFF).await;
        }
    }
}

/// When user `index` comes in. Multiples of the golden ratio, taken modulo 1, lie evenly apart however many there are (the
/// three-distance theorem), and so do they modulo the pace of a stream, which is not known here.
fn entrance(index: usize) -> Duration {
    ENTRANCE.mul_f64((index as f64 * std::f64::consts::GOLDEN_RATIO).fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The widest gap between users of a pace, as a share of what it would be if they were evenly apart.
    fn widest_gap(users: usize, pace: Duration) -> f64 {
        let phase = |index| entrance(index).as_secs_f64() % pace.as_secs_f64();
        let mut phases: Vec<f64> = (0..users).map(phase).collect();
        phases.sort_by(f64::total_cmp);
        phases.push(phases[0] + pace.as_secs_f64());
        let gaps = phases.windows(2).map(|pair| pair[1] - pair[0]);
        gaps.fold(0.0, f64::max) * users as f64 / pace.as_secs_f64()
    }

    #[test]
    fn the_first_user_does_not_wait() {
        assert_eq!(entrance(0), Duration::ZERO);
    }

    #[test]
    fn streams_of_any_pace_are_apart() {
        for millis in [1, 2, 5, 10, 20, 25, 40, 50, 100] {
            for users in [5, 10, 50, 200] {
                let gap = widest_gap(users, Duration::from_millis(millis));
                assert!(gap < 4.0, "{users} users of {millis} ms: {gap}");
            }
        }
    }
}
