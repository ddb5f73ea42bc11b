//! `POST /v1/chat/completions`.

use crate::{
    api::{Identity, chunk::Encoder, error::ApiError, request::ChatRequest},
    body::StreamBody,
    fault::Faults,
    non_streaming,
    reply::Reply,
    route::{Failure, HttpResponse},
    stream::Stream,
    stream_writer::StreamWriter,
    worker::Connection,
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

/// Answers a request for a chat completion.
///
/// # Errors
/// If the request is refused, or a fault cuts the connection.
pub async fn complete(
    connection: Connection,
    request: Request<Incoming>,
) -> Result<HttpResponse, Failure> {
    let (head, body) = request.into_parts();
    let version = head.version;
    let requested = requested_faults(&head.headers)?;
    let chat = ChatRequest::parse(&read(body).await?)?;
    let shared = connection.worker.shared.clone();
    let number = shared.next_completion();
    let mut reply = shared.config.script.reply(&chat)?;
    if let Some(faults) = requested.or_else(|| configured(&shared.config.faults)) {
        reply.faults = faults;
    }
    reply.faults = reply.faults.for_request(number);
    if !reply.faults.slow_head.is_zero() {
        sleep(reply.faults.slow_head).await;
    }
    if let Some(status) = reply.faults.status {
        return Err(ApiError::fault(status).into());
    }
    let identity = shared.identity(number, &chat.model);
    let rng = SmallRng::seed_from_u64(shared.config.seed ^ number);
    match chat.streams() {
        true => Ok(streamed(connection, identity, reply, &chat, rng, version)),
        false => non_streaming::answer(connection, identity, reply, rng).await,
    }
}

fn configured(faults: &Faults) -> Option<Faults> {
    (*faults != Faults::default()).then(|| faults.clone())
}

fn requested_faults(headers: &HeaderMap) -> Result<Option<Faults>, ApiError> {
    let Some(value) = headers.get(FAULT_HEADER) else {
        return Ok(None);
    };
    let refused = |why: String| ApiError::invalid(why).with_param(FAULT_HEADER);
    let text = value.to_str().map_err(|error| refused(error.to_string()))?;
    let faults: Faults = text.parse().map_err(refused)?;
    if !faults.slow_accept.is_zero() {
        return Err(refused(
            "slow-accept happens before any request: pass it with --fault on the command line"
                .into(),
        ));
    }
    Ok(Some(faults))
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

fn streamed(
    connection: Connection,
    identity: Identity,
    reply: Reply,
    chat: &ChatRequest,
    rng: SmallRng,
    version: Version,
) -> HttpResponse {
    let line_end = match (reply.faults.crlf, reply.faults.cr) {
        (true, _) => "\r\n",
        (_, true) => "\r",
        _ => "\n",
    };
    let encoder = Encoder::new(identity, chat.wants_usage(), line_end);
    let Connection { worker, conn } = connection;
    let (stats, usage) = (worker.stats.clone(), chat.wants_usage());
    let stream = Stream::new(stats, conn.clone(), encoder, reply, usage, rng);
    let writer = StreamWriter::new(stream, conn, version >= Version::HTTP_11);
    let mut answer = Response::new(Either::Right(StreamBody::new(worker, writer)));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    answer
}
