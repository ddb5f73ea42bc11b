//! Scripts: the format, conditions, templates and replies.

mod constraints;

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
