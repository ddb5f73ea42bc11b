//! Answers requests for completions and embeddings.

use crate::{
    api::{Api, embeddings::Embeddings, encoder::Encoder, error::ApiError},
    body::StreamBody,
    connection::Connection,
    fault::Faults,
    non_streaming,
    reply::Reply,
    response::{Failure, HttpResponse, json_response},
    stream::Stream,
    stream_writer::{Framing, StreamWriter},
};
use bytes::Bytes;
use http_body_util::{BodyExt, Either, Limited};
use hyper::{
    HeaderMap, Request, Response, StatusCode, Version,
    body::Incoming,
    header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue},
};
use rand::{SeedableRng, rngs::SmallRng};
use tokio::time::sleep;

/// Larger requests are refused. The limit leaves room for a conversation with several images.
const MAX_BODY_BYTES: usize = 32 << 20;

/// The request header that asks for faults.
const FAULT_HEADER: &str = "x-stub-fault";

/// The properties of a request that its path determines.
#[derive(Clone, Copy, Debug)]
pub struct Endpoint<'a> {
    /// The API.
    pub api: Api,
    /// Properties that other APIs have in the body.
    pub in_path: Option<InPath<'a>>,
}

/// The properties of a request that Gemini's path has.
#[derive(Clone, Copy, Debug)]
pub struct InPath<'a> {
    /// Name of the model.
    pub model: &'a str,
    /// Whether the response is streamed.
    pub stream: bool,
    /// Whether a stream is a JSON array, not server-sent events.
    pub json_array: bool,
}

/// Answers a request for a completion.
///
/// # Errors
/// If the request is refused, or a fault cuts the connection.
pub async fn complete(
    connection: Connection,
    endpoint: Endpoint<'_>,
    request: Request<Incoming>,
) -> Result<HttpResponse, Failure> {
    let (head, body) = request.into_parts();
    let requested = requested_faults(&head.headers)?;
    let mut prompt = endpoint.api.parse(&read(body).await?)?;
    if let Some(path) = endpoint.in_path {
        prompt.model = path.model.to_owned();
        prompt.stream = path.stream;
        prompt.layout.json_array = path.json_array;
    }
    let layout = prompt.layout;
    let shared = connection.worker.shared.clone();
    let number = shared.next_completion();
    let mut reply = shared.config.script.reply(&prompt)?;
    let choices = u64::from(layout.choices);
    reply.usage.completion = reply.usage.completion.saturating_mul(choices);
    reply.usage.reasoning = reply.usage.reasoning.saturating_mul(choices);
    let scripted = std::mem::take(&mut reply.faults);
    reply.faults = choose_faults(&connection, requested, scripted, number);
    delay_or_refuse(&reply.faults).await?;
    let identity = shared.identity(number, &prompt.model);
    let rng = SmallRng::seed_from_u64(shared.config.seed ^ number);
    if !prompt.stream {
        let api = endpoint.api;
        return non_streaming::answer(&connection, api, identity, reply, layout, rng).await;
    }
    let line_end = match (reply.faults.crlf, reply.faults.cr) {
        (true, _) => "\r\n",
        (_, true) => "\r",
        _ => "\n",
    };
    let encoder = Encoder::new(endpoint.api, identity, &reply, layout, line_end);
    let kind = match layout.json_array {
        true => "application/json",
        false => "text/event-stream",
    };
    let mut response = streaming(connection, encoder, reply, rng, head.version);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    Ok(response)
}

/// Answers a request for embeddings, after the schedule's time before a first token.
///
/// # Errors
/// If the request is refused, or a fault cuts the connection.
pub async fn embed(
    connection: Connection,
    request: Request<Incoming>,
) -> Result<HttpResponse, Failure> {
    let (head, body) = request.into_parts();
    let requested = requested_faults(&head.headers)?;
    let embeddings = Embeddings::parse(&read(body).await?)?;
    let worker = connection.worker.clone();
    let number = worker.shared.next_completion();
    let faults = choose_faults(&connection, requested, Faults::default(), number);
    delay_or_refuse(&faults).await?;
    let mut rng = SmallRng::seed_from_u64(worker.shared.config.seed ^ number);
    let duration = worker.shared.config.script.timing.before(0, &mut rng);
    let body = || embeddings.body().to_string();
    non_streaming::send(&connection, &faults, duration, 0, body).await
}

/// Parses the body of a request to count tokens, and answers it.
///
/// # Errors
/// If the request is refused.
pub async fn count_tokens(
    request: Request<Incoming>,
    count: impl Fn(&[u8]) -> Result<u64, ApiError>,
    name: &str,
) -> Result<HttpResponse, Failure> {
    let tokens = count(&read(request.into_body()).await?)?;
    Ok(json_response(
        StatusCode::OK,
        &serde_json::json!({name: tokens}),
    ))
}

/// Returns the faults of a request: those of its header, else those of the command line, else those
/// of the script.
fn choose_faults(
    connection: &Connection,
    requested: Option<Faults>,
    scripted: Faults,
    number: u64,
) -> Faults {
    let config = &connection.worker.shared.config;
    let seed = config.seed;
    match (requested, config.faults.is_empty()) {
        (Some(faults), _) => faults.for_request(number, seed),
        (None, true) => scripted.for_request(number, seed),
        (None, false) => Faults::choose(&config.faults, number, seed),
    }
}

async fn delay_or_refuse(faults: &Faults) -> Result<(), ApiError> {
    if !faults.slow_head.is_zero() {
        sleep(faults.slow_head).await;
    }
    match faults.status {
        Some(status) => Err(ApiError::fault(status, faults.retry_after)),
        None => Ok(()),
    }
}

fn requested_faults(headers: &HeaderMap) -> Result<Option<Faults>, ApiError> {
    let Some(value) = headers.get(FAULT_HEADER) else {
        return Ok(None);
    };
    let refused = |why: String| ApiError::invalid(why).with_param(FAULT_HEADER);
    let text = value.to_str().map_err(|error| refused(error.to_string()))?;
    let faults: Faults = text.parse().map_err(refused)?;
    match faults.of_connections() {
        None => Ok(Some(faults)),
        Some(name) => Err(refused(format!(
            "{name} concerns connections: pass it with --fault on the command line"
        ))),
    }
}

async fn read(body: Incoming) -> Result<Bytes, ApiError> {
    match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => {
            let message = format!("The request is larger than {MAX_BODY_BYTES} bytes.");
            Err(ApiError::invalid(message).with_status(StatusCode::PAYLOAD_TOO_LARGE))
        }
        Err(error) => Err(ApiError::invalid(format!(
            "The request could not be read: {error}."
        ))),
    }
}

fn streaming(
    connection: Connection,
    encoder: Encoder,
    reply: Reply,
    rng: SmallRng,
    version: Version,
) -> HttpResponse {
    let Connection { worker, conn, .. } = connection;
    let stream = Stream::new(worker.stats.clone(), encoder, reply, rng);
    let framing = match version {
        Version::HTTP_2 => Framing::Multiplexed,
        Version::HTTP_11 => Framing::Chunked,
        _ => Framing::Plain,
    };
    let writer = StreamWriter::new(stream, conn, framing);
    let mut response = Response::new(Either::Right(StreamBody::new(worker, writer)));
    let no_cache = HeaderValue::from_static("no-cache");
    response.headers_mut().insert(CACHE_CONTROL, no_cache);
    response
}
