//! Agents that call tools, with and without failures.

use crate::{client::assert_tokens, model::TOKENS, session::Session};
use hyper::Method;
use serde_json::{Value, json};

const PATH: &str = "/agent";

/// Returns the last message of each tool in the latest request to the model: id and result.
fn told(session: &Session) -> Vec<(String, Value)> {
    let asked = session.model.asked().pop().expect("the model was asked");
    let messages = asked.body["messages"]
        .as_array()
        .cloned()
        .expect("it is a list");
    let tools = messages.iter().filter(|message| message["role"] == "tool");
    let tell = |message: &Value| {
        let id = message["tool_call_id"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        let text = message["content"].as_str().expect("results are text");
        (
            id,
            serde_json::from_str(text).unwrap_or_else(|_| json!(text)),
        )
    };
    tools.map(tell).collect()
}

/// Returns the kinds of the events, in order.
fn kinds(events: &[Value]) -> Vec<&str> {
    let keys = events.iter().filter_map(Value::as_object);
    let kind = |event: &'_ serde_json::Map<String, Value>| {
        ["content", "tool_call", "tool_result", "image", "error"]
            .into_iter()
            .find(|kind| event.contains_key(*kind))
    };
    keys.map(|event| kind(event).expect("it is an event"))
        .collect()
}

pub async fn results_go_to_the_model_in_order(session: Session) {
    let events = session.happened(PATH, "tools").await;
    let calls = ["tool_call", "tool_call", "tool_result", "tool_result"];
    assert_eq!(
        kinds(&events),
        [&calls[..], &["content", "content"]].concat()
    );
    let rome = json!({ "id": "call-1", "name": "get_weather", "arguments": { "city": "Rome" } });
    assert_eq!(events[1]["tool_call"], rome);
    let oslo = json!({ "id": "call-0", "name": "get_time", "result": { "city": "Oslo", "time": "12:00" } });
    assert!(
        events[2..4]
            .iter()
            .any(|event| event["tool_result"] == oslo),
        "{events:?}"
    );
    let wanted = [
        (
            "call-0".to_owned(),
            json!({ "city": "Oslo", "time": "12:00" }),
        ),
        (
            "call-1".to_owned(),
            json!({ "city": "Rome", "celsius": 21 }),
        ),
    ];
    assert_eq!(told(&session), wanted);
    session.model.until_active(0).await;
}

pub async fn a_tool_that_is_not_there(session: Session) {
    goes_on(&session, r#"call:open_door:{"city":"Oslo"}"#).await;
}

pub async fn arguments_that_do_not_fit(session: Session) {
    for arguments in ["{", "[]", "{}", r#"{"city":1}"#, "null"] {
        goes_on(&session, &format!("call:get_time:{arguments}")).await;
    }
}

/// Asserts that the model learns of the failed call and answers.
async fn goes_on(session: &Session, message: &str) {
    let events = session.happened(PATH, message).await;
    assert_eq!(
        kinds(&events),
        ["tool_call", "tool_result", "content"],
        "{message}"
    );
    let told = told(session);
    assert_eq!(told.len(), 1, "{message}");
    assert!(
        told[0].1.to_string().to_lowercase().contains("error"),
        "{told:?}"
    );
}

pub async fn a_loop_without_end(session: Session) {
    let mut client = session.client().await;
    let events = client
        .say(PATH, "forever")
        .await
        .stream()
        .until_error()
        .await;
    let calls = kinds(&events)
        .iter()
        .filter(|kind| **kind == "tool_call")
        .count();
    assert_eq!((calls, session.model.asked().len()), (19, 20));
    assert_tokens(&session.events_of("hello").await, &TOKENS);
}

pub async fn refuses_what_chat_refuses(session: Session) {
    let mut client = session.client().await;
    let answer = client.send(Method::GET, PATH, "").await;
    answer.refuses_with(404).await;
    let bodies = [
        "",
        "{",
        "{}",
        "[]",
        "null",
        r#"{"message":""}"#,
        r#"{"message":1}"#,
    ];
    session.refuses(PATH, &bodies).await;
}

pub async fn model_fails_at_first(session: Session) {
    let mut client = session.client().await;
    client.say(PATH, "status 500").await.refuses_with(502).await;
    let answer = client.say(PATH, "no-done").await;
    assert_eq!(
        kinds(&answer.stream().until_error().await),
        ["content", "error"]
    );
}

pub async fn model_fails_after_tools(session: Session) {
    let mut client = session.client().await;
    let answer = client.say(PATH, "tools, then status 500").await;
    let events = answer.stream().until_error().await;
    assert_eq!(kinds(&events)[4..], ["error"], "{events:?}");
    assert_tokens(&session.events_of("hello").await, &TOKENS);
}

pub async fn client_leaves_after_tools(session: Session) {
    let mut client = session.client().await;
    let mut events = client.say(PATH, "tools, then no answer").await.stream();
    for _ in 0..4 {
        events.event().await;
    }
    session.model.until_asked(2).await;
    session.model.until_active(1).await;
    drop(client);
    session.model.until_active(0).await;
    assert_tokens(&session.events_of("hello").await, &TOKENS);
}
