//! Models that fail.

use crate::{STUCK, client::assert_tokens, model::TOKENS, session::Session};
use runner::target::StartOptions;
use std::net::TcpListener;

/// No process listens on the port that was bound last.
pub async fn model_not_there(mut session: Session) {
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let upstream = format!("http://{}", closed.expect("there is a free port"));
    let log = tempfile::NamedTempFile::new().expect("there is room for a log");
    let mut options = StartOptions::new(upstream, log.path());
    options.ready_timeout = STUCK;
    session.server = session
        .arm
        .start(&options)
        .expect("it starts without a model");
    session
        .client()
        .await
        .chat("hello")
        .await
        .refuses_with(502)
        .await;
}

pub async fn model_refuses(session: Session) {
    let mut client = session.client().await;
    for status in [500, 429, 404, 201] {
        client
            .chat(&format!("status {status}"))
            .await
            .refuses_with(502)
            .await;
    }
    assert_tokens(&client.chat("hello").await.stream().rest().await, &TOKENS);
}

pub async fn model_breaks_off(session: Session) {
    ends_with_an_error(&session, "break-off").await;
}

pub async fn model_ends_early(session: Session) {
    ends_with_an_error(&session, "no-done").await;
}

pub async fn model_talks_nonsense(session: Session) {
    ends_with_an_error(&session, "garbage").await;
}

/// Asserts one token, then an event with the error, no `[DONE]`, and that the target serves on.
async fn ends_with_an_error(session: &Session, message: &str) {
    let mut client = session.client().await;
    let mut events = client.chat(message).await.stream();
    assert_eq!(events.token().await, TOKENS[0]);
    session.model.open_gate();
    assert_eq!(events.until_error().await.len(), 1);
    session.model.until_active(0).await;
    assert_tokens(&session.events_of("hello").await, &TOKENS);
}
