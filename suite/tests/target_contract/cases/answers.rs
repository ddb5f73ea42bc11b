//! Streams that succeed.

use crate::{client::assert_tokens, model::TOKENS, session::Session};
use serde_json::json;

pub async fn tokens_in_order(session: Session) {
    assert_tokens(&session.events_of("hello").await, &TOKENS);
    session.model.until_active(0).await;
}

pub async fn asks_the_model_as_openai_wants(session: Session) {
    session.events_of("héllo \"you\"").await;
    let asked = session.model.asked().pop().expect("the model was asked");
    assert_eq!(asked.line, "POST /v1/chat/completions");
    assert!(
        asked.content_type.starts_with("application/json"),
        "{}",
        asked.content_type
    );
    assert_eq!(
        (&asked.body["model"], &asked.body["stream"]),
        (&json!("stub"), &json!(true))
    );
    assert_eq!(
        asked.body["messages"],
        json!([{ "role": "user", "content": "héllo \"you\"" }])
    );
}

/// The model waits until the client has the first token, so a target that buffers tokens never
/// continues.
pub async fn each_token_when_it_arrives(session: Session) {
    let mut client = session.client().await;
    let mut events = client.chat("hold").await.stream();
    assert_eq!(events.token().await, " first");
    session.model.open_gate();
    assert_tokens(&events.rest().await, &[" second"]);
}

pub async fn lines_split_anywhere(session: Session) {
    assert_tokens(&session.events_of("pieces").await, &TOKENS);
}

pub async fn events_in_one_piece(session: Session) {
    assert_tokens(&session.events_of("at-once").await, &TOKENS);
}

/// The SSE standard requires no space after the colon, and allows CR LF.
pub async fn events_written_otherwise(session: Session) {
    assert_tokens(&session.events_of("no-space").await, &TOKENS);
}

pub async fn connections_are_used_again(session: Session) {
    on_one_connection(session, "hello").await;
}

/// The answer ends before its body. A client that drops the connection there needs another, as the
/// OpenAI client within LangChain for JavaScript does.
pub async fn a_body_that_ends_late(session: Session) {
    match session.arm.name().starts_with("langchain-js") {
        true => five_answers(&session, "late-end").await,
        false => on_one_connection(session, "late-end").await,
    }
}

async fn on_one_connection(session: Session, message: &str) {
    /// Their HTTP client is hyper-util's. It returns a connection to its pool in a separate task, a
    /// moment after the reader has the end, and the next request may come in that moment.
    const BACK_A_MOMENT_LATER: [&str; 3] = ["rust", "planted", "deno"];
    five_answers(&session, message).await;
    let seen = session.model.connections();
    let name = session.arm.name();
    let target = name.split(':').next().unwrap_or_default();
    let most = if BACK_A_MOMENT_LATER.contains(&target) {
        4
    } else {
        1
    };
    assert!(seen <= most, "the model saw {seen} connections");
}

async fn five_answers(session: &Session, message: &str) {
    let mut client = session.client().await;
    for _ in 0..5 {
        assert_tokens(&client.chat(message).await.stream().rest().await, &TOKENS);
    }
}

/// Each is held after its first token, so that all are open at the same time.
pub async fn fifty_streams_at_once(session: Session) {
    let mut streams = Vec::new();
    for id in 0..50 {
        let mut client = session.client().await;
        let mut events = client.chat(&format!("hold {id}")).await.stream();
        assert_eq!(events.token().await, format!(" first{id}"));
        streams.push((id, client, events));
    }
    session.model.until_active(50).await;
    session.model.open_gate();
    for (id, _client, events) in streams {
        assert_tokens(&events.rest().await, &[&format!(" second{id}")]);
    }
}
