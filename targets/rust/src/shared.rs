//! Rooms of all servers that share a Redis. Redis counts the members and distributes the events.

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

/// Adds a member to the current round. Returns 0 if that round was already complete; the next one
/// starts then.
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
/// Removes a member. If all have left a complete round, publishes its end, which stops the model
/// call.
static LEAVE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('EXISTS', KEYS[2]) == 0 or redis.call('DECR', KEYS[2]) > 0 then return end
         redis.call('DEL', KEYS[2])
         if (redis.call('GET', KEYS[1]) or '0') ~= ARGV[1] then redis.call('PUBLISH', KEYS[2], '') end",
    )
});
/// Ends a round by publishing an empty text.
static END: LazyLock<Script> =
    LazyLock::new(|| Script::new("redis.call('DEL', KEYS[1]) redis.call('PUBLISH', KEYS[1], '')"));

/// Shared rooms, with the rounds that this server has subscribed to.
pub struct SharedRooms {
    model: Model,
    client: Client,
    connection: MultiplexedConnection,
    local: Mutex<HashMap<String, Weak<LocalRound>>>,
}

/// A round with a local member or the local publisher.
struct LocalRound {
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

/// A membership. Dropping it leaves the room.
pub struct Member {
    rooms: Arc<SharedRooms>,
    local: Arc<LocalRound>,
}

impl Drop for Member {
    fn drop(&mut self) {
        let (rooms, local) = (Arc::clone(&self.rooms), Arc::clone(&self.local));
        if !local.over.is_cancelled() {
            tokio::spawn(async move {
                let mut invocation = LEAVE.key(&local.room);
                let invocation = invocation.key(&local.channel).arg(local.number);
                log_failure(
                    invocation
                        .invoke_async::<()>(&mut rooms.connection.clone())
                        .await,
                );
            });
        }
    }
}

impl SharedRooms {
    /// Connects to Redis. The server does not start without it.
    pub async fn open(url: &str, model: Model) -> anyhow::Result<Arc<Self>> {
        let client = Client::open(url)?;
        let connection = client.get_multiplexed_async_connection().await?;
        Ok(Arc::new(Self {
            model,
            client,
            connection,
            local: Mutex::default(),
        }))
    }

    /// Adds a member. The member that completes the room starts the model call.
    pub async fn join(
        self: Arc<Self>,
        room: String,
        message: String,
        members: usize,
        max_lag: usize,
    ) -> anyhow::Result<(broadcast::Receiver<sse::Event>, usize, Member)> {
        let room = format!("room:{room}");
        let mut connection = self.connection.clone();
        loop {
            let number: Option<u64> = connection.get(&room).await?;
            let local = self.enter(&room, number.unwrap_or_default());
            // Before counting: the next member may complete the round.
            let listening = local
                .listening
                .get_or_try_init(|| local.listen(&self.client, max_lag));
            let events = listening.await?.events.resubscribe();
            let mut invocation = JOIN.key(&room);
            let invocation = invocation
                .key(&local.channel)
                .arg(local.number)
                .arg(members);
            let joined: usize = invocation.invoke_async(&mut connection).await?;
            if joined == 0 {
                continue;
            }
            if joined >= members {
                tokio::spawn(Arc::clone(&self).publish(Arc::clone(&local), message));
            }
            let rooms = self;
            return Ok((events, joined, Member { rooms, local }));
        }
    }

    fn enter(&self, room: &str, number: u64) -> Arc<LocalRound> {
        let mut all = self.local.lock().unwrap_or_else(PoisonError::into_inner);
        // Rounds without local members.
        all.retain(|_, local| local.strong_count() > 0);
        let channel = format!("{room}:{number}");
        if let Some(local) = all.get(&channel).and_then(Weak::upgrade) {
            return local;
        }
        let local = Arc::new(LocalRound {
            room: room.to_owned(),
            number,
            channel: channel.clone(),
            listening: OnceCell::new(),
            over: CancellationToken::new(),
        });
        all.insert(channel, Arc::downgrade(&local));
        local
    }

    /// Publishes the answer, until all members have left.
    async fn publish(self: Arc<Self>, local: Arc<LocalRound>, message: String) {
        let connection = &mut self.connection.clone();
        let answer = async {
            match self.model.ask(&[Message::new("user", message)], &[]).await {
                Ok(deltas) => {
                    let texts = texts(deltas);
                    pin_mut!(texts);
                    while let Some(text) = texts.next().await {
                        log_failure(connection.publish::<_, _, ()>(&local.channel, text).await);
                    }
                }
                Err(error) => {
                    let text = failure_text(&error);
                    log_failure(connection.publish::<_, _, ()>(&local.channel, text).await);
                }
            }
            log_failure(END.key(&local.channel).invoke_async::<()>(connection).await);
        };
        tokio::select! {
            () = answer => {}
            () = local.over.cancelled() => {}
        }
    }
}

impl LocalRound {
    async fn listen(&self, client: &Client, max_lag: usize) -> anyhow::Result<Listening> {
        let mut subscription = client.get_async_pubsub().await?;
        subscription.subscribe(&self.channel).await?;
        let (to, events) = broadcast::channel(max_lag);
        let pass_on = pass_on(subscription.into_on_message(), to, self.over.clone());
        Ok(Listening {
            events,
            task: tokio::spawn(pass_on),
        })
    }
}

/// Forwards published events. Members see the end when this function drops `to`.
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
        // Fails when all local members have left.
        drop(to.send(from_text(text)));
    }
    over.cancel();
}

/// Logs a failure of publishing or leaving, which has no client to report it to.
fn log_failure(result: redis::RedisResult<()>) {
    if let Err(error) = result {
        eprintln!("Redis: {error}");
    }
}
