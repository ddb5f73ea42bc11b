//! Scripts: the format, conditions, templates and replies.

use super::*;
use crate::{
    api::Api,
    cursor::{Cursor, Delta},
};
use serde_json::{Value, json};

fn script(text: &str) -> Result<Script, String> {
    file::parse(text, Path::new("test.toml"), &Timing::default())
}

fn example(name: &str) -> Script {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name);
    Script::load(&path, &Timing::default()).unwrap()
}

fn request(messages: Value) -> Prompt {
    let tool = |name: &str| json!({"type": "function", "function": {"name": name}});
    let tools = [tool("get_weather"), tool("get_time")];
    let body = json!({"model": "m", "messages": messages, "tools": tools});
    prompt(body)
}

fn prompt(body: Value) -> Prompt {
    Api::Chat.parse(body.to_string().as_bytes()).unwrap()
}

/// Returns the pieces of a reply, one per line.
fn pieces_text(reply: &Reply) -> String {
    let mut cursor = Cursor::new(&reply.parts, reply.limit);
    let mut lines = String::new();
    while let Some(delta) = cursor.peek() {
        lines += &match delta {
            Delta::Token(n) => format!("tok{n}\n"),
            Delta::Reasoning(n) => format!("think{n}\n"),
            Delta::Content(content) => format!("{content:?}\n"),
        };
        cursor.advance();
    }
    format!("{lines}{:?}", reply.finish)
}

fn text(reply: &Reply) -> String {
    let text = |part: &Part| match &part.content {
        Content::Text(text) => text.clone(),
        other => format!("{other:?}"),
    };
    reply.parts.iter().map(text).collect()
}

fn calls(names: &[&str]) -> Value {
    let call = |name: &&str| json!({"id": name, "type": "function", "function": {"name": name, "arguments": "{}"}});
    json!({"role": "assistant", "content": "", "tool_calls": names.iter().map(call).collect::<Vec<_>>()})
}

fn result(name: &str, content: &str) -> Value {
    json!({"role": "tool", "tool_call_id": name, "content": content})
}

#[test]
fn sends_parallel_tool_calls_in_fragments() {
    let reply = example("weather.toml")
        .reply(&request(
            json!([{"role": "user", "content": "How is the Weather?"}]),
        ))
        .unwrap();
    insta::assert_snapshot!(pieces_text(&reply), @r#"
    Text("Let")
    Text(" me")
    Text(" look.")
    Call { index: 0, name: "get_weather" }
    Arguments { index: 0, fragment: "{\"city\"" }
    Arguments { index: 0, fragment: ":\"Oslo\"" }
    Arguments { index: 0, fragment: ",\"unit\"" }
    Arguments { index: 0, fragment: ":\"celsi" }
    Arguments { index: 0, fragment: "us\"}" }
    Call { index: 1, name: "get_time" }
    Arguments { index: 1, fragment: "{\"city\":" }
    Arguments { index: 1, fragment: "\"Oslo\"}" }
    ToolCalls
    "#);
}

#[test]
fn answers_depending_on_tool_results() {
    let asked = json!({"role": "user", "content": "weather?"});
    let called = calls(&["get_weather", "get_time"]);
    let good = result("get_weather", r#"{"city":"Oslo","celsius":4}"#);
    let time = result("get_time", "noon");
    let script = example("weather.toml");
    let reply = script
        .reply(&request(json!([asked, called, good, time])))
        .unwrap();
    assert_eq!(text(&reply), "It is noon in Oslo, at 4 degrees.");
    let failed = result("get_weather", "Error: timeout");
    let reply = script
        .reply(&request(json!([asked, calls(&["get_weather"]), failed])))
        .unwrap();
    assert_eq!(text(&reply), "The weather service does not answer, sorry.");
}

#[test]
fn reports_a_tool_result_that_lacks_a_field_of_the_template() {
    let called = calls(&["get_weather", "get_time"]);
    let messages = json!([
        called,
        result("get_weather", "cold"),
        result("get_time", "noon")
    ]);
    let error = example("weather.toml")
        .reply(&request(messages))
        .unwrap_err();
    assert_eq!(error.kind, "stub_script_error");
    assert!(error.message.contains("reply `answer`"), "{error}");
}

#[test]
fn distinguishes_sub_agents_by_their_system_prompt() {
    let script = example("subagents.toml");
    let say = |messages: Value| text(&script.reply(&request(messages)).unwrap());
    let coordinator = json!({"role": "system", "content": "You coordinate."});
    let task = json!({"role": "user", "content": "eBPF"});
    assert!(say(json!([coordinator, task])).contains("research"));
    let researcher = json!({"role": "system", "content": "You research."});
    let research = say(json!([researcher, task]));
    assert_eq!(research, "Three sources agree about eBPF.");
    let next = say(json!([
        coordinator,
        task,
        calls(&["research"]),
        result("research", &research)
    ]));
    assert!(next.contains("write"), "{next}");
}

#[test]
fn describes_and_sends_images() {
    let script = example("images.json");
    let part = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}});
    let seen = script
        .reply(&request(json!([{"role": "user", "content": [part]}])))
        .unwrap();
    assert_eq!(
        text(&seen),
        "I see 1 image; the first has 3 bytes of image/png."
    );
    let drawn = script
        .reply(&request(json!([{"role": "user", "content": "draw a dot"}])))
        .unwrap();
    let last = drawn.parts.last().unwrap();
    assert!(
        matches!(&last.content, Content::Image { url, .. } if url.starts_with("data:image/png;base64,iVBOR"))
    );
    assert_eq!(
        drawn.usage,
        Usage {
            prompt: 12,
            completion: 1290,
            reasoning: 0,
        }
    );
    let broken = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,?"}});
    let refused = script.reply(&request(json!([{"role": "user", "content": [broken]}])));
    assert_eq!(refused.unwrap_err().code, Some("invalid_image_url"));
}

