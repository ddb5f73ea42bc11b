//! `POST /history`: a chat with message history.

use crate::{
    event::{Emit, What, stream},
    model::{Delta, Message, Model},
    request::{Refusal, read, storable_text, valid_id},
    threads::{StoredMessage, Threads},
};
use axum::{Router, body::Bytes, extract::State, response::IntoResponse, routing::post};
use futures_util::{Stream, StreamExt, pin_mut};
use serde::Deserialize;

/// The most messages of a thread that the model gets.
const REMEMBERED: u32 = 20;

#[derive(Deserialize)]
struct Request {
    thread: String,
    message: String,
}

/// Returns the route of chats with message history.
pub fn routes(model: Model, threads: Threads) -> Router {
    Router::new()
        .route("/history", post(history))
        .with_state((model, threads))
}

async fn history(
    State((model, threads)): State<(Model, Threads)>,
    body: Bytes,
) -> Result<impl IntoResponse, Refusal> {
    let Request { thread, message } = read(&body)?;
    let (thread, question) = (valid_id(thread)?, storable_text("message", message)?);
    let before = threads.latest(thread.clone(), REMEMBERED).await;
    let mut messages: Vec<Message> = before
        .map_err(Refusal::broken)?
        .into_iter()
        .map(model_message)
        .collect();
    messages.push(Message::new("user", question.as_str()));
    let deltas = model.ask(&messages, &[]).await?;
    Ok(stream(async move |emit: Emit| {
        let answer = forward(deltas, &emit).await?;
        let stored = [("user", question.clone()), ("assistant", answer)].map(|(role, content)| {
            StoredMessage {
                role: role.to_owned(),
                content,
            }
        });
        threads.record(thread, question, stored).await
    }))
}

fn model_message(StoredMessage { role, content }: StoredMessage) -> Message {
    Message::new(if role == "user" { "user" } else { "assistant" }, content)
}

/// Sends the model's tokens, and returns the whole text.
async fn forward(
    deltas: impl Stream<Item = anyhow::Result<Delta>> + Send,
    emit: &Emit,
) -> anyhow::Result<String> {
    let mut answer = String::new();
    pin_mut!(deltas);
    while let Some(delta) = deltas.next().await {
        if let Some(content) = delta?.content.filter(|content| !content.is_empty()) {
            answer += &content;
            emit.send(What::Content(content)).await?;
        }
    }
    Ok(answer)
}
