//! One request and its streamed answer.

use super::answer::{Answer, Received};
use super::answer_head::Head;
use super::decode::{Decoder, Encoding};
use super::{Connection, Failure};
use crate::clock::unix_offset_ns;
use crate::sse::{Format, Framing, Overflow, Parser, Scanner, Selection, Text};
use bytes::Bytes;
use hyper::header::ACCEPT_ENCODING;

/// Runs requests one after another, with buffers that it reuses.
#[derive(Debug, Default)]
pub struct Exchange {
    parser: Parser,
    text: Text,
    answer: Answer,
    decoder: Option<Decoder>,
    /// Whether the body is searched for events.
    streams: bool,
    /// Whether the body is a JSON document, which Gemini streams as an array.
    in_array: bool,
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
        self.in_array = false;
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
        let document = head.is_json() && !lines;
        self.in_array = document && scanner.selection.admits(Format::Gemini);
        self.streams = !encoded && (self.in_array || !document);
        if self.in_array {
            self.parser.reset(Framing::Array);
        }
    }

    /// Returns the scanner of this answer. Only Gemini streams JSON arrays; others are documents.
    fn scanner(&self, scanner: &Scanner) -> Scanner {
        match self.in_array {
            false => *scanner,
            true => Scanner {
                selection: Selection::Gemini,
                in_array: true,
                ..*scanner
            },
        }
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
        let scanner = self.scanner(scanner);
        let (answer, text, offset) = (&mut self.answer, &mut self.text, self.unix_offset_ns);
        let fed = self.parser.feed(piece, |event| {
            answer.event(&event, text, read_ns, offset, &scanner, received);
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

#[cfg(test)]
#[path = "exchange_tests.rs"]
mod tests;
