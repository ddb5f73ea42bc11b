//! Which request gets which answer.

use crate::{
    api::{self, error::ApiError},
    body::StreamBody,
    chat,
    player::Cut,
    stats::count,
    worker::Connection,
};
use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde_json::{Value, json};

/// An answer, whole or streamed.
pub type Answer = Response<Either<Full<Bytes>, StreamBody>>;

/// Why there is no ordinary answer.
pub enum Failure {
    /// The request is refused.
    Refused(ApiError),
    /// The connection is to be cut.
    Cut,
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

/// Answers one request.
///
/// # Errors
/// If the connection is to be cut. What is wrong with a request is said in the answer.
pub async fn answer(connection: Connection, request: Request<Incoming>) -> Result<Answer, Cut> {
    let worker = connection.worker.clone();
    // A burst of requests must not make the tokens of those before it late. Without a timer none come, and that is told
    // by the worker's own loop.
    let _ = worker.play_due();
    match dispatch(connection, request).await {
        Ok(answer) => Ok(answer),
        Err(Failure::Cut) => Err(Cut),
        Err(Failure::Refused(error)) => {
            count(&worker.stats.refused);
            Ok(whole(error.status, &error.body()))
        }
    }
}

async fn dispatch(connection: Connection, request: Request<Incoming>) -> Result<Answer, Failure> {
    let path = request.uri().path().trim_end_matches('/');
    let path = path.strip_prefix("/v1").unwrap_or(path);
    let shared = &connection.worker.shared;
    match (request.method(), path) {
        (&Method::POST, "/chat/completions") => chat::complete(connection, request).await,
        (_, "/chat/completions") => Err(not_allowed(&request, "POST")),
        (&Method::GET, "/models") => Ok(ok(&api::models(&shared.config.script.model))),
        (&Method::GET, "/stats") => Ok(ok(&json!(shared.snapshot()))),
        (_, "/models" | "/stats") => Err(not_allowed(&request, "GET")),
        (&Method::GET, path) if path.starts_with("/models/") => {
            let id = path.trim_start_matches("/models/");
            if id != shared.config.script.model {
                return Err(no_such_model(id));
            }
            Ok(ok(&api::model(id)))
        }
        (method, _) => Err(unknown(method, request.uri().path())),
    }
}

fn not_allowed(request: &Request<Incoming>, allowed: &str) -> Failure {
    let (method, path) = (request.method(), request.uri().path());
    ApiError::invalid(format!(
        "{method} is not allowed for {path}; use {allowed}."
    ))
    .with_status(StatusCode::METHOD_NOT_ALLOWED)
    .into()
}

fn no_such_model(id: &str) -> Failure {
    ApiError::invalid(format!("The model '{id}' does not exist."))
        .with_status(StatusCode::NOT_FOUND)
        .with_param("model")
        .with_code("model_not_found")
        .into()
}

fn unknown(method: &Method, path: &str) -> Failure {
    ApiError::invalid(format!("Invalid URL ({method} {path})"))
        .with_status(StatusCode::NOT_FOUND)
        .into()
}

fn ok(body: &Value) -> Answer {
    whole(StatusCode::OK, body)
}

/// An answer that is sent at once.
pub fn whole(status: StatusCode, body: &Value) -> Answer {
    json_text(status, body.to_string())
}

/// An answer that should be JSON.
pub fn json_text(status: StatusCode, body: String) -> Answer {
    let mut answer = Response::new(Either::Left(Full::new(body.into())));
    *answer.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(CONTENT_TYPE, json);
    answer
}
