//! Requests, and those that are refused.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

/// A message of the user.
#[derive(Deserialize)]
pub struct Said {
    pub message: String,
}

/// An answer other than 200.
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

    /// The server's own failure.
    pub fn broken(error: anyhow::Error) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}"))
    }
}

/// The model's failure before anything was sent.
impl From<anyhow::Error> for Refusal {
    fn from(error: anyhow::Error) -> Self {
        Self(StatusCode::BAD_GATEWAY, format!("{error:#}"))
    }
}

/// Reads a body.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(Refusal::bad_request)
}

/// Reads a body that is a message.
pub fn message(body: &[u8]) -> Result<String, Refusal> {
    let Said { message } = read(body)?;
    filled("message", message)
}

/// A field that must not be empty.
pub fn filled(name: &str, value: String) -> Result<String, Refusal> {
    match value.is_empty() {
        true => Err(Refusal::bad_request(format!("\"{name}\" is missing"))),
        false => Ok(value),
    }
}

/// The same of a text that is to be kept; not every database keeps a NUL.
pub fn keepable(name: &str, value: String) -> Result<String, Refusal> {
    match value.contains('\0') {
        true => Err(Refusal::bad_request(format!("\"{name}\" holds a NUL"))),
        false => filled(name, value),
    }
}

/// The id of a thread or a room, checked.
pub fn plain_id(id: String) -> Result<String, Refusal> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    match (1..=64).contains(&id.len()) && id.bytes().all(plain) {
        true => Ok(id),
        false => Err(Refusal::bad_request(
            "ids have 1 to 64 letters, digits, - and _",
        )),
    }
}
