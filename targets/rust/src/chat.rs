//! `POST /chat`: one question, one answer.

use crate::{
    event::contents,
    model::{Message, Model},
    request::{Refusal, message},
};
use axum::{body::Bytes, extract::State, response::IntoResponse};

/// Answers with the model's tokens. A disconnect of the client drops this future, which cancels the
/// model's answer.
pub async fn chat(State(model): State<Model>, body: Bytes) -> Result<impl IntoResponse, Refusal> {
    let question = Message::new("user", message(&body)?);
    Ok(contents(model.ask(&[question], &[]).await?))
}
