//! `POST /chat`, with the fault injected before every token.

use crate::{faults::Fault, model::Model, truth};
use axum::{
    Json,
    body::{Body, Bytes},
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use futures_util::{Stream, StreamExt, pin_mut};
use serde::Deserialize;
use serde_json::json;
use std::{convert::Infallible, sync::Arc};

/// State of the handler.
#[derive(Clone)]
pub struct Server {
    model: Model,
    fault: Arc<dyn Fault>,
}

impl Server {
    pub fn new(model: Model, fault: Box<dyn Fault>) -> Self {
        let fault = fault.into();
        Self { model, fault }
    }
}

#[derive(Deserialize)]
struct Request {
    message: String,
}

/// An error response.
pub struct Refusal(pub StatusCode, pub String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

/// Answers with the model's tokens. A disconnect of the client drops this future, which cancels the
/// model's answer.
pub async fn chat(State(server): State<Server>, body: Bytes) -> Result<impl IntoResponse, Refusal> {
    let bad_request = |why: String| Refusal(StatusCode::BAD_REQUEST, why);
    let request: Request =
        serde_json::from_slice(&body).map_err(|error| bad_request(error.to_string()))?;
    if request.message.is_empty() {
        return Err(bad_request("\"message\" is missing".to_owned()));
    }
    let tokens = server.model.ask(&request.message).await;
    let tokens = tokens.map_err(|error| Refusal(StatusCode::BAD_GATEWAY, format!("{error:#}")))?;
    let body = Body::from_stream(events(tokens, server.fault));
    Ok(([(CONTENT_TYPE, "text/event-stream")], body))
}

fn events(
    tokens: impl Stream<Item = anyhow::Result<String>>,
    fault: Arc<dyn Fault>,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    async_stream::stream! {
        pin_mut!(tokens);
        while let Some(token) = tokens.next().await {
            match token {
                Ok(content) => {
                    truth::token();
                    // Measured without a fault too, so that measuring does not bias the comparison.
                    truth::on_cpu(|| fault.token());
                    yield Ok(event(&json!({ "content": content }).to_string()));
                }
                Err(error) => {
                    yield Ok(event(&json!({ "error": format!("{error:#}") }).to_string()));
                    return;
                }
            }
        }
        yield Ok(event("[DONE]"));
    }
}

fn event(data: &str) -> Bytes {
    format!("data: {data}\n\n").into()
}
