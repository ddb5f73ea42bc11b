//! The client's stream: server-sent events, one JSON object each.

use crate::model::Delta;
use axum::response::{Sse, sse};
use futures_util::{Stream, StreamExt, pin_mut};
use serde::Serialize;
use serde_json::{Value, json};
use std::{convert::Infallible, future::Future, sync::Arc};
use tokio::sync::mpsc;

#[derive(Serialize)]
pub struct Event {
    #[serde(flatten)]
    pub what: What,
    /// Task of the sub-agent, if one sent the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<Arc<str>>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    Content(String),
    ToolCall {
        id: String,
        name: String,
        arguments: Value,
    },
    ToolResult {
        id: String,
        name: String,
        result: Value,
    },
    Image {
        r#type: String,
        part: usize,
        parts: usize,
        data: String,
    },
}

/// Sends events of one agent to the client.
#[derive(Clone)]
pub struct Emit {
    to: mpsc::Sender<Event>,
    agent: Option<Arc<str>>,
}

impl Emit {
    pub async fn send(&self, what: What) -> anyhow::Result<()> {
        let agent = self.agent.clone();
        Ok(self.to.send(Event { what, agent }).await?)
    }

    /// Returns the sender of a sub-agent.
    pub fn signed(&self, agent: &str) -> Self {
        let agent = Some(agent.into());
        Self {
            to: self.to.clone(),
            agent,
        }
    }
}

/// Returns the events of `work` as a stream, then `[DONE]` or an error. A disconnect of the client
/// drops the stream, which cancels the work.
pub fn stream<W>(
    work: impl FnOnce(Emit) -> W + Send + 'static,
) -> Sse<impl Stream<Item = Result<sse::Event, Infallible>>>
where
    W: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    Sse::new(async_stream::stream! {
        let (to, mut events) = mpsc::channel(16);
        let work = work(Emit { to, agent: None });
        pin_mut!(work);
        let done = loop {
            tokio::select! {
                biased;
                Some(event) = events.recv() => yield Ok(data(&event)),
                done = &mut work => break done,
            }
        };
        while let Ok(event) = events.try_recv() {
            yield Ok(data(&event));
        }
        match done {
            Ok(()) => yield Ok(sse::Event::default().data("[DONE]")),
            Err(error) => yield Ok(failure(&error)),
        }
    })
}

/// Returns the stream of an answer with tokens only, which needs no channel.
pub fn contents(
    deltas: impl Stream<Item = anyhow::Result<Delta>> + Send + 'static,
) -> Sse<impl Stream<Item = Result<sse::Event, Infallible>>> {
    Sse::new(tokens(deltas).map(Ok))
}

/// Returns the events of an answer with tokens only.
pub fn tokens(
    deltas: impl Stream<Item = anyhow::Result<Delta>> + Send + 'static,
) -> impl Stream<Item = sse::Event> + Send {
    texts(deltas).map(from_text)
}

/// Returns the events of an answer as texts, for publishing.
pub fn texts(
    deltas: impl Stream<Item = anyhow::Result<Delta>> + Send + 'static,
) -> impl Stream<Item = String> + Send {
    async_stream::stream! {
        pin_mut!(deltas);
        while let Some(delta) = deltas.next().await {
            match delta.map(|delta| delta.content) {
                Ok(Some(content)) if !content.is_empty() => yield json(&What::Content(content)),
                Ok(_) => {}
                Err(error) => {
                    yield failure_text(&error);
                    return;
                }
            }
        }
        yield "[DONE]".to_owned();
    }
}

/// Returns an error event.
pub fn failure(error: &anyhow::Error) -> sse::Event {
    from_text(failure_text(error))
}

/// Returns an error event as text.
pub fn failure_text(error: &anyhow::Error) -> String {
    json(&json!({ "error": format!("{error:#}") }))
}

/// Returns an event with JSON data.
pub fn data(event: &impl Serialize) -> sse::Event {
    from_text(json(event))
}

/// Returns an event with text data.
pub fn from_text(text: String) -> sse::Event {
    sse::Event::default().data(text)
}

fn json(event: &impl Serialize) -> String {
    serde_json::to_string(event).expect("events have text keys only")
}
