//! Events of every stream format, in the shapes that the public API references document.

use super::super::Usage;
use super::super::text::count_tokens;
use super::*;
use proptest::prelude::*;

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
            keep_text: false,
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

const CHAT: &[&str] = &[
    r#"{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"","refusal":null},"logprobs":null,"finish_reason":null}]}"#,
    r#"{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"reasoning_content":"Let me"},"finish_reason":null}]}"#,
    r#"{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"reasoning":" think","reasoning_content":" think"},"finish_reason":null}]}"#,
    r#"{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"Hi"},"logprobs":{"content":[{"token":"Hi","logprob":-0.1}]},"finish_reason":null}]}"#,
    r#"{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"t1","type":"function","function":{"name":"get","arguments":""}}]},"finish_reason":null}]}"#,
    r#"{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\":1}"}}]},"finish_reason":null}]}"#,
    r#"{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
    r#"{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21,"completion_tokens_details":{"reasoning_tokens":4}}}"#,
    "[DONE]",
];

const RESPONSES: &[&str] = &[
    r#"{"type":"response.created","sequence_number":0,"response":{"id":"r1","object":"response","status":"in_progress","error":null,"output":[],"usage":null}}"#,
    r#"{"type":"response.output_item.added","sequence_number":1,"output_index":0,"item":{"id":"m1","type":"message","status":"in_progress","role":"assistant","content":[]}}"#,
    r#"{"type":"response.reasoning_summary_text.delta","sequence_number":2,"item_id":"s1","output_index":0,"summary_index":0,"delta":"Hmm"}"#,
    r#"{"type":"response.output_text.delta","sequence_number":3,"item_id":"m1","output_index":0,"content_index":0,"delta":"Hello"}"#,
    r#"{"delta":" there","type":"response.output_text.delta","sequence_number":4}"#,
    r#"{"type":"response.function_call_arguments.delta","sequence_number":5,"item_id":"f1","output_index":1,"delta":"{\"a\":"}"#,
    r#"{"type":"response.output_text.done","sequence_number":6,"item_id":"m1","output_index":0,"content_index":0,"text":"Hello there"}"#,
    r#"{"type":"response.content_part.done","sequence_number":7,"item_id":"m1","part":{"type":"output_text","text":"Hello there","annotations":[]}}"#,
    r#"{"type":"response.completed","sequence_number":8,"response":{"id":"r1","status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Hello there"}]}],"usage":{"input_tokens":5,"output_tokens":7,"output_tokens_details":{"reasoning_tokens":2},"total_tokens":12}}}"#,
];

const ANTHROPIC: &[&str] = &[
    r#"{"type":"message_start","message":{"id":"m1","type":"message","role":"assistant","content":[],"model":"m","stop_reason":null,"usage":{"input_tokens":25,"output_tokens":1}}}"#,
    r#"{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}"#,
    r#"{"type":"ping"}"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Let me see"}}"#,
    r#"{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"EqQBCgIYAhIM"}}"#,
    r#"{"type":"content_block_stop","index":0}"#,
    r#"{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}"#,
    r#"{"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hello"}}"#,
    r#"{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t1","name":"get_weather","input":{}}}"#,
    r#"{"type":"content_block_delta","index":2,"delta":{"type":"input_json_delta","partial_json":"{\"a\":1}"}}"#,
    r#"{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":15}}"#,
    r#"{"type":"message_stop"}"#,
];

const GEMINI: &[&str] = &[
    r#"{"candidates":[{"content":{"parts":[{"text":"Considering","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4},"modelVersion":"gemini"}"#,
    r#"{"candidates":[{"content":{"parts":[{"text":"Hello"},{"functionCall":{"name":"get","args":{"text":"no"}}}],"role":"model"},"index":0,"citationMetadata":{"citations":[{"title":"no"}]}}]}"#,
    r#"{"candidates":[{"content":{"parts":[{"text":" you"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":10,"thoughtsTokenCount":3,"totalTokenCount":17}}"#,
];

const AI_SDK: &[&str] = &[
    r#"{"type":"start","messageId":"m1"}"#,
    r#"{"type":"start-step"}"#,
    r#"{"type":"reasoning-start","id":"r1"}"#,
    r#"{"type":"reasoning-delta","id":"r1","delta":"Hmm"}"#,
    r#"{"type":"text-start","id":"t1"}"#,
    r#"{"type":"text-delta","id":"t1","delta":"Hello"}"#,
    r#"{"type":"tool-input-start","toolCallId":"c1","toolName":"get"}"#,
    r#"{"type":"tool-input-delta","toolCallId":"c1","inputTextDelta":"{\"a\":1}"}"#,
    r#"{"type":"tool-input-available","toolCallId":"c1","input":{"a":1}}"#,
    r#"{"type":"tool-output-available","toolCallId":"c1","output":{"error":"none","content":"no"}}"#,
    r#"{"type":"text-end","id":"t1"}"#,
    r#"{"type":"finish-step"}"#,
    r#"{"type":"finish"}"#,
    "[DONE]",
];

const OLLAMA: &[&str] = &[
    r#"{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"","thinking":"Hmm"},"done":false}"#,
    r#"{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"Hello"},"done":false}"#,
    r#"{"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"get","arguments":{"a":1}}}]},"done":false}"#,
    r#"{"model":"m","message":{"role":"assistant","content":""},"done_reason":"stop","done":true,"prompt_eval_count":6,"eval_count":9}"#,
];

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
