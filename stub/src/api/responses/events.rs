//! Encodes a streaming response as server-sent events.

use super::object;
use crate::{
    api::{Identity, encoder::Ending, error::ApiError, sse},
    cursor::Delta,
    reply::{Content, Finish, Reply},
};
use serde_json::{Value, json};

/// Encodes the events of one response, and collects its output items.
pub struct ResponsesEncoder {
    /// End of a line.
    pub line_end: &'static str,
    identity: Identity,
    sequence: u64,
    /// Items that are complete.
    output: Vec<Value>,
    open: Option<Open>,
    ending: Option<Ending>,
}

/// The output item that the stream is in.
struct Open {
    kind: Kind,
    id: String,
    /// Text of the item so far: answer, reasoning or arguments.
    text: String,
}

enum Kind {
    Message,
    Reasoning,
    Call { index: u32, name: String },
}

impl ResponsesEncoder {
    /// Creates the encoder of one response.
    pub fn new(identity: Identity, _reply: &Reply, line_end: &'static str) -> Self {
        Self {
            line_end,
            identity,
            sequence: 0,
            output: Vec::new(),
            open: None,
            ending: None,
        }
    }

    /// Returns the response object in its current state.
    pub fn response(&self) -> Value {
        object(&self.identity, &self.output, self.ending.as_ref())
    }

    fn event(&mut self, out: &mut Vec<u8>, name: &str, mut data: Value) {
        data["type"] = name.into();
        data["sequence_number"] = self.sequence.into();
        self.sequence += 1;
        sse::named(out, self.line_end, name, &data);
    }

    /// Encodes an event of the open item.
    fn item_event(&mut self, out: &mut Vec<u8>, name: &str, mut data: Value) {
        let id = self.open.as_ref().map(|open| open.id.as_str());
        data["item_id"] = id.unwrap_or_default().into();
        data["output_index"] = self.output.len().into();
        self.event(out, name, data);
    }

    /// Encodes the events before the first output item.
    pub fn opening(&mut self, out: &mut Vec<u8>) {
        for name in ["response.created", "response.in_progress"] {
            let response = self.response();
            self.event(out, name, json!({"response": response}));
        }
    }

    /// Encodes a piece of the answer.
    pub fn delta(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        match delta {
            Delta::Token(n) => self.text(&format!(" tok{n}"), out),
            Delta::Reasoning(n) => self.reasoning(&format!(" think{n}"), out),
            Delta::Content(content) => match content {
                Content::Text(text) => self.text(text, out),
                Content::Nothing => self.text("", out),
                Content::Call { index, name } => self.call(*index, name, out),
                Content::Arguments { fragment, .. } => self.arguments(fragment, out),
                Content::Image { index, url } => self.image(*index, url, out),
                Content::Tokens(_) | Content::Reasoning(_) => {}
            },
        }
    }

    fn text(&mut self, text: &str, out: &mut Vec<u8>) {
        if !matches!(&self.open, Some(open) if matches!(open.kind, Kind::Message)) {
            let id = format!("msg_{}{:02}", self.identity.unique, self.output.len());
            self.begin(Kind::Message, id, out);
            let part = output_text("");
            let data = json!({"content_index": 0, "part": part});
            self.item_event(out, "response.content_part.added", data);
        }
        self.append(text);
        if !text.is_empty() {
            let data = json!({"content_index": 0, "delta": text, "logprobs": []});
            self.item_event(out, "response.output_text.delta", data);
        }
    }

    fn reasoning(&mut self, text: &str, out: &mut Vec<u8>) {
        if !matches!(&self.open, Some(open) if matches!(open.kind, Kind::Reasoning)) {
            let id = format!("rs_{}{:02}", self.identity.unique, self.output.len());
            self.begin(Kind::Reasoning, id, out);
            let data = json!({"summary_index": 0, "part": summary_text("")});
            self.item_event(out, "response.reasoning_summary_part.added", data);
        }
        self.append(text);
        let data = json!({"summary_index": 0, "delta": text});
        self.item_event(out, "response.reasoning_summary_text.delta", data);
    }

    fn call(&mut self, index: u32, name: &str, out: &mut Vec<u8>) {
        // The id contains the name: a client may refer to the call by its id alone.
        let id = format!("fc_{}{index:02}_{name}", self.identity.unique);
        let name = name.to_owned();
        self.begin(Kind::Call { index, name }, id, out);
    }

