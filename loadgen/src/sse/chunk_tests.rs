//! Events of every stream format, in the shapes that the public API references document.

use super::super::Usage;
use super::super::text::count_tokens;
use super::*;
use proptest::prelude::*;
use streams::{AI_SDK, ANTHROPIC, CHAT, GEMINI, OLLAMA, RESPONSES};

#[path = "chunk_streams.rs"]
mod streams;

/// Result of reading a stream's events.
#[derive(Debug, Default, PartialEq)]
struct Read {
    answer: String,
    reasoning: String,
    tools: String,
    done: bool,
    error: bool,
    format: Option<Format>,
    usage: Usage,
}

fn read_as(selection: Selection, events: &[&str]) -> Read {
    let mut read = Read::default();
    for event in events {
        let chunk = Scanner {
            selection,
            ..Scanner::default()
        }
        .scan(event.as_bytes(), &mut |kind, text| {
            let text = std::str::from_utf8(text).unwrap();
            match kind {
                Kind::Answer => read.answer += text,
                Kind::Reasoning => read.reasoning += text,
                Kind::ToolCall => read.tools += text,
            }
        });
        assert!(!chunk.malformed, "{event}");
        read.done |= chunk.done;
        read.error |= chunk.error;
        read.format = read.format.or(chunk.format);
        let usage = chunk.usage.unwrap_or_default();
        read.usage.prompt = read.usage.prompt.max(usage.prompt);
        read.usage.completion = read.usage.completion.max(usage.completion);
        read.usage.reasoning = read.usage.reasoning.max(usage.reasoning);
    }
    read
}

fn read(events: &[&str]) -> Read {
    read_as(Selection::Auto, events)
}

fn scan(data: &str) -> Chunk {
    Scanner::default().scan(data.as_bytes(), &mut |_, _| {})
}

fn usage(prompt: u64, completion: u64, reasoning: u64) -> Usage {
    Usage {
        prompt,
        completion,
        reasoning,
    }
}

fn complete(format: Format, texts: [&str; 3], usage: Usage) -> Read {
    let [answer, reasoning, tools] = texts.map(String::from);
    Read {
        answer,
        reasoning,
        tools,
        done: true,
        error: false,
        format: Some(format),
        usage,
    }
}

