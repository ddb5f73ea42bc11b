//! Encodes a streaming message as server-sent events.

use super::{
    SIGNATURE, empty_message, image_link, stop_reason, text_block, thinking_block, tool_block,
};
use crate::{
    api::{Identity, encoder::Ending, error::ApiError, sse},
    cursor::Delta,
    reply::{Content, Reply, Usage},
};
use serde_json::{Value, json};

/// Encodes the events of one message.
pub struct MessagesEncoder {
    /// End of a line.
    pub line_end: &'static str,
    identity: Identity,
    usage: Usage,
    /// Number of blocks that have begun.
    blocks: u32,
    open: Option<Block>,
}

#[derive(Clone, Copy, PartialEq)]
enum Block {
    Text,
    Thinking,
    Tool,
}

impl MessagesEncoder {
    /// Creates the encoder of one message.
    pub fn new(identity: Identity, reply: &Reply, line_end: &'static str) -> Self {
        Self {
            line_end,
            identity,
            usage: reply.usage,
            blocks: 0,
            open: None,
        }
    }

    fn event(&self, out: &mut Vec<u8>, name: &str, mut data: Value) {
        data["type"] = name.into();
        sse::named(out, self.line_end, name, &data);
    }

    /// Encodes the events before the first content block.
    pub fn opening(&self, out: &mut Vec<u8>) {
        let message = empty_message(&self.identity, self.usage);
        self.event(out, "message_start", json!({"message": message}));
        self.event(out, "ping", json!({}));
    }

    /// Encodes a piece of the answer.
    pub fn delta(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        match delta {
            Delta::Token(n) => self.text(&format!(" tok{n}"), out),
            Delta::Reasoning(n) => {
                self.begin(Block::Thinking, thinking_block("", ""), out);
                let text = format!(" think{n}");
                self.block_delta(json!({"type": "thinking_delta", "thinking": text}), out);
            }
            Delta::Content(content) => match content {
                Content::Text(text) => self.text(text, out),
                Content::Image { url, .. } => self.text(&image_link(url), out),
                Content::Call { index, name } => {
                    let block = tool_block(&self.identity, *index, name, json!({}));
                    self.close(out);
                    self.begin(Block::Tool, block, out);
                }
                Content::Arguments { fragment, .. } => {
                    let delta = json!({"type": "input_json_delta", "partial_json": fragment});
                    self.block_delta(delta, out);
                }
                Content::Nothing | Content::Tokens(_) | Content::Reasoning(_) => {}
            },
        }
    }

    fn text(&mut self, text: &str, out: &mut Vec<u8>) {
        self.begin(Block::Text, text_block(""), out);
        self.block_delta(json!({"type": "text_delta", "text": text}), out);
    }

    /// Begins a block, unless one of its kind is open.
    fn begin(&mut self, kind: Block, block: Value, out: &mut Vec<u8>) {
        if self.open == Some(kind) {
            return;
        }
        self.close(out);
        let data = json!({"index": self.blocks, "content_block": block});
        self.event(out, "content_block_start", data);
        self.blocks += 1;
        self.open = Some(kind);
    }

    fn block_delta(&self, delta: Value, out: &mut Vec<u8>) {
        let index = self.blocks.saturating_sub(1);
        let data = json!({"index": index, "delta": delta});
        self.event(out, "content_block_delta", data);
    }

    fn close(&mut self, out: &mut Vec<u8>) {
        let Some(kind) = self.open.take() else { return };
        if kind == Block::Thinking {
            let delta = json!({"type": "signature_delta", "signature": SIGNATURE});
            self.block_delta(delta, out);
        }
        let data = json!({"index": self.blocks - 1});
        self.event(out, "content_block_stop", data);
    }

    /// Encodes the end of the last block, the stop reason and the usage.
    pub fn finish(&mut self, ending: &Ending, out: &mut Vec<u8>) {
        self.close(out);
        let (reason, sequence) = (stop_reason(ending), &ending.stop_sequence);
        let delta = json!({"stop_reason": reason, "stop_sequence": sequence});
        let usage = json!({"output_tokens": ending.usage.completion});
        self.event(
            out,
            "message_delta",
            json!({"delta": delta, "usage": usage}),
        );
    }

    /// Encodes the last event of a complete stream.
    pub fn done(&self, out: &mut Vec<u8>) {
        self.event(out, "message_stop", json!({}));
    }

    /// Encodes an error in the middle of a stream.
    pub fn error(&self, error: &ApiError, out: &mut Vec<u8>) {
        sse::named(out, self.line_end, "error", &error.anthropic_body());
    }
}
