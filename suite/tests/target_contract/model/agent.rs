//! Turns in which the model calls tools, or generates an image.

use super::{
    question::Question,
    script::{delta, token},
};
use serde_json::{Value, json};

/// Returns the chunks of the next turn; `None` if the message asks for no tools.
pub fn turn(question: &Question) -> Option<String> {
    let message = question.message.as_str();
    let first = question.results.is_empty();
    match message.split([':', ',']).next()? {
        // `draw:URL` answers with that image.
        "draw" => Some(image(&message["draw:".len()..])),
        // `call:NAME:ARGUMENTS` calls a tool, and then quotes its result.
        "call" if first => message
            .splitn(3, ':')
            .skip(1)
            .collect::<Vec<_>>()
            .try_into()
            .map(|[name, arguments]: [&str; 2]| calls(&[(name, arguments)]))
            .ok(),
        "tools" if first => Some(calls(&[
            ("get_time", r#"{"city":"Oslo"}"#),
            ("get_weather", r#"{"city":"Rome"}"#),
        ])),
        "call" | "tools" => Some(question.results.iter().map(|text| token(text)).collect()),
        // At each request.
        "forever" => Some(calls(&[("get_time", r#"{"city":"Oslo"}"#)])),
        // `delegate:TASK,TASK` gives each task to a sub-agent.
        "delegate" if first => Some(delegate(&message["delegate:".len()..])),
        "delegate" => Some(token(" all done")),
        _ => None,
    }
}

fn delegate(tasks: &str) -> String {
    let arguments: Vec<String> = tasks
        .split(',')
        .map(|task| json!({ "task": task }).to_string())
        .collect();
    let all: Vec<(&str, &str)> = arguments
        .iter()
        .map(|arguments| ("delegate", arguments.as_str()))
        .collect();
    calls(&all)
}

/// Formats calls as they are streamed: the name first, then fragments of the arguments, one call
/// after the other.
fn calls(calls: &[(&str, &str)]) -> String {
    let piece = |index: usize, call: Value| {
        let mut call = call;
        call["index"] = json!(index);
        delta(&json!({ "tool_calls": [call] }), &Value::Null)
    };
    let mut chunks = String::new();
    for (index, (name, arguments)) in calls.iter().enumerate() {
        let begin = json!({ "id": format!("call-{index}"), "type": "function",
                            "function": { "name": name, "arguments": "" } });
        chunks += &piece(index, begin);
        let (start, rest) = arguments.split_at(arguments.len() / 2);
        for fragment in [start, rest] {
            chunks += &piece(index, json!({ "function": { "arguments": fragment } }));
        }
    }
    chunks
}

fn image(url: &str) -> String {
    let image = json!({ "index": 0, "type": "image_url", "image_url": { "url": url } });
    token(" a picture") + &delta(&json!({ "images": [image] }), &Value::Null)
}