    fn arguments(&mut self, fragment: &str, out: &mut Vec<u8>) {
        self.append(fragment);
        let data = json!({"delta": fragment});
        self.item_event(out, "response.function_call_arguments.delta", data);
    }

    fn image(&mut self, index: u32, url: &str, out: &mut Vec<u8>) {
        self.close(out);
        let data = url.split_once(";base64,").map_or(url, |(_, data)| data);
        let item = |status: &str, result: Option<&str>| {
            json!({
                "id": format!("ig_{}{index:02}", self.identity.unique),
                "type": "image_generation_call",
                "status": status,
                "result": result,
            })
        };
        let (added, done) = (item("in_progress", None), item("completed", Some(data)));
        let index = self.output.len();
        let data = json!({"output_index": index, "item": added});
        self.event(out, "response.output_item.added", data);
        let data = json!({"output_index": index, "item": done});
        self.event(out, "response.output_item.done", data);
        self.output.push(done);
    }

    fn begin(&mut self, kind: Kind, id: String, out: &mut Vec<u8>) {
        self.close(out);
        let text = String::new();
        let open = Open { kind, id, text };
        let item = self.item(&open, "in_progress");
        self.open = Some(open);
        let data = json!({"output_index": self.output.len(), "item": item});
        self.event(out, "response.output_item.added", data);
    }

    fn append(&mut self, text: &str) {
        if let Some(open) = &mut self.open {
            open.text += text;
        }
    }

    /// Encodes the last events of the open item, if there is one.
    fn close(&mut self, out: &mut Vec<u8>) {
        let Some(open) = &self.open else { return };
        let text = open.text.clone();
        match &open.kind {
            Kind::Message => {
                let data = json!({"content_index": 0, "text": text, "logprobs": []});
                self.item_event(out, "response.output_text.done", data);
                let data = json!({"content_index": 0, "part": output_text(&text)});
                self.item_event(out, "response.content_part.done", data);
            }
            Kind::Reasoning => {
                let data = json!({"summary_index": 0, "text": text});
                self.item_event(out, "response.reasoning_summary_text.done", data);
                let data = json!({"summary_index": 0, "part": summary_text(&text)});
                self.item_event(out, "response.reasoning_summary_part.done", data);
            }
            Kind::Call { name, .. } => {
                let data = json!({"name": name, "arguments": text});
                self.item_event(out, "response.function_call_arguments.done", data);
            }
        }
        if let Some(open) = self.open.take() {
            let item = self.item(&open, "completed");
            let data = json!({"output_index": self.output.len(), "item": item});
            self.event(out, "response.output_item.done", data);
            self.output.push(item);
        }
    }

    fn item(&self, open: &Open, status: &str) -> Value {
        let done = status == "completed";
        match &open.kind {
            Kind::Message => json!({
                "id": open.id,
                "type": "message",
                "role": "assistant",
                "status": status,
                "content": done.then(|| output_text(&open.text)).into_iter().collect::<Vec<_>>(),
            }),
            Kind::Reasoning => json!({
                "id": open.id,
                "type": "reasoning",
                "summary": done.then(|| summary_text(&open.text)).into_iter().collect::<Vec<_>>(),
            }),
            Kind::Call { index, name } => json!({
                "id": open.id,
                "type": "function_call",
                "status": status,
                "call_id": self.identity.call_id(*index),
                "name": name,
                "arguments": open.text,
            }),
        }
    }

    /// Encodes the end of the last output item.
    pub fn finish(&mut self, ending: &Ending, out: &mut Vec<u8>) {
        self.close(out);
        self.ending = Some(ending.clone());
    }

    /// Encodes the last event of a complete stream.
    pub fn done(&mut self, out: &mut Vec<u8>) {
        let complete = |ending: &Ending| matches!(ending.finish, Finish::Stop | Finish::ToolCalls);
        let name = match self.ending.as_ref().is_none_or(complete) {
            true => "response.completed",
            false => "response.incomplete",
        };
        let response = self.response();
        self.event(out, name, json!({"response": response}));
    }

    /// Encodes an error in the middle of a stream.
    pub fn error(&mut self, error: &ApiError, out: &mut Vec<u8>) {
        let code = error.code.unwrap_or(error.kind);
        let data = json!({"code": code, "message": error.message, "param": error.param});
        self.event(out, "error", data);
    }
}

fn output_text(text: &str) -> Value {
    json!({"type": "output_text", "text": text, "annotations": [], "logprobs": []})
}

fn summary_text(text: &str) -> Value {
    json!({"type": "summary_text", "text": text})
}
