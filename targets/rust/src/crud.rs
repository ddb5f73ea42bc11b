//! Threads over HTTP.

use crate::{
    request::{Refusal, read, storable_text, valid_id},
    threads::{StoredMessage, Thread, Threads},
};
use axum::{
    Json, Router,
    body::Bytes,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::StatusCode,
    response::IntoResponse,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};

/// The result of every handler.
type Reply<T> = Result<(StatusCode, Json<T>), Refusal>;

/// Returns the routes of threads.
pub fn routes(threads: Threads) -> Router {
    Router::new()
        .route("/threads", get(list).post(create))
        .route("/threads/{id}", get(show).patch(rename).delete(remove))
        .route("/threads/{id}/messages", post(append))
        .with_state(threads)
}

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    after: String,
    #[serde(default = "Page::limit")]
    limit: u32,
}

impl Page {
    fn limit() -> u32 {
        20
    }
}

#[derive(Serialize)]
struct Listed {
    threads: Vec<Thread>,
    /// Id that the next page starts after, if there is one.
    next: Option<String>,
}

#[derive(Serialize)]
struct Whole {
    #[serde(flatten)]
    thread: Thread,
    messages: Vec<StoredMessage>,
}

#[derive(Deserialize)]
struct Title {
    title: String,
}

async fn list(
    State(all): State<Threads>,
    page: Result<Query<Page>, QueryRejection>,
) -> Reply<Listed> {
    let Query(Page { after, limit }) = page.map_err(Refusal::bad_request)?;
    if !(1..=100).contains(&limit) {
        return Err(Refusal::bad_request("limit must be from 1 to 100"));
    }
    let after = match after.is_empty() {
        true => after,
        false => valid_id(after)?,
    };
    // One more row than needed shows whether there is a next page.
    let mut threads = found(all.list(after, limit + 1).await)?;
    let limit = limit as usize;
    let more = threads.len() > limit;
    threads.truncate(limit);
    let next = threads.last().filter(|_| more).map(|last| last.id.clone());
    Ok((StatusCode::OK, Json(Listed { threads, next })))
}

async fn create(State(all): State<Threads>, body: Bytes) -> Reply<Thread> {
    let Thread { id, title } = read(&body)?;
    let (id, title) = (valid_id(id)?, storable_text("title", title)?);
    match found(all.create(id.clone(), title.clone()).await)? {
        true => Ok((StatusCode::CREATED, Json(Thread { id, title }))),
        false => Err(Refusal(
            StatusCode::CONFLICT,
            "there is such a thread".to_owned(),
        )),
    }
}

async fn show(State(all): State<Threads>, Path(id): Path<String>) -> Reply<Whole> {
    let thread = found(all.read(valid_id(id)?).await)?.ok_or_else(missing)?;
    let messages = found(all.messages(thread.id.clone()).await)?;
    Ok((StatusCode::OK, Json(Whole { thread, messages })))
}

async fn rename(State(all): State<Threads>, Path(id): Path<String>, body: Bytes) -> Reply<Thread> {
    let Title { title } = read(&body)?;
    let (id, title) = (valid_id(id)?, storable_text("title", title)?);
    match found(all.rename(id.clone(), title.clone()).await)? {
        true => Ok((StatusCode::OK, Json(Thread { id, title }))),
        false => Err(missing()),
    }
}

async fn remove(
    State(all): State<Threads>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Refusal> {
    match found(all.remove(valid_id(id)?).await)? {
        true => Ok(StatusCode::NO_CONTENT),
        false => Err(missing()),
    }
}

async fn append(
    State(all): State<Threads>,
    Path(id): Path<String>,
    body: Bytes,
) -> Reply<StoredMessage> {
    let StoredMessage { role, content } = read(&body)?;
    let (id, content) = (valid_id(id)?, storable_text("content", content)?);
    if role != "user" && role != "assistant" {
        return Err(Refusal::bad_request("\"role\" must be user or assistant"));
    }
    found(all.read(id.clone()).await)?.ok_or_else(missing)?;
    let stored = StoredMessage { role, content };
    found(all.append(id, stored.clone()).await)?;
    Ok((StatusCode::CREATED, Json(stored)))
}

/// Turns a database error into a server error.
fn found<T>(result: anyhow::Result<T>) -> Result<T, Refusal> {
    result.map_err(Refusal::broken)
}

fn missing() -> Refusal {
    Refusal(StatusCode::NOT_FOUND, "there is no such thread".to_owned())
}
