//! Which request gets which answer.

use crate::{
    chunk::{Format, Identity, unix_seconds},
    reply::{Finish, Part, Reply},
    stream::Stream,
    worker::Worker,
};
use bytes::Bytes;
use http_body_util::{BodyExt, Either, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use serde::Deserialize;
use std::{
    convert::Infallible,
    sync::{Arc, atomic::Ordering::Relaxed},
};

type Answer = Response<Either<Full<Bytes>, Stream>>;

#[derive(Deserialize)]
struct ChatRequest {
    model: String,
}

/// Answers one request.
///
/// # Errors
/// Never: what is wrong with a request is said in the answer.
pub async fn answer(worker: Arc<Worker>, request: Request<Incoming>) -> Result<Answer, Infallible> {
    let path = request.uri().path();
    Ok(match (request.method(), path) {
        (&Method::POST, "/v1/chat/completions" | "/chat/completions") => {
            chat(worker, request).await
        }
        (&Method::GET, "/stats") => {
            let stats = worker.shared.snapshot();
            json_answer(
                StatusCode::OK,
                serde_json::to_vec(&stats).unwrap_or_default(),
            )
        }
        _ => json_answer(StatusCode::NOT_FOUND, "{}"),
    })
}

async fn chat(worker: Arc<Worker>, request: Request<Incoming>) -> Answer {
    let Ok(body) = request.into_body().collect().await else {
        return json_answer(StatusCode::BAD_REQUEST, "{}");
    };
    let Ok(chat) = serde_json::from_slice::<ChatRequest>(&body.to_bytes()) else {
        return json_answer(StatusCode::BAD_REQUEST, "{}");
    };
    let number = worker.shared.completions.fetch_add(1, Relaxed);
    let format = Format::new(&Identity {
        id: &format!("chatcmpl-{number:016x}"),
        model: &chat.model,
        created: unix_seconds(),
    });
    let config = &worker.shared.config;
    let delay = config.delay;
    let reply = Reply {
        parts: [Part::Tokens(config.tokens)].into(),
        finish: Finish::Stop,
    };
    let stream = Stream::new(worker, format, reply, delay);
    let mut answer = Response::new(Either::Right(stream));
    let headers = answer.headers_mut();
    headers.insert(
        CONTENT_TYPE,
        "text/event-stream".parse().expect("a valid value"),
    );
    headers.insert(CACHE_CONTROL, "no-cache".parse().expect("a valid value"));
    answer
}

fn json_answer(status: StatusCode, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(Either::Left(Full::new(body.into())));
    *answer.status_mut() = status;
    answer.headers_mut().insert(
        CONTENT_TYPE,
        "application/json".parse().expect("a valid value"),
    );
    answer
}
