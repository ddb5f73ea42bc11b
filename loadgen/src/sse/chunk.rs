//! Reads the parts of a stream event that matter: text, end mark, error, usage.

use super::contents::{Chunk, Kind};
use super::fields::{candidate, choice, usage};
use super::format::{Format, Selection};
use super::json::Cursor;

/// Reads events in the selected format.
#[derive(Clone, Copy, Debug, Default)]
pub struct Scanner {
    /// Selected format.
    pub selection: Selection,
    /// Whether the text of answers is kept, for conversations.
    pub keep_text: bool,
    /// Whether events are items of a JSON array, which is a stream only if one shows its format.
    pub in_array: bool,
}

/// Texts of an event whose meaning depends on its `type`, which may come after them.
#[derive(Default)]
struct Typed<'a> {
    kind: &'a [u8],
    /// `delta`, where it is a string (Responses, AI SDK).
    delta: &'a [u8],
    /// `delta.type` and its text (Anthropic).
    block_kind: &'a [u8],
    block_text: &'a [u8],
    /// `content_block.type` and `content_block.name` (Anthropic).
    started: &'a [u8],
    name: &'a [u8],
    /// `inputTextDelta` and `toolName` (AI SDK).
    input: &'a [u8],
    /// Top-level `content`.
    content: &'a [u8],
    /// Text of an Ollama `message` or `response`.
    ollama: &'a [u8],
    thinking: &'a [u8],
    ollama_done: bool,
    ollama_tool: bool,
}

impl Scanner {
    /// Reads the data of an event, and calls `text` with each piece of text in it: a JSON string
    /// that is not empty, still escaped. Only the fields of the format are read.
    pub fn scan<'a>(&self, data: &'a [u8], text: &mut impl FnMut(Kind, &'a [u8])) -> Chunk {
        let data = data.trim_ascii();
        if data == b"[DONE]" {
            return Chunk {
                done: true,
                ..Chunk::default()
            };
        }
        let mut chunk = Chunk::default();
        if data.first() != Some(&b'{') {
            return chunk;
        }
        let mut cursor = Cursor::new(data);
        let read = self.event(&mut cursor, &mut chunk, text);
        chunk.malformed = read.is_none() || !cursor.is_at_end();
        chunk
    }

    fn event<'a>(
        &self,
        cursor: &mut Cursor<'a>,
        chunk: &mut Chunk,
        text: &mut impl FnMut(Kind, &'a [u8]),
    ) -> Option<()> {
        let mut typed = Typed::default();
        let mut any = false;
        let mut error = false;
        let mut emit = |kind, piece: &'a [u8]| {
            any |= !piece.is_empty();
            if !piece.is_empty() {
                text(kind, piece);
            }
        };
        cursor.object(|cursor, key| match key {
            b"choices" if self.selection.admits(Format::OpenAiChat) => {
                chunk.format = Some(Format::OpenAiChat);
                cursor.array_or_skip(|cursor| choice(cursor, &mut emit))
            }
            b"candidates" if self.selection.admits(Format::Gemini) => {
                chunk.format = Some(Format::Gemini);
                cursor.array_or_skip(|cursor| candidate(cursor, chunk, &mut emit))
            }
            b"usage" | b"usageMetadata" => usage(cursor, chunk),
            b"sent_unix_ns" => {
                chunk.sent_unix_ns = Some(cursor.number()?).filter(|stamp| *stamp > 0);
                Some(())
            }
            b"error" => cursor.is_set().map(|set| error |= set),
            _ => typed.member(cursor, key, chunk),
        })?;
        if chunk.format.is_none() {
            self.resolve(&typed, chunk, &mut emit);
        }
        chunk.error |= (error && !any) || typed.kind == b"error";
        Some(())
    }

    /// Emits the texts of a typed event, now that its type is known.
    fn resolve<'a>(
        &self,
        typed: &Typed<'a>,
        chunk: &mut Chunk,
        emit: &mut impl FnMut(Kind, &'a [u8]),
    ) {
        let Some(format) = typed.format() else {
            return;
        };
        if !self.selection.admits(format) {
            return;
        }
        chunk.format = Some(format);
        match format {
            Format::OpenAiResponses => typed.responses(chunk, emit),
            Format::Anthropic => typed.anthropic(chunk, emit),
            Format::AiSdk => typed.ai_sdk(chunk, emit),
            Format::Ollama => {
                emit(Kind::Reasoning, typed.thinking);
                emit(Kind::Answer, typed.ollama);
                if typed.ollama_tool {
                    emit(Kind::ToolCall, b"tool");
                }
                chunk.done |= typed.ollama_done;
            }
            _ => emit(Kind::Answer, typed.content),
        }
    }
}

