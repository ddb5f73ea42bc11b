//! `POST /pubsub`: one answer of the model, published to all members of a room.

use crate::{
    event::{data, failure, tokens},
    model::{Message, Model},
    request::{Refusal, filled, read, valid_id},
    shared::{Member, SharedRooms},
};
use anyhow::anyhow;
use axum::{
    Router,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Sse, sse},
    routing::post,
};
use futures_util::{Stream, StreamExt, pin_mut};
use serde::Deserialize;
use serde_json::json;
use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::broadcast::{self, error::RecvError};

/// The most events a member may lag behind. A slower member is dropped, so that the others do not
/// wait for it.
const PATIENCE: usize = 1024;

#[derive(Deserialize)]
struct Request {
    room: String,
    message: String,
    members: usize,
}

/// Rooms that members can join.
#[derive(Clone)]
pub enum Rooms {
    /// Rooms of this process.
    Own(OwnRooms),
    /// Rooms of all servers that share a Redis.
    Shared(Arc<SharedRooms>),
}

/// Rooms that wait for more members, each with the channel of its answer.
#[derive(Clone)]
pub struct OwnRooms {
    model: Model,
    open: Arc<Mutex<HashMap<String, broadcast::Sender<sse::Event>>>>,
}

/// Returns the route of rooms.
pub fn routes(rooms: Rooms) -> Router {
    Router::new()
        .route("/pubsub", post(pubsub))
        .with_state(rooms)
}

async fn pubsub(State(rooms): State<Rooms>, body: Bytes) -> Result<impl IntoResponse, Refusal> {
    let Request {
        room,
        message,
        members,
    } = read(&body)?;
    let (room, message) = (valid_id(room)?, filled("message", message)?);
    if !(1..=1000).contains(&members) {
        return Err(Refusal::bad_request("\"members\" must be from 1 to 1000"));
    }
    let (events, joined, member) = match rooms {
        Rooms::Own(rooms) => {
            let (events, joined) = rooms.join(room, message, members);
            (events, joined, None)
        }
        Rooms::Shared(rooms) => {
            // A task, so that a client that disconnects meanwhile has joined anyway.
            let joining = tokio::spawn(rooms.join(room, message, members, PATIENCE));
            let (events, joined, member) = joining.await.map_err(anyhow::Error::from)??;
            (events, joined, Some(member))
        }
    };
    Ok(Sse::new(member_events(events, joined, member)))
}

impl Rooms {
    /// Rooms of this process.
    pub fn own(model: Model) -> Self {
        let open = Arc::default();
        Self::Own(OwnRooms { model, open })
    }
}

impl OwnRooms {
    /// Adds a member. The member that completes the room starts the model call.
    fn join(
        &self,
        room: String,
        message: String,
        members: usize,
    ) -> (broadcast::Receiver<sse::Event>, usize) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        // Rooms that all members left before they were complete.
        open.retain(|_, to| to.receiver_count() > 0);
        let to = open
            .entry(room.clone())
            .or_insert_with(|| broadcast::channel(PATIENCE).0);
        let (events, joined) = (to.subscribe(), to.receiver_count());
        if joined >= members
            && let Some(to) = open.remove(&room)
        {
            tokio::spawn(publish(self.model.clone(), message, to));
        }
        (events, joined)
    }
}

/// Sends the answer to all members, until all have left.
async fn publish(model: Model, message: String, to: broadcast::Sender<sse::Event>) {
    let answer = async {
        match model.ask(&[Message::new("user", message)], &[]).await {
            Ok(deltas) => {
                let events = tokens(deltas);
                pin_mut!(events);
                while let Some(event) = events.next().await {
                    // Fails when all members have left, which drops this future.
                    drop(to.send(event));
                }
            }
            Err(error) => drop(to.send(failure(&error))),
        }
    };
    tokio::select! {
        () = answer => {}
        () = to.closed() => {}
    }
}

/// A member's events. Dropping it leaves the room.
fn member_events(
    mut events: broadcast::Receiver<sse::Event>,
    joined: usize,
    member: Option<Member>,
) -> impl Stream<Item = Result<sse::Event, Infallible>> {
    async_stream::stream! {
        let _member = member;
        yield Ok(data(&json!({ "joined": joined })));
        loop {
            match events.recv().await {
                Ok(event) => yield Ok(event),
                Err(RecvError::Closed) => break,
                Err(RecvError::Lagged(_)) => {
                    yield Ok(failure(&anyhow!("this member is too far behind")));
                    break;
                }
            }
        }
    }
}
