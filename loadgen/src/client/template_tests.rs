//! Templates of bodies and paths.

use super::*;
use proptest::prelude::*;

const VALUES: Values<'static> = Values {
    user: 7,
    turn: 12,
    iteration: 3,
    run: "5eed",
    index: 0,
    prompts: None,
    history: &[],
};

fn filled(text: &str) -> String {
    let bytes = Template::parse(text.to_owned()).fill(&VALUES);
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn fills_in_placeholders() {
    assert_eq!(filled(r#"{"id":"{user}-{turn}"}"#), r#"{"id":"7-12"}"#);
    assert_eq!(filled("{run}{iteration}{{user}}"), "5eed3{7}");
}

#[test]
fn writes_conversations_as_json() {
    let history = [Turn {
        prompt: b"hi".to_vec(),
        answer: br#"say \"hi\""#.to_vec(),
    }];
    let values = Values {
        history: &history,
        ..VALUES
    };
    let json = |text: &'static str| -> serde_json::Value {
        serde_json::from_slice(&Template::parse(text).fill(&values)).unwrap()
    };
    let messages = json("{messages}");
    assert_eq!(messages[1]["content"], "say \"hi\"");
    assert_eq!(
        (&messages[1]["role"], &messages[2]["content"]),
        (&"assistant".into(), &"hello".into())
    );
    let contents = json("{contents}");
    assert_eq!(contents[1]["parts"][0]["text"], "say \"hi\"");
    assert_eq!(contents.as_array().unwrap().len(), 3);
    assert_eq!(filled("{prompt} {output_tokens}"), "hello 128");
}

#[test]
fn assigns_fifty_users_to_a_room() {
    let room = |user| Template::parse("{room}").fill(&Values { user, ..VALUES });
    assert_eq!([0, 49, 50, 149].map(room), ["0", "0", "1", "2"]);
}

#[test]
fn keeps_other_braces() {
    for text in ["", r#"{"a":{"user":1}}"#, "{ user }", "{usr}", "{user", "{"] {
        assert_eq!(filled(text), text);
        let template = Template::parse(text.to_owned());
        assert!(matches!(template, Template::Fixed(_)), "{text}");
    }
}

#[test]
fn rejects_invalid_paths() {
    let path = |text: &str| Path::parse(text).map(|path| path.fill(&VALUES).to_string());
    assert_eq!(
        path("/threads/{user}-{turn}?a=1").unwrap(),
        "/threads/7-12?a=1"
    );
    assert_eq!(path("/chat").unwrap(), "/chat");
    for (text, reason) in [
        ("chat", "begin with /"),
        ("", "begin with /"),
        ("/{usr}", "{user}, {room}, {turn}, {iteration}, {run}"),
        ("/{prompt}", "{prompt}"),
        ("/a b", "no URL has the path"),
    ] {
        let refusal = path(text).unwrap_err();
        assert!(refusal.contains(reason), "{refusal}");
    }
}

proptest! {
    #[test]
    fn fills_like_string_replacement(text in r#"(\{user\}|\{turn\}|\{iteration\}|\{run\}|[{}"a]){0,12}"#) {
        // No value contains a brace, so the order of replacement does not matter.
        let expected = text.replace("{user}", "7").replace("{turn}", "12");
        let expected = expected.replace("{iteration}", "3").replace("{run}", "5eed");
        prop_assert_eq!(filled(&text), expected);
    }
}
