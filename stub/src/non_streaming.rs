//! Responses that do not stream.

use crate::{
    api::{Api, Identity, assembled::Assembled, error::ApiError, prompt::Layout},
    connection::Connection,
    cursor::Cursor,
    fault::Faults,
    reply::Reply,
    response::{Failure, HttpResponse, json_text},
    stats::{Stats, add, count},
};
use hyper::StatusCode;
use rand::rngs::SmallRng;
use std::{future::pending, time::Duration};
use tokio::time::sleep;

/// Answers after as long as the stream would take, and applies the faults that need no stream.
///
/// # Errors
/// If a fault asks for an error status, or cuts the connection.
pub async fn answer(
    connection: &Connection,
    api: Api,
    identity: Identity,
    reply: Reply,
    layout: Layout,
    mut rng: SmallRng,
) -> Result<HttpResponse, Failure> {
    let whole = Assembled::new(&reply.parts, reply.limit);
    let duration = stream_duration(&reply, &mut rng);
    let body = || api.body(&identity, &reply, &whole, layout).to_string();
    let tokens = whole.tokens * u64::from(layout.choices);
    send(connection, &reply.faults, duration, tokens, body).await
}

/// Sends a JSON body with `tokens` tokens after `duration`, and applies the faults that need no
/// stream.
///
/// # Errors
/// If a fault asks for an error status, or cuts the connection.
pub async fn send(
    connection: &Connection,
    faults: &Faults,
    duration: Duration,
    tokens: u64,
    body: impl FnOnce() -> String,
) -> Result<HttpResponse, Failure> {
    let stats = connection.worker.stats.clone();
    let mut outcome = Outcome::new(&stats);
    sleep(duration).await;
    if faults.stall_after.is_some() {
        match faults.stall_for {
            Some(time) => sleep(time).await,
            None => pending().await,
        }
    }
    if faults.reset_after.is_some() || faults.close_after.is_some() {
        connection.conn.reset_if(faults.reset_after.is_some());
        return Err(Failure::Disconnect);
    }
    if faults.error_after.is_some() {
        return Err(ApiError::fault(500, None).into());
    }
    let mut text = body();
    if faults.malformed_after.is_some() {
        text.truncate(text.floor_char_boundary(text.len() / 2));
    }
    add(&stats.tokens_sent, tokens);
    outcome.completed = true;
    Ok(json_text(StatusCode::OK, text))
}

/// Counts how a request ended, also if the client disconnects first.
struct Outcome<'a> {
    stats: &'a Stats,
    completed: bool,
}

impl<'a> Outcome<'a> {
    fn new(stats: &'a Stats) -> Self {
        count(&stats.requests);
        let completed = false;
        Self { stats, completed }
    }
}

impl Drop for Outcome<'_> {
    fn drop(&mut self) {
        count(match self.completed {
            true => &self.stats.completed,
            false => &self.stats.aborted,
        });
    }
}

fn stream_duration(reply: &Reply, rng: &mut SmallRng) -> Duration {
    let mut cursor = Cursor::new(&reply.parts, reply.limit);
    let mut time = Duration::ZERO;
    for n in 0..cursor.left() as usize {
        time += reply.timing.before(n, rng) + cursor.pause();
        cursor.advance();
    }
    time
}
