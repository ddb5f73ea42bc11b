//! Request parsing and error responses.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

/// A user message.
#[derive(Deserialize)]
pub struct UserMessage {
    pub message: String,
}

/// An error response.
pub struct Refusal(pub StatusCode, pub String);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

impl Refusal {
    pub fn bad_request(why: impl ToString) -> Self {
        Self(StatusCode::BAD_REQUEST, why.to_string())
    }

    /// Creates the error of an internal failure.
    pub fn broken(error: anyhow::Error) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}"))
    }
}

/// The model failed before the first event.
impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self(StatusCode::BAD_GATEWAY, format!("{error:#}"))
    }
}

/// Parses a body.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(Refusal::bad_request)
}

/// Parses a body with a message.
pub fn message(body: &[u8]) -> Result<String, Refusal> {
    let UserMessage { message } = read(body)?;
    filled("message", message)
}

/// Returns a field, or an error if it is empty.
pub fn filled(name: &str, value: String) -> Result<String, Refusal> {
    match value.is_empty() {
        true => Err(Refusal::bad_request(format!("\"{name}\" is missing"))),
        false => Ok(value),
    }
}

/// Returns a string field without NUL, which not every database stores.
pub fn storable_text(name: &str, value: String) -> Result<String, Refusal> {
    match value.contains('\0') {
        true => Err(Refusal::bad_request(format!("\"{name}\" holds a NUL"))),
        false => filled(name, value),
    }
}

/// Checks the id of a thread or a room.
pub fn valid_id(id: String) -> Result<String, Refusal> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    match (1..=64).contains(&id.len()) && id.bytes().all(plain) {
        true => Ok(id),
        false => Err(Refusal::bad_request(
            "ids have 1 to 64 letters, digits, - and _",
        )),
    }
}
