//! A planner and its sub-agents.

use crate::{client::Events, client::assert_tokens, model::TOKENS, session::Session};
use serde_json::Value;

const PATH: &str = "/sub-agents";

/// Reads until sub-agents have sent `count` tokens. Returns the tokens of each sub-agent.
async fn until_said(events: &mut Events, count: usize) -> Vec<(String, String)> {
    let mut said = Vec::new();
    while said.len() < count {
        let event = events.event().await;
        let text = |key: &str| event[key].as_str().map(str::to_owned);
        said.extend(text("agent").zip(text("content")));
    }
    said.sort();
    said
}

/// All send their first token before any may send its second.
pub async fn stream_at_the_same_time(session: Session) {
    let mut client = session.client().await;
    let answer = client
        .say(PATH, "delegate:hold a,hold b,hold c,hold d")
        .await;
    let mut events = answer.stream();
    let said = until_said(&mut events, 4).await;
    let wanted = ["a", "b", "c", "d"].map(|id| (format!("hold {id}"), format!(" first{id}")));
    assert_eq!(said, wanted);
    session.model.open_gate();
    let rest = events.until_done().await;
    let results: Vec<&Value> = rest.iter().map(|event| &event["tool_result"]).collect();
    for id in ["a", "b", "c", "d"] {
        let answer = format!(" first{id} second{id}");
        let is = |result: &&&Value| result["result"]["answer"] == answer.as_str();
        assert_eq!(results.iter().filter(is).count(), 1, "{answer} in {rest:?}");
    }
    assert_eq!(
        rest.last().expect("there are events")["content"],
        " all done"
    );
}

/// The other sub-agents are cancelled while their gate is closed.
pub async fn one_that_fails_ends_all(session: Session) {
    let mut client = session.client().await;
    let answer = client.say(PATH, "delegate:hold a,hold b,no-done").await;
    let events = answer.stream().until_error().await;
    assert!(
        events.iter().all(|event| event["content"] != " all done"),
        "{events:?}"
    );
    session.model.until_active(0).await;
    assert_tokens(&session.events_of("hello").await, &TOKENS);
}

pub async fn client_leaves(session: Session) {
    let mut client = session.client().await;
    let mut events = client
        .say(PATH, "delegate:hold a,hold b,hold c")
        .await
        .stream();
    until_said(&mut events, 3).await;
    session.model.until_active(3).await;
    drop(client);
    session.model.until_active(0).await;
    assert_tokens(&session.events_of("hello").await, &TOKENS);
}
