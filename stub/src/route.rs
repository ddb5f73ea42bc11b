//! Routes requests to their handlers.

use crate::{
    api::{self, Api, error::ApiError},
    connection::{ActiveBody, ActiveRequest, Activity, Connection},
    generate::{self, Endpoint, InPath},
    response::{Failure, HttpBody, HttpResponse, json_response, refusal},
    stats::count,
    stream_writer::Disconnect,
};
use hyper::{
    Method, Request, Response, StatusCode, Version,
    body::Incoming,
    header::{AUTHORIZATION, CONNECTION, HeaderMap, HeaderValue},
};
use serde_json::{Value, json};

/// Answers one request.
///
/// # Errors
/// If a fault cuts the connection. A refused request gets an error response.
pub async fn answer(
    connection: Connection,
    request: Request<Incoming>,
) -> Result<Response<ActiveBody<HttpBody>>, Disconnect> {
    let worker = connection.worker.clone();
    // A burst of requests must not delay due tokens. The worker's loop reports a failing timer.
    let _ = worker.write_due();
    let api = api_of(request.uri().path());
    let http_1 = request.version() < Version::HTTP_2;
    let active = connection.activity.as_ref().map(Activity::begin_request);
    // Boxed: a connection keeps the memory of this future while its response streams.
    let mut response = match Box::pin(dispatch(connection, request)).await {
        Ok(response) => response,
        Err(Failure::Disconnect) => return Err(Disconnect),
        Err(Failure::Refused(error)) => {
            count(&worker.stats.refused);
            refusal(&error, api)
        }
    };
    if http_1 && active.as_ref().is_some_and(ActiveRequest::is_last) {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    Ok(response.map(|body| ActiveBody::new(body, active)))
}

/// Returns the API that a path belongs to, which gives the shape of errors.
fn api_of(path: &str) -> Api {
    if gemini_path(path).is_some() || path.starts_with("/v1beta/") {
        return Api::Gemini;
    }
    match path.strip_prefix("/v1").unwrap_or(path) {
        "/messages" | "/messages/count_tokens" => Api::Messages,
        "/responses" => Api::Responses,
        _ => Api::Chat,
    }
}

/// Splits a path of the Gemini API into the model and the method.
fn gemini_path(path: &str) -> Option<(&str, &str)> {
    let path = path
        .strip_prefix("/v1beta")
        .or_else(|| path.strip_prefix("/v1"));
    path?.strip_prefix("/models/")?.split_once(':')
}

async fn dispatch(
    connection: Connection,
    request: Request<Incoming>,
) -> Result<HttpResponse, Failure> {
    let path = request.uri().path().trim_end_matches('/').to_owned();
    if path == "/stats" && request.method() == Method::GET {
        return Ok(ok(&json!(connection.worker.shared.snapshot())));
    }
    check_key(&connection, &request)?;
    if let Some((model, method)) = gemini_path(&path) {
        return gemini(connection, model, method, request).await;
    }
    let path = path.strip_prefix("/v1").unwrap_or(&path);
    let model = connection.worker.shared.config.script.model.as_str();
    match (request.method(), path) {
        (&Method::POST, "/chat/completions") => complete(connection, Api::Chat, request).await,
        (&Method::POST, "/completions") => complete(connection, Api::Completions, request).await,
        (&Method::POST, "/responses") => complete(connection, Api::Responses, request).await,
        (&Method::POST, "/embeddings") => generate::embed(connection, request).await,
        (&Method::POST, "/messages") => {
            check_version(&request)?;
            complete(connection, Api::Messages, request).await
        }
        (&Method::POST, "/messages/count_tokens") => {
            check_version(&request)?;
            generate::count_tokens(request, api::messages::count_tokens, "input_tokens").await
        }
        (_, "/chat/completions" | "/completions" | "/responses" | "/embeddings") => {
            Err(not_allowed(&request, "POST"))
        }
        (_, "/messages" | "/messages/count_tokens") => Err(not_allowed(&request, "POST")),
        (&Method::GET, "/models") => Ok(ok(&api::models(model))),
        (_, "/models" | "/stats") => Err(not_allowed(&request, "GET")),
        (&Method::GET, path) if path.starts_with("/models/") => {
            let id = path.trim_start_matches("/models/");
            if id != model {
                return Err(no_such_model(id));
            }
            Ok(ok(&api::model(id)))
        }
        (method, _) => Err(unknown(method, request.uri().path())),
    }
}

async fn complete(
    connection: Connection,
    api: Api,
    request: Request<Incoming>,
) -> Result<HttpResponse, Failure> {
    let endpoint = Endpoint { api, in_path: None };
    generate::complete(connection, endpoint, request).await
}

/// Answers `POST /v1beta/models/MODEL:METHOD`.
async fn gemini(
    connection: Connection,
    model: &str,
    method: &str,
    request: Request<Incoming>,
) -> Result<HttpResponse, Failure> {
    if request.method() != Method::POST {
        return Err(not_allowed(&request, "POST"));
    }
    let stream = match method {
        "generateContent" => false,
        "streamGenerateContent" => true,
        "countTokens" => {
            let count = |body: &[u8]| Ok(Api::Gemini.parse(body)?.estimated_tokens());
            return generate::count_tokens(request, count, "totalTokens").await;
        }
        _ => return Err(unknown(request.method(), request.uri().path())),
    };
    let json_array = match query(&request, "alt") {
        Some("sse") => false,
        None | Some("json") => stream,
        Some(_) => {
            let message = "'alt' must be 'sse' or 'json'.";
            return Err(ApiError::invalid(message).with_param("alt").into());
        }
    };
    let endpoint = Endpoint {
        api: Api::Gemini,
        in_path: Some(InPath {
            model,
            stream,
            json_array,
        }),
    };
    generate::complete(connection, endpoint, request).await
}

fn query<'a>(request: &'a Request<Incoming>, name: &str) -> Option<&'a str> {
    let pairs = request.uri().query().unwrap_or_default().split('&');
    let mut pairs = pairs.filter_map(|pair| pair.split_once('='));
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

/// Checks the API key, in the places where the APIs have it.
fn check_key(connection: &Connection, request: &Request<Incoming>) -> Result<(), ApiError> {
    let Some(expected) = &connection.worker.shared.config.api_key else {
        return Ok(());
    };
    let header = |name: &str| text(request.headers(), name);
    let bearer = header(AUTHORIZATION.as_str()).and_then(|value| {
        let (scheme, key) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
    });
    let other = header("x-api-key").or_else(|| header("x-goog-api-key"));
    let key = bearer.or(other).or_else(|| query(request, "key"));
    match key == Some(expected) {
        true => Ok(()),
        false => Err(ApiError::unauthorized(key)),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Checks the header that Anthropic's API requires.
fn check_version(request: &Request<Incoming>) -> Result<(), ApiError> {
    match request.headers().contains_key("anthropic-version") {
        true => Ok(()),
        false => Err(ApiError::invalid("anthropic-version: header is required")),
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
