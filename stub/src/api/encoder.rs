//! The events of a stream, in the format of its API.

use super::{
    Api, Identity, chat::ChunkEncoder, completions::CompletionsEncoder, error::ApiError,
    gemini::GeminiEncoder, messages::MessagesEncoder, prompt::Layout, responses::ResponsesEncoder,
    sse,
};
use crate::{
    cursor::Delta,
    reply::{Ending, Reply},
};

/// Encodes the events of one stream.
///
/// All but the chat encoder are boxed, so that a stream of chat chunks stays small.
pub enum Encoder {
    /// Chunks of a chat completion.
    Chat(ChunkEncoder),
    /// Chunks of an older completion.
    Completions(Box<CompletionsEncoder>),
    /// Events of a response.
    Responses(Box<ResponsesEncoder>),
    /// Events of an Anthropic message.
    Messages(Box<MessagesEncoder>),
    /// Chunks of a Gemini answer.
    Gemini(Box<GeminiEncoder>),
}

impl Encoder {
    /// Creates the encoder of a reply.
    pub fn new(
        api: Api,
        identity: Identity,
        reply: &Reply,
        layout: Layout,
        line_end: &'static str,
    ) -> Self {
        match api {
            Api::Chat => Self::Chat(ChunkEncoder::new(identity, layout, line_end)),
            Api::Completions => Self::Completions(Box::new(CompletionsEncoder::new(
                identity,
                layout.include_usage,
                line_end,
            ))),
            Api::Responses => {
                Self::Responses(Box::new(ResponsesEncoder::new(identity, reply, line_end)))
            }
            Api::Messages => {
                Self::Messages(Box::new(MessagesEncoder::new(identity, reply, line_end)))
            }
            Api::Gemini => {
                let array = layout.json_array;
                Self::Gemini(Box::new(GeminiEncoder::new(identity, array, line_end)))
            }
        }
    }

    /// Encodes the start of the stream. `calls_only` means that the answer has no text.
    pub fn opening(&mut self, calls_only: bool, out: &mut Vec<u8>) {
        match self {
            Self::Chat(chat) => chat.opening(calls_only, out),
            Self::Responses(responses) => responses.opening(out),
            Self::Messages(messages) => messages.opening(out),
            Self::Completions(_) | Self::Gemini(_) => {}
        }
    }

    /// Encodes a piece of the answer.
    pub fn delta(&mut self, delta: Delta<'_>, out: &mut Vec<u8>) {
        match self {
            Self::Chat(chat) => chat.delta(delta, out),
            Self::Completions(completions) => completions.delta(delta, out),
            Self::Responses(responses) => responses.delta(delta, out),
            Self::Messages(messages) => messages.delta(delta, out),
            Self::Gemini(gemini) => gemini.delta(delta, out),
        }
    }

    /// Encodes the events between the last piece and the final event: the finish reason and usage.
    pub fn finish(&mut self, reply: &Ending, out: &mut Vec<u8>) {
        match self {
            Self::Chat(chat) => chat.finish(reply.finish, reply.usage, out),
            Self::Completions(completions) => completions.finish(reply, out),
            Self::Responses(responses) => responses.finish(reply, out),
            Self::Messages(messages) => messages.finish(reply, out),
            Self::Gemini(gemini) => gemini.finish(reply, out),
        }
    }

    /// Encodes the final event of a complete stream, such as `[DONE]`.
    pub fn done(&mut self, out: &mut Vec<u8>) {
        match self {
            Self::Chat(chat) => chat.done(out),
            Self::Completions(completions) => completions.done(out),
            Self::Responses(responses) => responses.done(out),
            Self::Messages(messages) => messages.done(out),
            Self::Gemini(gemini) => gemini.done(out),
        }
    }

    /// Encodes an error in the middle of a stream.
    pub fn error(&mut self, error: &ApiError, out: &mut Vec<u8>) {
        match self {
            Self::Chat(chat) => chat.error(error, out),
            Self::Completions(completions) => completions.error(error, out),
            Self::Responses(responses) => responses.error(error, out),
            Self::Messages(messages) => messages.error(error, out),
            Self::Gemini(gemini) => gemini.error(error, out),
        }
    }

    /// Encodes an event whose JSON is cut off.
    pub fn malformed(&mut self, out: &mut Vec<u8>) {
        match self {
            Self::Chat(chat) => chat.malformed(out),
            Self::Gemini(gemini) => gemini.malformed(out),
            _ => {
                let line_end = self.line_end();
                out.extend_from_slice(br#"data: {"type":"#);
                sse::end(out, line_end);
            }
        }
    }

    /// Encodes a comment, which readers must skip.
    pub fn comment(&self, out: &mut Vec<u8>) {
        // JSON has no comments.
        if !matches!(self, Self::Gemini(gemini) if gemini.is_array()) {
            sse::comment(out, self.line_end());
        }
    }

    /// Returns the number of events of a piece: one for each choice.
    pub fn copies(&self) -> u64 {
        match self {
            Self::Chat(chat) => chat.copies(),
            _ => 1,
        }
    }

    fn line_end(&self) -> &'static str {
        match self {
            Self::Chat(chat) => chat.line_end(),
            Self::Completions(completions) => completions.line_end,
            Self::Responses(responses) => responses.line_end,
            Self::Messages(messages) => messages.line_end,
            Self::Gemini(gemini) => gemini.line_end,
        }
    }
}