#[test]
fn rejects_a_request_that_matches_no_reply() {
    let error = example("images.json").reply(&request(json!([{"role": "user", "content": "hi"}])));
    assert_eq!(error.unwrap_err().code, Some("script_no_match"));
}

#[test]
fn cuts_a_reply_at_the_token_limit() {
    let body =
        json!({"model": "m", "max_tokens": 2, "messages": [{"role": "user", "content": "hi"}]});
    let request = prompt(body);
    let reply = Script::plain(5, Timing::default()).reply(&request).unwrap();
    assert_eq!(pieces_text(&reply), "tok0\ntok1\nLength");
    assert_eq!(reply.usage.completion, 2);
}

#[test]
fn gives_an_empty_reply_a_piece_without_content() {
    let script = script("[[reply]]\nsay = []").unwrap();
    let reply = script
        .reply(&request(json!([{"role": "user", "content": "hi"}])))
        .unwrap();
    assert_eq!(pieces_text(&reply), "Nothing\nStop");
}

#[test]
fn loads_all_examples() {
    let replies = [
        "weather.toml",
        "subagents.toml",
        "images.json",
        "recorded.toml",
    ];
    assert_eq!(replies.map(|name| example(name).replies()), [4, 5, 2, 1]);
}

#[test]
fn rejects_mistakes_by_name() {
    let refusals = [
        ("", "missing field `reply`"),
        ("reply = []", "at least one reply"),
        ("[[reply]]\nsay = [{ txt = 'a' }]", "unknown field `txt`"),
        ("[[reply]]\nsay = [{ pause = '1s' }]", "exactly one of"),
        (
            "[[reply]]\nsay = [{ text = 'a', tokens = 2 }]",
            "exactly one of",
        ),
        (
            "[[reply]]\nsay = [{ text = 'a', fragments = 2 }]",
            "belong to a `call`",
        ),
        (
            "[[reply]]\nsay = [{ call = 'f', fragments = 0 }]",
            "at least 1",
        ),
        (
            "[[reply]]\nname = 'x'\nsay = [{ text = '{{ user' }]",
            "reply x: syntax error",
        ),
        ("[[reply]]\nsay = [{ image = 'no.txt' }]", "neither a URL"),
        (
            "[[reply]]\nsay = [{ image = 'missing.png' }]",
            "cannot read the image",
        ),
        (
            "[[reply]]\nwhen = { says = 'a' }\nsay = []",
            "unknown field `says`",
        ),
        ("[[reply]]\nsay = []\nfault = 'explode'", "no known fault"),
        (
            "[[reply]]\nsay = []\nfault = 'slow-accept=1s'",
            "so a reply cannot have it",
        ),
        (
            "[[reply]]\nsay = []\nfinish = 'tired'",
            "unknown variant `tired`",
        ),
        (
            "[timing]\nbetween = 'soon'\n[[reply]]\nsay = []",
            "is not a duration",
        ),
    ];
    for (text, reason) in refusals {
        let refusal = script(text).unwrap_err();
        assert!(refusal.contains(reason), "{text}\n{refusal}");
    }
}

#[test]
fn reports_the_path_of_a_missing_file() {
    let error = Script::load(Path::new("nowhere.toml"), &Timing::default()).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("cannot read the script nowhere.toml: ")
    );
}

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
