//! `POST /chat`.

use crate::model::Model;
use axum::{
    Json,
    body::Bytes,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response, Sse, sse::Event},
};
use futures_util::{Stream, StreamExt, pin_mut};
use serde::Deserialize;
use serde_json::json;
use std::convert::Infallible;

#[derive(Deserialize)]
struct Request {
    message: String,
}

/// An answer other than 200.
pub struct Refusal(pub StatusCode, pub String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

/// Answers with the model's tokens. When the client leaves, all of this is dropped, and the model's answer with it.
pub async fn chat(
    State(model): State<Model>,
    body: Bytes,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Refusal> {
    let bad_request = |why: String| Refusal(StatusCode::BAD_REQUEST, why);
    let request: Request =
        serde_json::from_slice(&body).map_err(|error| bad_request(error.to_string()))?;
    if request.message.is_empty() {
        return Err(bad_request("\"message\" is missing".to_owned()));
    }
    let tokens = model.ask(&request.message).await;
    let tokens = tokens.map_err(|error| Refusal(StatusCode::BAD_GATEWAY, format!("{error:#}")))?;
    Ok(Sse::new(events(tokens)))
}

fn events(
    tokens: impl Stream<Item = anyhow::Result<String>>,
) -> impl Stream<Item = Result<Event, Infallible>> {
    async_stream::stream! {
        pin_mut!(tokens);
        while let Some(token) = tokens.next().await {
            match token {
                Ok(content) => yield Ok(event(json!({ "content": content }))),
                Err(error) => {
                    yield Ok(event(json!({ "error": format!("{error:#}") })));
                    return;
                }
            }
        }
        yield Ok(Event::default().data("[DONE]"));
    }
}

fn event(data: serde_json::Value) -> Event {
    Event::default().data(data.to_string())
}
