//! `POST /pubsub`: one answer of the model, published to all members of a room.

use crate::{
    event::{data, failure, tokens},
    model::{Message, Model},
    request::{Refusal, filled, plain_id, read},
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

/// Events that a member may be behind before it is given up, so that nobody has to wait for it.
const PATIENCE: usize = 1024;

#[derive(Deserialize)]
struct Request {
    room: String,
    message: String,
    members: usize,
}

/// Where members of a room come together.
#[derive(Clone)]
pub enum Rooms {
    /// In this process.
    Own(OwnRooms),
    /// At all servers that share a Redis.
    Shared(Arc<SharedRooms>),
}

/// The rooms that wait for more members, each with where its answer will be sent to.
#[derive(Clone)]
pub struct OwnRooms {
    model: Model,
    open: Arc<Mutex<HashMap<String, broadcast::Sender<sse::Event>>>>,
}

/// The route of rooms.
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
    let (room, message) = (plain_id(room)?, filled("message", message)?);
    if !(1..=1000).contains(&members) {
        return Err(Refusal::bad_request("\"members\" must be from 1 to 1000"));
    }
    let (events, joined, member) = match rooms {
        Rooms::Own(rooms) => {
            let (events, joined) = rooms.join(room, message, members);
            (events, joined, None)
        }
        Rooms::Shared(rooms) => {
            // A task, so that who leaves in the middle of it has joined all the same.
            let joining = tokio::spawn(rooms.join(room, message, members, PATIENCE));
            let (events, joined, member) = joining.await.map_err(anyhow::Error::from)??;
            (events, joined, Some(member))
        }
    };
    Ok(Sse::new(hear(events, joined, member)))
}

impl Rooms {
    /// Rooms of this process.
    pub fn own(model: Model) -> Self {
        let open = Arc::default();
        Self::Own(OwnRooms { model, open })
    }
}

impl OwnRooms {
    /// Adds a member; whoever completes the room has the model asked.
    fn join(
        &self,
        room: String,
        message: String,
        members: usize,
    ) -> (broadcast::Receiver<sse::Event>, usize) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        // Rooms that all have left, before they were complete.
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

/// Sends the answer to all members, unless all have left.
async fn publish(model: Model, message: String, to: broadcast::Sender<sse::Event>) {
    let answer = async {
        match model.ask(&[Message::new("user", message)], &[]).await {
            Ok(deltas) => {
                let events = tokens(deltas);
                pin_mut!(events);
                while let Some(event) = events.next().await {
                    // It fails when all have left, and then this is dropped.
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

/// What a member is sent. Dropping it is leaving.
fn hear(
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