impl<'a> Typed<'a> {
    /// Reads a member of the event's object.
    fn member(&mut self, cursor: &mut Cursor<'a>, key: &[u8], chunk: &mut Chunk) -> Option<()> {
        match key {
            b"type" => self.kind = cursor.text()?,
            b"content" => self.content = cursor.text()?,
            b"delta" if cursor.peek()? == b'{' => cursor.object(|cursor, key| match key {
                b"type" => cursor.text().map(|kind| self.block_kind = kind),
                b"text" | b"thinking" | b"partial_json" => {
                    cursor.text().map(|text| self.block_text = text)
                }
                _ => cursor.skip(),
            })?,
            b"delta" => self.delta = cursor.text()?,
            b"content_block" => cursor.object_or_skip(|cursor, key| match key {
                b"type" => cursor.text().map(|kind| self.started = kind),
                b"name" => cursor.text().map(|name| self.name = name),
                _ => cursor.skip(),
            })?,
            b"inputTextDelta" | b"toolName" => self.input = cursor.text()?,
            // The whole response of the Responses API, or the text of Ollama's `generate`.
            b"response" if cursor.peek()? == b'"' => self.ollama = cursor.text()?,
            b"thinking" => self.thinking = cursor.text()?,
            b"message" | b"response" => cursor.object_or_skip(|cursor, key| match key {
                b"usage" => usage(cursor, chunk),
                b"content" => cursor.text().map(|content| self.ollama = content),
                b"thinking" => cursor.text().map(|thinking| self.thinking = thinking),
                b"tool_calls" => {
                    self.ollama_tool = true;
                    cursor.skip()
                }
                _ => cursor.skip(),
            })?,
            b"done" => {
                let done = cursor.peek()? == b't';
                cursor.skip()?;
                self.ollama_done = done;
            }
            b"prompt_eval_count" => {
                chunk.usage.get_or_insert_default().prompt = cursor.number()?;
            }
            b"eval_count" => chunk.usage.get_or_insert_default().completion = cursor.number()?,
            _ => cursor.skip()?,
        }
        Some(())
    }

    /// Returns the format that the members of the event show.
    fn format(&self) -> Option<Format> {
        match self.kind {
            kind if kind.starts_with(b"response.") => Some(Format::OpenAiResponses),
            b"message_start"
            | b"message_delta"
            | b"message_stop"
            | b"ping"
            | b"content_block_start"
            | b"content_block_delta"
            | b"content_block_stop" => Some(Format::Anthropic),
            b"start"
            | b"finish"
            | b"abort"
            | b"start-step"
            | b"finish-step"
            | b"text-start"
            | b"text-delta"
            | b"text-end"
            | b"reasoning-start"
            | b"reasoning-delta"
            | b"reasoning-end"
            | b"tool-input-start"
            | b"tool-input-delta"
            | b"tool-input-available"
            | b"tool-output-available" => Some(Format::AiSdk),
            _ if !self.content.is_empty() => Some(Format::Content),
            _ if self.ollama_done || self.ollama_tool => Some(Format::Ollama),
            _ if !self.ollama.is_empty() || !self.thinking.is_empty() => Some(Format::Ollama),
            _ => None,
        }
    }

    fn responses(&self, chunk: &mut Chunk, emit: &mut impl FnMut(Kind, &'a [u8])) {
        match self.kind.strip_prefix(b"response.").unwrap_or_default() {
            b"output_text.delta" | b"refusal.delta" => emit(Kind::Answer, self.delta),
            b"reasoning_text.delta" | b"reasoning_summary_text.delta" => {
                emit(Kind::Reasoning, self.delta);
            }
            b"function_call_arguments.delta"
            | b"custom_tool_call_input.delta"
            | b"mcp_call_arguments.delta"
            | b"code_interpreter_call_code.delta" => emit(Kind::ToolCall, self.delta),
            b"completed" | b"incomplete" => chunk.done = true,
            b"failed" => chunk.error = true,
            _ => {}
        }
    }

    fn anthropic(&self, chunk: &mut Chunk, emit: &mut impl FnMut(Kind, &'a [u8])) {
        match (self.kind, self.block_kind) {
            (b"content_block_delta", b"text_delta") => emit(Kind::Answer, self.block_text),
            (b"content_block_delta", b"thinking_delta") => emit(Kind::Reasoning, self.block_text),
            (b"content_block_delta", b"input_json_delta") => emit(Kind::ToolCall, self.block_text),
            (b"content_block_start", _) if self.started.ends_with(b"tool_use") => {
                emit(Kind::ToolCall, self.name);
            }
            (b"message_stop", _) => chunk.done = true,
            _ => {}
        }
    }

    fn ai_sdk(&self, chunk: &mut Chunk, emit: &mut impl FnMut(Kind, &'a [u8])) {
        match self.kind {
            b"text-delta" => emit(Kind::Answer, self.delta),
            b"reasoning-delta" => emit(Kind::Reasoning, self.delta),
            b"tool-input-start" | b"tool-input-delta" => emit(Kind::ToolCall, self.input),
            b"finish" => chunk.done = true,
            b"abort" => chunk.error = true,
            _ => {}
        }
    }
}

#[cfg(test)]
#[path = "chunk_tests.rs"]
mod tests;