#[test]
fn reads_openai_chat_completions() {
    let texts = ["Hi", "Let me think", r#"get{\"a\":1}"#];
    let expected = complete(Format::OpenAiChat, texts, usage(9, 12, 4));
    assert_eq!(read(CHAT), expected);
    assert_eq!(read_as(Selection::OpenAiChat, CHAT), expected);
}

#[test]
fn reads_openai_responses() {
    let texts = ["Hello there", "Hmm", r#"{\"a\":"#];
    let expected = complete(Format::OpenAiResponses, texts, usage(5, 7, 2));
    assert_eq!(read(RESPONSES), expected);
    assert_eq!(read_as(Selection::OpenAiResponses, RESPONSES), expected);
}

#[test]
fn reads_anthropic_messages() {
    let texts = ["Hello", "Let me see", r#"get_weather{\"a\":1}"#];
    let expected = complete(Format::Anthropic, texts, usage(25, 15, 0));
    assert_eq!(read(ANTHROPIC), expected);
    assert_eq!(read_as(Selection::Anthropic, ANTHROPIC), expected);
}

#[test]
fn reads_gemini() {
    let texts = ["Hello you", "Considering", "get"];
    let expected = complete(Format::Gemini, texts, usage(4, 13, 3));
    assert_eq!(read(GEMINI), expected);
    assert_eq!(read_as(Selection::Gemini, GEMINI), expected);
}

#[test]
fn reads_the_ai_sdk_ui_message_stream() {
    let texts = ["Hello", "Hmm", r#"get{\"a\":1}"#];
    let expected = complete(Format::AiSdk, texts, Usage::default());
    assert_eq!(read(AI_SDK), expected);
    assert_eq!(read_as(Selection::AiSdk, AI_SDK), expected);
}

#[test]
fn reads_ollama() {
    let expected = complete(Format::Ollama, ["Hello", "Hmm", "tool"], usage(6, 9, 0));
    assert_eq!(read(OLLAMA), expected);
    assert_eq!(read_as(Selection::Ndjson, OLLAMA), expected);
    let generate = [
        r#"{"model":"m","response":"The","done":false}"#,
        r#"{"model":"m","response":"","done":true}"#,
    ];
    let read = read(&generate);
    assert_eq!((read.answer.as_str(), read.done), ("The", true));
}

#[test]
fn reads_plain_content_and_stamps() {
    let read = read(&[r#"{"content":" tok17","sent_unix_ns":17}"#, "[DONE]"]);
    let expected = complete(Format::Content, [" tok17", "", ""], Usage::default());
    assert_eq!(read, expected);
    assert_eq!(scan(r#"{"sent_unix_ns": 17}"#).sent_unix_ns, Some(17));
    assert!(!scan(r#"{"content":"[DONE]"}"#).done);
}

#[test]
fn reads_older_and_related_openai_shapes() {
    let legacy =
        r#"{"object":"text_completion","choices":[{"text":"Hi","index":0,"finish_reason":null}]}"#;
    assert_eq!(read(&[legacy]).answer, "Hi");
    let function = r#"{"choices":[{"delta":{"function_call":{"name":"f","arguments":"{}"}}}]}"#;
    assert_eq!(read(&[function]).tools, "f{}");
    let parts = r#"{"choices":[{"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"yes"}]}}]}"#;
    let read = read(&[parts]);
    assert_eq!((&*read.answer, &*read.reasoning), ("yes", "hm"));
}

#[test]
fn counts_only_the_field_of_the_format() {
    for data in [
        r#"{"choices":[{"delta":{"content":"a"}}],"citations":[{"content":"b"},{"content":"c"}]}"#,
        r#"{"content":"a","citations":[{"content":"b"}]}"#,
        r#"{"content":"a","metadata":{"content":"b","delta":{"content":"c"}}}"#,
        r#"{"choices":[{"delta":{"content":"a"},"logprobs":{"content":[{"token":"b"}]}}],"content":"c"}"#,
    ] {
        assert_eq!(read(&[data]).answer, "a", "{data}");
    }
    for data in [
        r#"{"citations":[{"content":"b"}]}"#,
        r#"{"text":"say \"content\": \"x\""}"#,
        r#"{"a":"content"}"#,
        r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
        r#"{"choices":[{"delta":{"content":null}}]}"#,
        r#"{"tool_result":{"content":"b","error":"c"}}"#,
        "no JSON",
        "",
    ] {
        let read = read(&[data]);
        assert_eq!((&*read.answer, read.error), ("", false), "{data}");
    }
}

#[test]
fn ignores_other_formats_when_one_is_selected() {
    let all = [CHAT, RESPONSES, ANTHROPIC, GEMINI, AI_SDK, OLLAMA].concat();
    let texts = |selection| read_as(selection, &all).answer;
    assert_eq!(texts(Selection::OpenAiChat), "Hi");
    assert_eq!(texts(Selection::OpenAiResponses), "Hello there");
    assert_eq!(texts(Selection::Gemini), "Hello you");
    assert_eq!(texts(Selection::Content), "");
}

#[test]
fn reports_error_events() {
    for data in [
        r#"{"error":"model went away"}"#,
        r#"{"error":{"message":"x"}}"#,
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
        r#"{"type":"error","errorText":"x"}"#,
        r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"server_error"}}}"#,
    ] {
        assert!(scan(data).error, "{data}");
    }
    for data in [
        r#"{"error":null,"usage":{}}"#,
        r#"{"content":"\"error\": no"}"#,
        r#"{"content":"a","error":"later"}"#,
    ] {
        assert!(!scan(data).error, "{data}");
    }
}

#[test]
fn reports_malformed_events() {
    for data in [
        r#"{"content":"cut off"#,
        "{",
        r#"{"content":"a"} x"#,
        r#"{"a" 1}"#,
    ] {
        assert!(scan(data).malformed, "{data}");
    }
    for data in ["no JSON at all", " {\"content\":\"a}\"}\n", "[1,2"] {
        assert!(!scan(data).malformed, "{data}");
    }
}

proptest! {
    #[test]
    fn agrees_with_a_json_parser(
        words in prop::collection::vec("[a-z\"\\\\é\u{1}]{1,5}", 1..5), stamp in 1u64..u64::MAX,
    ) {
        let content = format!(" {}", words.join(" "));
        let event = serde_json::json!({
            "other": content, "choices": [{"delta": {"content": content}}], "sent_unix_ns": stamp,
        });
        let mut tokens = 0;
        let text = event.to_string();
        let chunk = Scanner::default().scan(text.as_bytes(), &mut |_, text| {
            tokens += count_tokens(text);
        });
        prop_assert_eq!(tokens as usize, words.len());
        prop_assert_eq!(chunk.sent_unix_ns, Some(stamp));
    }

    #[test]
    fn survives_any_bytes(data in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Scanner::default().scan(&data, &mut |_, _| {});
    }
}
