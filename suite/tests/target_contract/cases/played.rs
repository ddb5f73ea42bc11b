//! Whole workloads, with the model as `kontrast run` has it: the stub with the workload's script.

use super::images;
use crate::{client::Answer, session::Session, stub::Stub};
use runner::workload::{Play, Workload};
use serde_json::Value;
use std::fs;

/// Content tokens of each answer.
const TOKENS: u32 = 5;

/// Plays the workload once and returns the events.
async fn play(mut session: Session, workload: Workload) -> Vec<Value> {
    let dir = tempfile::tempdir().expect("there is room for a script");
    let play = Play::prepare(workload, TOKENS, dir.path()).expect("it can be prepared");
    let stub = Stub::start(play.script.as_deref());
    session.ask_instead(stub.url());
    let mut client = session.client().await;
    // Without a file, the request is a chat message.
    let file = play.sent.iter().find_map(|sent| sent.strip_prefix('@'));
    let answer: Answer = match file {
        None => client.say(workload.path(), "hello").await,
        Some(file) => {
            let body = fs::read_to_string(file).expect("it can be read");
            let body = serde_json::from_str(&body).expect("it is JSON");
            client.post(workload.path(), &body).await
        }
    };
    let events = answer.stream().until_done().await;
    if workload == Workload::Multimodal {
        let image = fs::read(dir.path().join("image.png")).expect("it is there");
        assert!(images::joined(&events) == image, "the image has changed");
    }
    events
}

/// Returns the text of the answer, without that of sub-agents.
fn said(events: &[Value]) -> String {
    let own = events.iter().filter(|event| event["agent"].is_null());
    own.filter_map(|event| event["content"].as_str()).collect()
}

/// Returns the tools of this kind of event, called or returned, in order.
fn tools(events: &[Value], kind: &str) -> Vec<String> {
    let names = events
        .iter()
        .filter_map(|event| event[kind]["name"].as_str());
    names.map(str::to_owned).collect()
}

pub async fn tools_sequential(session: Session) {
    let events = play(session, Workload::ToolsSequential).await;
    let names = ["get_weather", "get_time", "search"];
    assert_eq!(
        (tools(&events, "tool_call"), tools(&events, "tool_result")),
        (
            names.map(String::from).into(),
            names.map(String::from).into()
        )
    );
    assert_eq!(
        said(&events),
        "Let me see.21 degrees. Oslo at 12:00 1: tok0 tok1 tok2 tok3 tok4"
    );
}

pub async fn tools_parallel(session: Session) {
    let events = play(session, Workload::ToolsParallel).await;
    let names = ["get_weather", "get_time", "search", "add"];
    assert_eq!(tools(&events, "tool_call"), names);
    let mut returned = tools(&events, "tool_result");
    returned.sort();
    assert_eq!(returned, ["add", "get_time", "get_weather", "search"]);
    assert_eq!(
        said(&events),
        "Let me see.21 degrees at 12:00, Oslo 3, 5: tok0 tok1 tok2 tok3 tok4"
    );
}

pub async fn agent_loop(session: Session) {
    let events = play(session, Workload::AgentLoop).await;
    assert_eq!(tools(&events, "tool_call").len(), 10);
    assert_eq!(tools(&events, "tool_call"), tools(&events, "tool_result"));
    let said = said(&events);
    let turns: String = (1..=10).map(|turn| format!("Turn {turn}.")).collect();
    let answer = format!("{turns}Oslo 1 1, 21: tok0 tok1 tok2 tok3 tok4");
    assert_eq!(said, answer);
}

pub async fn sub_agents(session: Session) {
    let events = play(session, Workload::SubAgents).await;
    assert!(
        said(&events).starts_with("Four tasks.The last answer has "),
        "{}",
        said(&events)
    );
    for task in ["hello north", "hello east", "hello south", "hello west"] {
        let own = events.iter().filter(|event| event["agent"] == task);
        let own: Vec<Value> = own.cloned().collect();
        let words = own.iter().filter_map(|event| event["content"].as_str());
        let answer = format!("{task} 1: tok0 tok1 tok2 tok3 tok4");
        assert_eq!(words.collect::<String>(), format!("Searching.{answer}"));
        assert_eq!(tools(&own, "tool_result"), ["search"]);
        let reports = |event: &&Value| event["tool_result"]["result"]["answer"] == answer.as_str();
        assert_eq!(events.iter().filter(reports).count(), 1, "{answer}");
    }
}

pub async fn multimodal(session: Session) {
    let events = play(session, Workload::Multimodal).await;
    let said = said(&events);
    assert!(
        said.ends_with(" bytes of image/png: tok0 tok1 tok2 tok3 tok4"),
        "{said}"
    );
}
