//! Which requests for a chat completion are accepted and refused.

use super::*;

const USER: &str = r#"{"role":"user","content":"hi"}"#;
const CALL: &str = r#"{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}]}"#;
const RESULT: &str = r#"{"role":"tool","tool_call_id":"c1","content":"4"}"#;
const TOOL: &str = r#""tools":[{"type":"function","function":{"name":"f"}}]"#;

fn conversation(messages: &[&str]) -> Result<Prompt, ApiError> {
    parse(format!(r#"{{"model":"m","messages":[{}]}}"#, messages.join(",")).as_bytes())
}

/// Parses a request with more parameters.
fn with(params: &str) -> Result<Prompt, ApiError> {
    parse(format!(r#"{{"model":"m","messages":[{USER}],{params}}}"#).as_bytes())
}

#[test]
fn treats_null_as_absent() {
    let prompt = with(r#""stream":null,"tools":null,"n":null,"unheard_of":null"#).unwrap();
    assert!(!prompt.stream && prompt.layout == Layout::default());
    assert_eq!((prompt.limit(), prompt.tool_names().count()), (u32::MAX, 0));
}

#[test]
fn joins_the_text_of_parts() {
    let parts = r#"{"role":"user","content":[{"type":"text","text":"a"},{"type":"input_audio","input_audio":{}},{"type":"text","text":"b"}]}"#;
    assert_eq!(conversation(&[parts]).unwrap().messages[0].text, "ab");
    let null = r#"{"role":"user","content":null}"#;
    assert_eq!(conversation(&[null]).unwrap().messages[0].text, "");
}

#[test]
fn rejects_bodies_that_are_not_a_request() {
    let refusals = [
        ("", None, "ends before"),
        ("{]", None, "not valid JSON"),
        ("[]", None, "must be a JSON object, but it is an array"),
        ("{}", Some("model"), "Missing"),
        (r#"{"model":"m"}"#, Some("messages"), "Missing"),
        (
            r#"{"model":5,"messages":[]}"#,
            Some("model"),
            "expected a string, but got an integer",
        ),
        (
            r#"{"model":"m","messages":[]}"#,
            Some("messages"),
            "At least one",
        ),
        (
            r#"{"model":"m","messages":"hi"}"#,
            Some("messages"),
            "invalid type",
        ),
        (
            r#"{"model":"m","messages":[{"role":"ghost"}]}"#,
            Some("messages"),
            "ghost",
        ),
    ];
    for (body, param, reason) in refusals {
        let error = parse(body.as_bytes()).unwrap_err();
        assert_eq!(error.param.as_deref(), param, "{body}");
        assert!(error.message.contains(reason), "{body}: {error}");
    }
}

#[test]
fn rejects_sampling_parameters_of_the_wrong_type_or_value() {
    assert_refused(&[
        (
            r#""temperature":9"#,
            "temperature",
            "Expected a value <= 2, but got 9",
        ),
        (
            r#""temperature":"hot""#,
            "temperature",
            "expected a decimal, but got a string",
        ),
        (r#""top_p":-0.1"#, "top_p", "Expected a value >= 0"),
        (
            r#""frequency_penalty":3"#,
            "frequency_penalty",
            "above maximum",
        ),
        (
            r#""presence_penalty":-3"#,
            "presence_penalty",
            "below minimum",
        ),
        (r#""stream":"yes""#, "stream", "expected a boolean"),
        (r#""max_tokens":0"#, "max_tokens", "Expected a value >= 1"),
        (r#""max_tokens":-5"#, "max_tokens", "Expected a value >= 1"),
        (
            r#""max_completion_tokens":1.5"#,
            "max_completion_tokens",
            "expected an integer",
        ),
        (r#""n":129"#, "n", "at most 128"),
        (r#""n":1.5"#, "n", "expected an integer"),
        (r#""logprobs":1"#, "logprobs", "expected a boolean"),
        (
            r#""logprobs":true,"top_logprobs":21"#,
            "top_logprobs",
            "at most 20",
        ),
        (r#""top_logprobs":2"#, "top_logprobs", "needs 'logprobs'"),
        (r#""n":0"#, "n", "Expected a value >= 1"),
        (r#""stop":["a","b","c","d","e"]"#, "stop", "at most 4"),
        (r#""stop":[1]"#, "stop", "array of strings"),
    ]);
}

#[test]
fn rejects_other_parameters_of_the_wrong_type_or_value() {
    assert_refused(&[
        (r#""stream_options":{}"#, "stream_options", "needs 'stream'"),
        (
            r#""stream":true,"stream_options":{"x":1}"#,
            "stream_options.x",
            "Unknown parameter",
        ),
        (
            r#""reasoning_effort":"huge""#,
            "reasoning_effort",
            "Supported values are: 'none', ",
        ),
        (r#""modalities":["audio"]"#, "modalities", "not supported"),
        (
            r#""response_format":{"type":"xml"}"#,
            "response_format.type",
            "'json_schema'",
        ),
        (r#""response_format":{}"#, "response_format.type", "Missing"),
        (
            r#""response_format":{"type":"json_schema"}"#,
            "response_format.json_schema",
            "Missing",
        ),
        (
            r#""tools":[{"function":{"name":"f"}}]"#,
            "tools[0].type",
            "Missing",
        ),
        (
            r#""tools":[{"type":"function","function":{}}]"#,
            "tools[0].function.name",
            "Missing",
        ),
        (
            r#""tool_choice":"required""#,
            "tool_choice",
            "only allowed when 'tools'",
        ),
    ]);
}

/// Asserts that each request with these parameters is refused, with the name of the bad one.
fn assert_refused(refusals: &[(&str, &str, &str)]) {
    for (params, param, reason) in refusals {
        let error = with(params).unwrap_err();
        assert_eq!(error.param.as_deref(), Some(*param), "{params}");
        assert!(error.message.contains(reason), "{params}: {error}");
        assert!(error.code.is_some(), "{params}");
    }
}

#[test]
fn rejects_unsupported_and_unknown_parameters() {
    for (params, code) in [
        (r#""functions":[{"name":"f"}]"#, "unsupported_parameter"),
        (r#""audio":{"voice":"x"}"#, "unsupported_parameter"),
        (r#""temprature":1"#, "unknown_parameter"),
    ] {
        assert_eq!(with(params).unwrap_err().code, Some(code), "{params}");
    }
}

#[test]
fn accepts_defaults_and_parameters_without_effect() {
    for params in [
        r#""logprobs":false,"top_logprobs":0,"functions":[]"#,
        r#""temperature":2,"top_p":1,"n":1,"seed":7,"user":"u","logit_bias":{"5":-100}"#,
        r#""top_k":40,"ignore_eos":true,"metadata":{"a":"b"},"store":true"#,
        r#""tools":[],"tool_choice":"auto""#,
    ] {
        assert!(with(params).is_ok(), "{params}: {:?}", with(params));
    }
}

#[test]
fn reads_tool_choices_and_formats() {
    let choice = |choice: &str| with(&format!(r#"{TOOL},"tool_choice":{choice}"#));
    assert_eq!(choice(r#""none""#).unwrap().tool_names().count(), 0);
    assert_eq!(
        choice(r#""required""#).unwrap().tool_choice,
        ToolChoice::Required
    );
    let named = choice(r#"{"type":"function","function":{"name":"f"}}"#).unwrap();
    assert_eq!(named.tool_choice, ToolChoice::Named("f".into()));
    let unknown = choice(r#"{"type":"function","function":{"name":"g"}}"#).unwrap_err();
    assert!(unknown.message.contains("'g' not found"), "{unknown}");
    assert!(choice(r#""maybe""#).is_err());
    let format = with(r#""response_format":{"type":"json_object"}"#)
        .unwrap()
        .format;
    assert_eq!(format, Format::Json(Value::Null));
}

#[test]
fn rejects_tool_results_without_a_call() {
    assert!(conversation(&[CALL, RESULT]).is_ok());
    let orphan = conversation(&[RESULT]).unwrap_err();
    assert!(orphan.message.contains("answers no tool call"), "{orphan}");
    let unanswered = conversation(&[CALL, USER]).unwrap_err();
    assert!(
        unanswered.message.contains("was not answered"),
        "{unanswered}"
    );
    assert!(conversation(&[CALL]).is_err());
    assert!(conversation(&[CALL, CALL, RESULT, RESULT]).is_err());
    assert!(conversation(&[CALL, RESULT, RESULT]).is_err());
}

#[test]
fn rejects_unknown_parts_of_messages() {
    let unknown = r#"{"role":"user","content":[{"type":"hologram"}]}"#;
    let error = conversation(&[unknown]).unwrap_err();
    assert_eq!(error.param.as_deref(), Some("messages"));
    let audio = r#"{"role":"user","content":[{"type":"file","file":{"file_id":"f"}}]}"#;
    assert!(conversation(&[audio]).is_ok());
}

#[test]
fn documents_each_refused_parameter() {
    let text = include_str!("../../../../../docs/stub.md");
    let row = text
        .lines()
        .find(|line| line.starts_with("| refused |"))
        .unwrap();
    for name in UNSUPPORTED {
        assert!(row.contains(&format!("`{name}`")), "{name}");
    }
}
