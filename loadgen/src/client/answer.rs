//! Answer to a request: stamps, tokens, errors.

use super::answer_head::ContentType;
use super::decode::Encoding;
use super::metered::add;
use crate::sse::{Chunk, Event, Format, Kind, Scanner, Text, Usage, count_tokens};
use std::sync::atomic::AtomicU64;
use std::time::Duration;

/// Size of the beginning of a body that is kept to explain a rejected answer.
const BODY_START_BYTES: usize = 200;

/// Time between two chunks with tokens, and the number of tokens in the second one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// Time in units of 100 ns: gaps are most of a user's memory, and reads are no more precise.
    pub tenths_us: u32,
    /// Tokens in the chunk that ended the gap.
    pub tokens: u32,
}

/// Answer to a request. Stamps are those of [`crate::clock::now_ns`], or 0 for none.
#[derive(Debug, Default)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Content type.
    pub content_type: ContentType,
    /// Content encoding, if it was not decoded.
    pub undecoded: Encoding,
    /// Time after which the server wants to be asked again.
    pub retry_after: Option<Duration>,
    /// First byte of the answer.
    pub first_byte_ns: u64,
    /// First chunk with tokens of any kind.
    pub first_token_ns: u64,
    /// First chunk with tokens of the answer itself, after reasoning and tool calls.
    pub first_output_ns: u64,
    /// Last chunk with tokens.
    pub last_token_ns: u64,
    /// Last byte.
    pub end_ns: u64,
    /// Tokens of any kind.
    pub tokens: u64,
    /// Reasoning tokens.
    pub reasoning_tokens: u64,
    /// Tokens of tool calls.
    pub tool_call_tokens: u64,
    /// Usage as the server reported it.
    pub usage: Option<Usage>,
    /// Format of the stream.
    pub format: Option<Format>,
    /// Whether the stream's end mark came.
    pub done: bool,
    /// Whether an event reported an error.
    pub error: bool,
    /// Whether an event was not valid JSON.
    pub malformed: bool,
    /// Gaps between chunks with tokens.
    pub gaps: Vec<Gap>,
    /// Arrival of each stamped chunk less the sender's stamp, nanoseconds.
    pub stamp_errors: Vec<u32>,
    /// Text of the answer as the inside of a JSON string, where conversations need it.
    pub text: Vec<u8>,
    /// First bytes of the body, or of the event that reported an error.
    pub body_start: Vec<u8>,
}

/// Tokens and chunks received, counted as they arrive.
#[derive(Debug, Default)]
pub struct Received {
    /// Tokens of any kind.
    pub tokens: AtomicU64,
    /// Chunks with tokens.
    pub chunks: AtomicU64,
}

impl Answer {
    /// Keeps the beginning of the body.
    pub(super) fn keep_start(&mut self, piece: &[u8]) {
        let room = BODY_START_BYTES.saturating_sub(self.body_start.len());
        if room > 0 {
            self.body_start
                .extend_from_slice(&piece[..piece.len().min(room)]);
        }
    }

    pub(super) fn event(
        &mut self,
        event: &Event<'_>,
        text: &mut Text,
        read_ns: u64,
        unix_offset_ns: u64,
        scanner: &Scanner,
        received: &Received,
    ) {
        let (mut tokens, mut output) = (0, false);
        let (mut reasoning, mut tools) = (0, 0);
        let kept = &mut self.text;
        let chunk = scanner.scan(event.data, &mut |kind, piece| {
            let new = text.new_part(kind, piece);
            if scanner.keep_text && kind == Kind::Answer {
                kept.extend_from_slice(new);
            }
            let count = count_tokens(new);
            tokens += count;
            match kind {
                Kind::Answer => output |= count > 0,
                Kind::Reasoning => reasoning += count,
                Kind::ToolCall => tools += count,
            }
        });
        self.reasoning_tokens += u64::from(reasoning);
        self.tool_call_tokens += u64::from(tools);
        if scanner.in_array && chunk.format.is_none() && self.format.is_none() {
            return;
        }
        self.note(&chunk, event);
        if tokens > 0 {
            add(&received.tokens, tokens.into());
            add(&received.chunks, 1);
            self.tokens(tokens, output, read_ns);
            if let Some(sent) = chunk.sent_unix_ns {
                let error = (read_ns + unix_offset_ns).saturating_sub(sent);
                self.stamp_errors
                    .push(u32::try_from(error).unwrap_or(u32::MAX));
            }
        }
    }

    /// Keeps everything of a chunk that is not text.
    fn note(&mut self, chunk: &Chunk, event: &Event<'_>) {
        self.done |= chunk.done;
        self.malformed |= chunk.malformed;
        self.format = self.format.or(chunk.format);
        if let Some(usage) = chunk.usage {
            // Some formats report usage in several events, each with the counts so far.
            let sum = self.usage.get_or_insert_default();
            sum.prompt = sum.prompt.max(usage.prompt);
            sum.completion = sum.completion.max(usage.completion);
            sum.reasoning = sum.reasoning.max(usage.reasoning);
        }
        let error = chunk.error || event.name == b"error";
        if error && !self.error {
            self.body_start.clear();
            self.keep_start(event.data);
        }
        self.error |= error;
    }

    fn tokens(&mut self, tokens: u32, output: bool, read_ns: u64) {
        self.tokens += u64::from(tokens);
        if self.first_token_ns == 0 {
            self.first_token_ns = read_ns;
        } else {
            let tenths = read_ns.saturating_sub(self.last_token_ns) / 100;
            self.gaps.push(Gap {
                tenths_us: u32::try_from(tenths).unwrap_or(u32::MAX),
                tokens,
            });
        }
        if output && self.first_output_ns == 0 {
            self.first_output_ns = read_ns;
        }
        self.last_token_ns = read_ns;
    }

    /// Returns the number of output tokens: as the server reports it, else as counted.
    pub fn output_tokens(&self) -> u64 {
        let reported = self.usage.map_or(0, |usage| usage.completion);
        if reported > 0 { reported } else { self.tokens }
    }

    /// Returns the time per output token after the first, nanoseconds; none for fewer than two.
    pub fn tpot_ns(&self) -> Option<u64> {
        let streamed = self.last_token_ns.saturating_sub(self.first_token_ns);
        let after_first = self.output_tokens().checked_sub(1)?;
        let chunks = !self.gaps.is_empty();
        (chunks && after_first > 0).then(|| streamed / after_first)
    }
}
