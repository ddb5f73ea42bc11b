//! Rooms of all servers that share a Redis: it counts the members, and passes on what is published.

use crate::{
    event::{failure_text, from_text, texts},
    model::{Message, Model},
};
use axum::response::sse;
use futures_util::{Stream, StreamExt, pin_mut};
use redis::{AsyncCommands, Client, Msg, Script, aio::MultiplexedConnection};
use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError, Weak},
};
use tokio::{
    sync::{OnceCell, broadcast},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

/// Counts a member of a round, which is over for newcomers once it is complete. 0 if it was complete before.
static JOIN: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then return 0 end
         local present = redis.call('INCR', KEYS[2])
         redis.call('EXPIRE', KEYS[2], 3600)
         if present >= tonumber(ARGV[2]) then
           redis.call('INCR', KEYS[1])
           redis.call('EXPIRE', KEYS[1], 3600)
         end
         return present",
    )
});
/// Uncounts one; if all have left a round that was complete, its end tells whoever asks the model.
static LEAVE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('EXISTS', KEYS[2]) == 0 or redis.call('DECR', KEYS[2]) > 0 then return end
         redis.call('DEL', KEYS[2])
         if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then redis.call('PUBLISH', KEYS[2], '') end",
    )
});
/// Ends a round: an empty text says so.
static END: LazyLock<Script> =
    LazyLock::new(|| Script::new("redis.call('DEL', KEYS[1]) redis.call('PUBLISH', KEYS[1], '')"));

/// The rooms, with those rounds that are heard at this server.
pub struct SharedRooms {
    model: Model,
    client: Client,
    connection: MultiplexedConnection,
    heard: Mutex<HashMap<String, Weak<Heard>>>,
}

/// A round as far as it is heard at this server: as long as a member is here, or who publishes.
struct Heard {
    room: String,
    number: u64,
    channel: String,
    listening: OnceCell<Listening>,
    over: CancellationToken,
}

struct Listening {
    events: broadcast::Receiver<sse::Event>,
    task: JoinHandle<()>,
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One who has joined. Dropping it is leaving.
pub struct Member {
    rooms: Arc<SharedRooms>,
    heard: Arc<Heard>,
}

impl Drop for Member {
    fn drop(&mut self) {
        let (rooms, heard) = (Arc::clone(&self.rooms), Arc::clone(&self.heard));
        if !heard.over.is_cancelled() {
            tokio::spawn(async move {
                let mut invocation = LEAVE.key(&heard.room);
                let invocation = invocation.key(&heard.channel).arg(heard.number);
                told(
                    invocation
                        .invoke_async::<()>(&mut rooms.connection.clone())
                        .await,
                );
            });
        }
    }
}

impl SharedRooms {
    /// Connects; without Redis there is no server.
    pub async fn open(url: &str, model: Model) -> anyhow::Result<Arc<Self>> {
        let client = Client::open(url)?;
        let connection = client.get_multiplexed_async_connection().await?;
        Ok(Arc::new(Self {
            model,
            client,
            connection,
            heard: Mutex::default(),
        }))
    }

    /// Adds a member; whoever completes the room has the model asked.
    pub async fn join(
        self: Arc<Self>,
        room: String,
        message: String,
        members: usize,
        patience: usize,
    ) -> anyhow::Result<(broadcast::Receiver<sse::Event>, usize, Member)> {
        let room = format!("room:{room}");
        let mut connection = self.connection.clone();
        loop {
            let number: Option<u64> = connection.get(&room).await?;
            let heard = self.enter(&room, number.unwrap_or_default());
            // Before it is counted: whoever comes next may complete the round.
            let listening = heard
                .listening
                .get_or_try_init(|| heard.listen(&self.client, patience));
            let events = listening.await?.events.resubscribe();
            let mut invocation = JOIN.key(&room);
            let invocation = invocation
                .key(&heard.channel)
                .arg(heard.number)
                .arg(members);
            let joined: usize = invocation.invoke_async(&mut connection).await?;
            if joined == 0 {
                continue;
            }
            if joined >= members {
                tokio::spawn(Arc::clone(&self).publish(Arc::clone(&heard), message));
            }
            let rooms = self;
            return Ok((events, joined, Member { rooms, heard }));
        }
    }

    fn enter(&self, room: &str, number: u64) -> Arc<Heard> {
        let mut all = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        // Rounds that nobody here hears any more.
        all.retain(|_, heard| heard.strong_count() > 0);
        let channel = format!("{room}:{number}");
        if let Some(heard) = all.get(&channel).and_then(Weak::upgrade) {
            return heard;
        }
        let heard = Arc::new(Heard {
            room: room.to_owned(),
            number,
            channel: channel.clone(),
            listening: OnceCell::new(),
            over: CancellationToken::new(),
        });
        all.insert(channel, Arc::downgrade(&heard));
        heard
    }

    /// Publishes the answer, unless all have left.
    async fn publish(self: Arc<Self>, heard: Arc<Heard>, message: String) {
        let connection = &mut self.connection.clone();
        let answer = async {
            match self.model.ask(&[Message::new("user", message)], &[]).await {
                Ok(deltas) => {
                    let texts = texts(deltas);
                    pin_mut!(texts);
                    while let Some(text) = texts.next().await {
                        told(connection.publish::<_, _, ()>(&heard.channel, text).await);
                    }
                }
                Err(error) => {
                    let text = failure_text(&error);
                    told(connection.publish::<_, _, ()>(&heard.channel, text).await);
                }
            }
            told(END.key(&heard.channel).invoke_async::<()>(connection).await);
        };
        tokio::select! {
            () = answer => {}
            () = heard.over.cancelled() => {}
        }
    }
}

impl Heard {
    async fn listen(&self, client: &Client, patience: usize) -> anyhow::Result<Listening> {
        let mut subscription = client.get_async_pubsub().await?;
        subscription.subscribe(&self.channel).await?;
        let (to, events) = broadcast::channel(patience);
        let pass_on = pass_on(subscription.into_on_message(), to, self.over.clone());
        Ok(Listening {
            events,
            task: tokio::spawn(pass_on),
        })
    }
}

/// Passes on what is published; the members see the end once this drops `to`.
async fn pass_on(
    mut messages: impl Stream<Item = Msg> + Unpin,
    to: broadcast::Sender<sse::Event>,
    over: CancellationToken,
) {
    while let Some(message) = messages.next().await {
        let text: String = message.get_payload().unwrap_or_default();
        if text.is_empty() {
            break;
        }
        // It fails when all here have left.
        drop(to.send(from_text(text)));
    }
    over.cancel();
}

/// Whoever publishes or leaves has nobody to tell of a failure but the log.
fn told(result: redis::RedisResult<()>) {
    if let Err(error) = result {
        eprintln!("Redis: {error}");
    }
}
