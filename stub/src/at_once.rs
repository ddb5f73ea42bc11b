//! Answers that do not stream.

use crate::{
    api::{Identity, error::ApiError, whole},
    cursor::Cursor,
    reply::Reply,
    route::{Answer, Failure, json_text},
    stats::{Stats, add, count},
    worker::Connection,
};
use hyper::StatusCode;
use rand::rngs::SmallRng;
use std::{future::pending, time::Duration};
use tokio::time::sleep;

/// Takes as long as the stream would, and honours those faults that make sense without one.
///
/// # Errors
/// If a fault asks for an error, or cuts the connection.
pub async fn at_once(
    connection: Connection,
    identity: Identity,
    reply: Reply,
    mut rng: SmallRng,
) -> Result<Answer, Failure> {
    let stats = connection.worker.stats.clone();
    let mut ending = Ending::new(&stats);
    sleep(whole_time(&reply, &mut rng)).await;
    let faults = &reply.faults;
    if faults.stall_after.is_some() {
        match faults.stall_for {
            Some(time) => sleep(time).await,
            None => pending().await,
        }
    }
    if faults.reset_after.is_some() || faults.close_after.is_some() {
        connection.line.reset_if(faults.reset_after.is_some());
        return Err(Failure::Cut);
    }
    if faults.error_after.is_some() {
        return Err(ApiError::fault(500).into());
    }
    let (completion, tokens) = whole::completion(&identity, &reply);
    let mut text = completion.to_string();
    if faults.malformed_after.is_some() {
        text.truncate(text.floor_char_boundary(text.len() / 2));
    }
    add(&stats.tokens_sent, tokens);
    ending.completed = true;
    Ok(json_text(StatusCode::OK, text))
}

/// Counts how a request ended, also if its client leaves in the middle.
struct Ending<'a> {
    stats: &'a Stats,
    completed: bool,
}

impl<'a> Ending<'a> {
    fn new(stats: &'a Stats) -> Self {
        count(&stats.requests);
        let completed = false;
        Self { stats, completed }
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        count(match self.completed {
            true => &self.stats.completed,
            false => &self.stats.aborted,
        });
    }
}

fn whole_time(reply: &Reply, rng: &mut SmallRng) -> Duration {
    let mut cursor = Cursor::new(reply);
    let mut time = Duration::ZERO;
    for n in 0..cursor.left() as usize {
        time += reply.timing.before(n, rng) + cursor.pause();
        cursor.advance();
    }
    time
}
