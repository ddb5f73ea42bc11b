//! One request and its streamed answer.

use super::answer_head::{ContentType, Head};
use super::decode::{Decoder, Encoding};
use super::metered::add;
use super::{Connection, Failure};
use crate::clock::unix_offset_ns;
use crate::sse::{
    Chunk, Event, Format, Framing, Kind, Overflow, Parser, Scanner, Selection, Text, Usage,
    count_tokens,
};
use bytes::Bytes;
use hyper::header::ACCEPT_ENCODING;
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

/// Runs requests one after another, with buffers that it reuses.
#[derive(Debug, Default)]
pub struct Exchange {
    parser: Parser,
    text: Text,
    answer: Answer,
    decoder: Option<Decoder>,
    /// Whether the body is searched for events.
    streams: bool,
    unix_offset_ns: u64,
}

impl Exchange {
    /// Sends `request` and reads the answer to its end.
    ///
    /// # Errors
    /// Why there is no answer, or no end of it.
    pub async fn run(
        &mut self,
        connection: &mut Connection,
        request: hyper::Request<Bytes>,
        scanner: &Scanner,
        received: &Received,
    ) -> Result<(), Failure> {
        self.begin(scanner);
        let accepts = request.headers().get(ACCEPT_ENCODING).cloned();
        let head = connection.send(request).await?;
        self.answer.first_byte_ns = connection.first_byte_ns();
        let accepts = accepts.as_ref().map_or(&b""[..], |value| value.as_bytes());
        self.head(&head, accepts, scanner);
        let mut take = |piece: &[u8], read_ns| self.take(piece, read_ns, scanner, received);
        connection.body(&mut take).await?;
        self.answer.end_ns = connection.last_byte_ns();
        self.finish(scanner, received);
        Ok(())
    }

    /// Returns the last answer.
    pub fn answer(&self) -> &Answer {
        &self.answer
    }

    fn begin(&mut self, scanner: &Scanner) {
        self.parser.reset(match scanner.selection {
            Selection::Ndjson | Selection::Ollama => Framing::Lines,
            _ => Framing::Detect,
        });
        self.text.reset();
        self.decoder = None;
        let last = &mut self.answer;
        let (mut gaps, mut stamp_errors, mut text, mut body_start) = (
            std::mem::take(&mut last.gaps),
            std::mem::take(&mut last.stamp_errors),
            std::mem::take(&mut last.text),
            std::mem::take(&mut last.body_start),
        );
        gaps.clear();
        stamp_errors.clear();
        text.clear();
        body_start.clear();
        self.answer = Answer {
            gaps,
            stamp_errors,
            text,
            body_start,
            ..Answer::default()
        };
        self.streams = true;
        self.unix_offset_ns = unix_offset_ns();
    }

    fn head(&mut self, head: &Head, accept_encoding: &[u8], scanner: &Scanner) {
        self.answer.status = head.status;
        self.answer.content_type = head.content_type;
        self.answer.retry_after = head.retry_after;
        if head.encoding != Encoding::Identity {
            if head.encoding.is_accepted(accept_encoding) {
                self.decoder = head.encoding.decoder();
            }
            if self.decoder.is_none() {
                self.answer.undecoded = head.encoding;
            }
        }
        if let Some(location) = &head.location {
            self.answer
                .keep_start(format!("location: {location} ").as_bytes());
        }
        let lines = matches!(scanner.selection, Selection::Ndjson | Selection::Ollama);
        let encoded = self.answer.undecoded != Encoding::Identity;
        self.streams = !encoded && (lines || !head.is_json());
    }

    fn take(
        &mut self,
        piece: &[u8],
        read_ns: u64,
        scanner: &Scanner,
        received: &Received,
    ) -> Result<(), Failure> {
        let decoded;
        let piece = match &mut self.decoder {
            None => piece,
            Some(decoder) => {
                decoded = decoder.decode(piece).map_err(|_| Failure::Encoding)?;
                &decoded
            }
        };
        self.answer.keep_start(piece);
        if !self.streams {
            return Ok(());
        }
        let (answer, text, offset) = (&mut self.answer, &mut self.text, self.unix_offset_ns);
        let fed = self.parser.feed(piece, |event| {
            answer.event(&event, text, read_ns, offset, scanner, received);
        });
        fed.map_err(|Overflow| Failure::Overflow)
    }

    /// Reads what the end of the body completes.
    fn finish(&mut self, scanner: &Scanner, received: &Received) {
        if !self.streams {
            return;
        }
        let (answer, text, offset) = (&mut self.answer, &mut self.text, self.unix_offset_ns);
        let end_ns = answer.end_ns;
        self.parser.finish(|event| {
            answer.event(&event, text, end_ns, offset, scanner, received);
        });
        // JSON lines end with the body, unless their format has an end mark.
        let marked = !matches!(
            answer.format,
            None | Some(Format::Content | Format::OpenAiChat)
        );
        let lines = self.parser.framing() == Framing::Lines;
        answer.done |= lines && !marked && !answer.malformed && answer.tokens > 0;
    }
}

impl Answer {
    /// Keeps the beginning of the body.
    fn keep_start(&mut self, piece: &[u8]) {
        let room = BODY_START_BYTES.saturating_sub(self.body_start.len());
        if room > 0 {
            self.body_start
                .extend_from_slice(&piece[..piece.len().min(room)]);
        }
    }

    fn event(
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

#[cfg(test)]
#[path = "exchange_tests.rs"]
mod tests;
