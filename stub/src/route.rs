//! Routes requests to their handlers.

use crate::{
    api::{self, error::ApiError},
    body::StreamBody,
    chat,
    stats::count,
    stream_writer::Disconnect,
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

/// A response, streaming or not.
pub type HttpResponse = Response<Either<Full<Bytes>, StreamBody>>;

/// The reason a request gets no ordinary response.
pub enum Failure {
    /// The request is refused.
    Refused(ApiError),
    /// A fault cuts the connection.
    Disconnect,
}

impl From<ApiError> for Failure {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

/// Answers one request.
///
/// # Errors
/// If a fault cuts the connection. A refused request gets an error response.
pub async fn answer(
    connection: Connection,
    request: Request<Incoming>,
) -> Result<HttpResponse, Disconnect> {
    let worker = connection.worker.clone();
    // A burst of requests must not delay due tokens. The worker's loop reports a failing timer.
    let _ = worker.write_due();
    match dispatch(connection, request).await {
        Ok(answer) => Ok(answer),
        Err(Failure::Disconnect) => Err(Disconnect),
        Err(Failure::Refused(error)) => {
            count(&worker.stats.refused);
            Ok(json_response(error.status, &error.body()))
        }
    }
}

async fn dispatch(
    connection: Connection,
    request: Request<Incoming>,
) -> Result<HttpResponse, Failure> {
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

fn ok(body: &Value) -> HttpResponse {
    json_response(StatusCode::OK, body)
}

/// Builds a JSON response.
pub fn json_response(status: StatusCode, body: &Value) -> HttpResponse {
    json_text(status, body.to_string())
}

/// Builds a response from text that is usually JSON; fault `malformed-after` cuts it short.
pub fn json_text(status: StatusCode, body: String) -> HttpResponse {
    let mut answer = Response::new(Either::Left(Full::new(body.into())));
    *answer.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(CONTENT_TYPE, json);
    answer
}
