//! Requests that must be rejected.

use crate::{client::assert_tokens, model::TOKENS, session::Session};
use hyper::Method;

async fn refuses(session: &Session, bodies: &[&str]) {
    session.refuses("/chat", bodies).await;
    assert_tokens(&session.events_of("hello").await, &TOKENS);
}

pub async fn bad_json(session: Session) {
    refuses(
        &session,
        &["", "{", "hello", "{\"message\":\"a\"} x", "{'message':'a'}"],
    )
    .await;
}

pub async fn no_message(session: Session) {
    let bodies = [
        "{}",
        "[]",
        "null",
        "1",
        "\"hello\"",
        "{\"message\":\"\"}",
        "{\"message\":null}",
        "{\"message\":1}",
    ];
    refuses(&session, &bodies).await;
}

pub async fn other_paths_and_methods(session: Session) {
    let mut client = session.client().await;
    for (method, path) in [
        (Method::GET, "/"),
        (Method::POST, "/"),
        (Method::POST, "/chat/1"),
        (Method::GET, "/chat"),
        // These exist only with a database.
        (Method::POST, "/history"),
        (Method::GET, "/threads"),
    ] {
        client.send(method, path, "").await.refuses_with(404).await;
    }
}
