//! Streams as the APIs send them, shortened.

pub const CHAT: &[&str] = &[
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

pub const RESPONSES: &[&str] = &[
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

pub const ANTHROPIC: &[&str] = &[
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

pub const GEMINI: &[&str] = &[
    r#"{"candidates":[{"content":{"parts":[{"text":"Considering","thought":true}],"role":"model"},"index":0}],"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4},"modelVersion":"gemini"}"#,
    r#"{"candidates":[{"content":{"parts":[{"text":"Hello"},{"functionCall":{"name":"get","args":{"text":"no"}}}],"role":"model"},"index":0,"citationMetadata":{"citations":[{"title":"no"}]}}]}"#,
    r#"{"candidates":[{"content":{"parts":[{"text":" you"}],"role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":10,"thoughtsTokenCount":3,"totalTokenCount":17}}"#,
];

pub const AI_SDK: &[&str] = &[
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

pub const OLLAMA: &[&str] = &[
    r#"{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"","thinking":"Hmm"},"done":false}"#,
    r#"{"model":"m","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":"Hello"},"done":false}"#,
    r#"{"model":"m","message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"get","arguments":{"a":1}}}]},"done":false}"#,
    r#"{"model":"m","message":{"role":"assistant","content":""},"done_reason":"stop","done":true,"prompt_eval_count":6,"eval_count":9}"#,
];
