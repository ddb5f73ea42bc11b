//! OpenAI's responses API.

mod events;
mod request;

pub use events::ResponsesEncoder;
pub use request::parse;

use super::{Identity, encoder::Ending};
use crate::{
    cursor::Cursor,
    reply::{Finish, Reply, Usage},
};
use serde_json::{Value, json};

/// Builds the body of a non-streaming response. Its output items are those of the stream.
pub fn response(identity: &Identity, reply: &Reply) -> Value {
    let mut encoder = ResponsesEncoder::new(identity.clone(), reply, "\n");
    let mut events = Vec::new();
    let mut cursor = Cursor::new(&reply.parts, reply.limit);
    while let Some(delta) = cursor.peek() {
        events.clear();
        encoder.delta(delta, &mut events);
        cursor.advance();
    }
    encoder.finish(&Ending::from(reply), &mut events);
    encoder.response()
}

/// Builds a response object with its output items so far. Without `ending` it is in progress.
fn object(identity: &Identity, output: &[Value], ending: Option<&Ending>) -> Value {
    let incomplete = ending.and_then(|ending| match ending.finish {
        Finish::Length => Some("max_output_tokens"),
        Finish::ContentFilter => Some("content_filter"),
        Finish::Stop | Finish::ToolCalls => None,
    });
    let status = match (ending, incomplete) {
        (None, _) => "in_progress",
        (Some(_), None) => "completed",
        (Some(_), Some(_)) => "incomplete",
    };
    json!({
        "id": format!("resp_{}", identity.unique),
        "object": "response",
        "created_at": identity.created,
        "status": status,
        "error": null,
        "incomplete_details": incomplete.map(|reason| json!({"reason": reason})),
        "instructions": null,
        "max_output_tokens": null,
        "metadata": {},
        "model": identity.model,
        "output": output,
        "parallel_tool_calls": true,
        "previous_response_id": null,
        "reasoning": {"effort": null, "summary": null},
        "service_tier": "default",
        "store": false,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": ending.map(|ending| usage(ending.usage)),
        "user": null,
    })
}

fn usage(usage: Usage) -> Value {
    json!({
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt + usage.completion,
    })
}
