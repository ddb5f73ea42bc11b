//! Replies under the constraints of requests: tools, formats, stop texts, reasoning.

use super::*;

/// The reply of a script to a request for weather, with more parameters.
fn constrained(params: Value) -> Reply {
    let tool = |name: &str| {
        let parameters = json!({
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        });
        json!({"type": "function", "function": {"name": name, "parameters": parameters}})
    };
    let mut body = json!({
        "model": "m",
        "messages": [{"role": "user", "content": "weather?"}],
        "tools": [tool("get_weather"), tool("get_time")],
    });
    for (name, value) in params.as_object().unwrap() {
        body[name] = value.clone();
    }
    example("weather.toml").reply(&prompt(body)).unwrap()
}

/// The names of the tools that a reply calls, and the arguments of all calls as one text.
fn called(reply: &Reply) -> (Vec<String>, String) {
    let (mut names, mut arguments) = (Vec::new(), String::new());
    for part in reply.parts.iter() {
        match &part.content {
            Content::Call { index, name } => {
                assert_eq!(*index as usize, names.len());
                names.push(name.clone());
            }
            Content::Arguments { fragment, .. } => arguments += fragment,
            _ => {}
        }
    }
    (names, arguments)
}

#[test]
fn calls_no_tool_that_the_request_forbids() {
    let reply = constrained(json!({"tool_choice": "none"}));
    assert!(called(&reply).0.is_empty());
    assert_eq!(reply.finish, Finish::Stop);
}

#[test]
fn calls_only_the_tool_that_the_request_names() {
    let choice = json!({"type": "function", "function": {"name": "get_time"}});
    let reply = constrained(json!({"tool_choice": choice}));
    assert_eq!(called(&reply).0, ["get_time"]);
}

#[test]
fn generates_a_required_call_that_the_script_does_not_have() {
    let messages = json!([{"role": "user", "content": "hello"}]);
    let reply = constrained(json!({"tool_choice": "required", "messages": messages}));
    let (names, arguments) = called(&reply);
    assert_eq!(names, ["get_weather"]);
    assert_eq!(
        serde_json::from_str::<Value>(&arguments).unwrap(),
        json!({"city": "text"})
    );
    assert_eq!(reply.finish, Finish::ToolCalls);
}

#[test]
fn makes_one_call_without_parallel_tool_calls() {
    let reply = constrained(json!({"parallel_tool_calls": false}));
    assert_eq!(called(&reply).0, ["get_weather"]);
}

/// The text of an answer of generated tokens, with more parameters.
fn plain_text(params: Value) -> Reply {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    for (name, value) in params.as_object().unwrap() {
        body[name] = value.clone();
    }
    Script::reasoning(2, 20, Timing::default())
        .reply(&prompt(body))
        .unwrap()
}

fn whole(reply: &Reply) -> crate::api::assembled::Assembled {
    crate::api::assembled::Assembled::new(&reply.parts, reply.limit)
}

#[test]
fn answers_with_json_that_the_schema_accepts() {
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 2}}});
    let format = json!({"type": "json_schema", "json_schema": {"name": "s", "schema": schema}});
    let reply = plain_text(json!({"response_format": format}));
    let whole = whole(&reply);
    assert_eq!(
        serde_json::from_str::<Value>(&whole.text).unwrap(),
        json!({"n": 2})
    );
    assert_eq!(whole.reasoning, " think0 think1");
}

#[test]
fn ends_before_the_first_stop_text() {
    let reply = plain_text(json!({"stop": ["tok9", "ok3 "]}));
    assert_eq!(whole(&reply).text, " tok0 tok1 tok2 t");
    assert_eq!(reply.stop_sequence.as_deref(), Some("ok3 "));
    assert_eq!((reply.finish, reply.usage.completion), (Finish::Stop, 6));
    let unstopped = plain_text(json!({"stop": "never"}));
    assert!(unstopped.stop_sequence.is_none() && whole(&unstopped).tokens == 20);
    let first = plain_text(json!({"stop": " tok0"}));
    assert_eq!(
        (whole(&first).text.as_str(), first.finish),
        ("", Finish::Stop)
    );
}

#[test]
fn counts_reasoning_tokens_in_the_usage() {
    let usage = plain_text(json!({})).usage;
    assert_eq!((usage.completion, usage.reasoning), (22, 2));
    let script = script("[[reply]]\nsay = [{ reasoning = 3 }, { text = 'a b' }]").unwrap();
    let reply = script
        .reply(&request(json!([{"role": "user", "content": "hi"}])))
        .unwrap();
    assert_eq!(reply.usage.reasoning, 3);
}
