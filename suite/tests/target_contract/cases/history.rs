//! Chats with a history.

use crate::{client::assert_tokens, model::TOKENS, session::Session};
use serde_json::{Value, json};

const PATH: &str = "/history";

async fn say(session: &Session, thread: &str, message: &str) {
    let mut client = session.client().await;
    let body = json!({ "thread": thread, "message": message });
    let events = client.post(PATH, &body).await.stream().rest().await;
    assert_tokens(&events, &TOKENS);
}

/// Returns the messages of the latest request to the model, each as role and content.
fn told(session: &Session) -> Vec<(String, String)> {
    let asked = session.model.asked().pop().expect("the model was asked");
    let messages = asked.body["messages"].as_array().cloned();
    let text = |value: &Value| value.as_str().expect("it is text").to_owned();
    let pair = |message: &Value| (text(&message["role"]), text(&message["content"]));
    messages.expect("it is a list").iter().map(pair).collect()
}

fn message(role: &str, content: &str) -> (String, String) {
    (role.to_owned(), content.to_owned())
}

pub async fn the_model_is_told_what_was_said(session: Session) {
    say(&session, "t1", "first").await;
    assert_eq!(told(&session), [message("user", "first")]);
    say(&session, "t1", "second").await;
    let answer = TOKENS.concat();
    let all = [
        message("user", "first"),
        message("assistant", &answer),
        message("user", "second"),
    ];
    assert_eq!(told(&session), all);
}

pub async fn only_the_latest(session: Session) {
    for turn in 0..12 {
        say(&session, "t1", &format!("question {turn}")).await;
    }
    let told = told(&session);
    assert_eq!(told.len(), 21);
    assert_eq!(told[0], message("user", "question 1"));
    assert_eq!(told[20], message("user", "question 11"));
}

pub async fn threads_are_apart(session: Session) {
    let all = (0..8).map(|id| {
        let session = &session;
        async move { say(session, &format!("t{id}"), "hello").await }
    });
    futures_util::future::join_all(all).await;
    say(&session, "t3", "again").await;
    assert_eq!(told(&session).len(), 3);
}

pub async fn a_failed_answer_leaves_nothing(session: Session) {
    let mut client = session.client().await;
    let failing = |message: &str| json!({ "thread": "t1", "message": message });
    let events = client.post(PATH, &failing("no-done")).await.stream();
    events.until_error().await;
    client
        .post(PATH, &failing("status 500"))
        .await
        .refuses_with(502)
        .await;
    let mut events = client.post(PATH, &failing("hold")).await.stream();
    events.token().await;
    drop(client);
    session.model.until_active(0).await;
    say(&session, "t1", "hello").await;
    assert_eq!(told(&session), [message("user", "hello")]);
}

pub async fn bad_requests(session: Session) {
    let mut client = session.client().await;
    for body in [
        json!({ "message": "hello" }),
        json!({ "thread": "t1" }),
        json!({ "thread": "", "message": "hello" }),
        json!({ "thread": 1, "message": "hello" }),
        json!({ "thread": "../t1", "message": "hello" }),
        json!({ "thread": "t".repeat(65), "message": "hello" }),
        json!({ "thread": "t1", "message": "a\u{0}b" }),
        json!([]),
    ] {
        client.post(PATH, &body).await.refuses_with(400).await;
    }
    assert!(
        session.model.asked().is_empty(),
        "the model is not bothered"
    );
}
