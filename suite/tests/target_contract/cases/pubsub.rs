//! Rooms whose members hear the same answer.

use crate::{
    client::{Client, Events, assert_tokens},
    model::TOKENS,
    session::Session,
};
use hyper::Method;
use serde_json::{Value, json};
use std::time::Duration;

const PATH: &str = "/pubsub";

/// A member that has joined.
struct Member {
    events: Events,
    /// Dropping it leaves the room.
    _client: Client,
}

/// Joins a room, and returns the number of members as well.
async fn join(session: &Session, room: &str, message: &str, members: usize) -> (Member, Value) {
    let mut client = session.any_client().await;
    let body = json!({ "room": room, "message": message, "members": members });
    let mut events = client.post(PATH, &body).await.stream();
    let joined = events.event().await;
    let member = Member {
        events,
        _client: client,
    };
    (member, joined)
}

/// Fills a room, member by member.
async fn fill(session: &Session, room: &str, message: &str, members: usize) -> Vec<Member> {
    let mut all = Vec::new();
    for count in 1..=members {
        let (member, joined) = join(session, room, message, members).await;
        assert_eq!(joined, json!({ "joined": count }));
        all.push(member);
    }
    all
}

/// Asserts that the next token of all members is this one.
async fn all_hear(members: &mut [Member], token: &str) {
    for member in members {
        assert_eq!(member.events.token().await, token);
    }
}

/// Asserts that all members receive these tokens and the end.
async fn all_hear_the_rest(members: Vec<Member>, tokens: &[&str]) {
    for member in members {
        assert_tokens(&member.events.rest().await, tokens);
    }
}

pub async fn all_hear_one_answer(session: Session) {
    for round in 1..=2 {
        let members = fill(&session, "r1", "hello", 50).await;
        all_hear_the_rest(members, &TOKENS).await;
        assert_eq!(session.model.asked().len(), round, "once for each round");
    }
    let asked = session.model.asked().pop().expect("the model was asked");
    let messages = json!([{ "role": "user", "content": "hello" }]);
    assert_eq!(asked.body["messages"], messages);
}

/// The model waits until all have the first token, so a target that buffers tokens never continues.
pub async fn each_token_when_it_arrives(session: Session) {
    let mut members = fill(&session, "r1", "hold", 50).await;
    all_hear(&mut members, " first").await;
    session.model.open_gate();
    all_hear_the_rest(members, &[" second"]).await;
}

pub async fn rooms_are_apart(session: Session) {
    let (first, _) = join(&session, "a", "hold a", 2).await;
    let mut others = fill(&session, "b", "hold b", 3).await;
    all_hear(&mut others, " firstb").await;
    let (second, joined) = join(&session, "a", "hold a", 2).await;
    assert_eq!(joined, json!({ "joined": 2 }));
    let mut members = vec![first, second];
    all_hear(&mut members, " firsta").await;
    // The first round is under way, so this is another.
    let mut next = fill(&session, "a", "hold c", 1).await;
    all_hear(&mut next, " firstc").await;
    session.model.open_gate();
    all_hear_the_rest(members, &[" seconda"]).await;
    all_hear_the_rest(others, &[" secondb"]).await;
    all_hear_the_rest(next, &[" secondc"]).await;
}

pub async fn one_who_leaves_disturbs_nobody(session: Session) {
    let mut members = fill(&session, "r1", "hold", 5).await;
    all_hear(&mut members, " first").await;
    // The first member, one in the middle, and the one that completed the room.
    for at in [4, 2, 0] {
        members.remove(at);
    }
    until_served(&session).await;
    session.model.until_active(1).await;
    session.model.open_gate();
    all_hear_the_rest(members, &[" second"]).await;
}

/// Sends a request after those of members that have left.
async fn until_served(session: &Session) {
    assert_tokens(&session.events_of("hello").await, &TOKENS);
    session.model.until_active(1).await;
}

/// The server notices that a member has left after some time. Until then the newcomer counts one
/// more, and tries again.
pub async fn who_left_before_is_not_counted(session: Session) {
    drop(fill_partly(&session).await);
    let (first, _) = loop {
        let (member, joined) = join(&session, "r1", "hello", 1000).await;
        if joined == json!({ "joined": 1 }) {
            break (member, joined);
        }
        drop(member);
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert!(session.model.asked().is_empty(), "no room was completed");
    let (second, joined) = join(&session, "r1", "hello", 2).await;
    assert_eq!(joined, json!({ "joined": 2 }));
    all_hear_the_rest(vec![first, second], &TOKENS).await;
}

/// Joins a room without completing it.
async fn fill_partly(session: &Session) -> Vec<Member> {
    let mut members = Vec::new();
    for _ in 0..3 {
        members.push(join(session, "r1", "hello", 1000).await.0);
    }
    members
}

pub async fn all_leave(session: Session) {
    for message in ["hold", "endless", "no answer"] {
        let members = fill(&session, "r1", message, 3).await;
        session.model.until_active(1).await;
        drop(members);
        session.model.until_active(0).await;
    }
    all_hear_the_rest(fill(&session, "r1", "hello", 3).await, &TOKENS).await;
}

pub async fn all_are_told_of_a_failure(session: Session) {
    for (message, before) in [("status 500", 0), ("no-done", 1), ("garbage", 1)] {
        for member in fill(&session, "r1", message, 3).await {
            let events = member.events.until_error().await;
            assert_eq!(events.len(), before + 1, "{message}");
        }
    }
    all_hear_the_rest(fill(&session, "r1", "hello", 3).await, &TOKENS).await;
}

pub async fn bad_requests(session: Session) {
    let mut client = session.client().await;
    let answer = client.send(Method::GET, PATH, "").await;
    answer.refuses_with(404).await;
    let bodies = [
        "{",
        "null",
        r#"{"message":"hello","members":1}"#,
        r#"{"room":"r1","members":1}"#,
        r#"{"room":"r1","message":"hello"}"#,
        r#"{"room":"r1","message":"","members":1}"#,
        r#"{"room":"r 1","message":"hello","members":1}"#,
        r#"{"room":"r1","message":"hello","members":0}"#,
        r#"{"room":"r1","message":"hello","members":1001}"#,
        r#"{"room":"r1","message":"hello","members":1.5}"#,
        r#"{"room":"r1","message":"hello","members":"2"}"#,
    ];
    session.refuses(PATH, &bodies).await;
}
