//! One request and its streamed answer.

use super::metered::add;
use super::{Connection, Failure};
use crate::clock::unix_offset_ns;
use crate::sse::{Chunk, Overflow, Parser, Scanner};
use bytes::Bytes;
use std::sync::atomic::AtomicU64;

/// Time between two content chunks, and the tokens the second one carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// In units of 100 ns: a user's memory is mostly these, and no reading of a socket is finer.
    pub tenths_us: u32,
    /// Tokens in the chunk that ended the gap.
    pub tokens: u32,
}

/// What came back, with stamps of [`crate::clock::now_ns`]; 0 for what never came.
#[derive(Debug, Default)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// First byte of the answer.
    pub first_byte_ns: u64,
    /// First content chunk.
    pub first_content_ns: u64,
    /// Last content chunk.
    pub last_content_ns: u64,
    /// Last byte.
    pub end_ns: u64,
    /// Content tokens.
    pub tokens: u64,
    /// The stream's end mark came.
    pub done: bool,
    /// An event reported an error.
    pub error: bool,
    /// An event was cut off.
    pub cut_off: bool,
    /// Between content chunks.
    pub gaps: Vec<Gap>,
    /// Arrival of each stamped chunk less the sender's stamp, nanoseconds.
    pub stamp_errors: Vec<u32>,
}

/// Content received, counted as it arrives.
#[derive(Debug, Default)]
pub struct Received {
    /// Content tokens.
    pub tokens: AtomicU64,
    /// Content chunks.
    pub chunks: AtomicU64,
}

/// Runs requests one after another; its buffers are used again.
#[derive(Debug, Default)]
pub struct Exchange {
    parser: Parser,
    answer: Answer,
    unix_offset_ns: u64,
}

impl Exchange {
    /// Sends `request` and reads the answer to its end.
    ///
    /// # Errors
    /// Why there was no answer, or no end of it.
    pub async fn run(
        &mut self,
        connection: &mut Connection,
        request: hyper::Request<Bytes>,
        scanner: &Scanner,
        received: &Received,
    ) -> Result<(), Failure> {
        self.begin();
        let head = connection.send(request).await?;
        self.answer.first_byte_ns = connection.first_byte_ns();
        self.answer.status = head.status;
        let mut take = |piece: &[u8], read_ns| match head.is_json {
            true => Ok(()),
            false => self
                .take(piece, read_ns, scanner, received)
                .map_err(|Overflow| Failure::Overflow),
        };
        connection.body(&mut take).await?;
        self.answer.end_ns = connection.last_byte_ns();
        Ok(())
    }

    /// What came back last.
    pub fn answer(&self) -> &Answer {
        &self.answer
    }

    fn begin(&mut self) {
        self.parser.reset();
        let (mut gaps, mut stamp_errors) = (
            std::mem::take(&mut self.answer.gaps),
            std::mem::take(&mut self.answer.stamp_errors),
        );
        gaps.clear();
        stamp_errors.clear();
        self.answer = Answer {
            gaps,
            stamp_errors,
            ..Answer::default()
        };
        self.unix_offset_ns = unix_offset_ns();
    }

    fn take(
        &mut self,
        piece: &[u8],
        read_ns: u64,
        scanner: &Scanner,
        received: &Received,
    ) -> Result<(), Overflow> {
        let (answer, offset) = (&mut self.answer, self.unix_offset_ns);
        self.parser.feed(piece, |event| {
            let chunk = scanner.scan(event.data);
            answer.done |= chunk.done;
            answer.cut_off |= chunk.cut_off;
            answer.error |= chunk.error || event.name == b"error";
            if chunk.tokens > 0 {
                add(&received.tokens, chunk.tokens.into());
                add(&received.chunks, 1);
                answer.content(&chunk, read_ns, offset);
            }
        })
    }
}

impl Answer {
    fn content(&mut self, chunk: &Chunk, read_ns: u64, unix_offset_ns: u64) {
        self.tokens += u64::from(chunk.tokens);
        if self.first_content_ns == 0 {
            self.first_content_ns = read_ns;
        } else {
            let tenths = read_ns.saturating_sub(self.last_content_ns) / 100;
            self.gaps.push(Gap {
                tenths_us: u32::try_from(tenths).unwrap_or(u32::MAX),
                tokens: chunk.tokens,
            });
        }
        self.last_content_ns = read_ns;
        if let Some(sent) = chunk.sent_unix_ns {
            let error = (read_ns + unix_offset_ns).saturating_sub(sent);
            self.stamp_errors
                .push(u32::try_from(error).unwrap_or(u32::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::Ordering::Relaxed;

    fn take(pieces: &[(&str, u64)]) -> (Exchange, Received) {
        let (mut exchange, received) = (Exchange::default(), Received::default());
        for (piece, read_ns) in pieces {
            exchange
                .take(piece.as_bytes(), *read_ns, &Scanner::default(), &received)
                .unwrap();
        }
        (exchange, received)
    }

    #[test]
    fn gaps_are_between_content_chunks() {
        let (exchange, received) = take(&[
            (": hi\n\ndata: {\"role\":\"assistant\"}\n\n", 500),
            ("data: {\"content\":\" a\"}\n", 1_000),
            ("\ndata: {\"content\":\" b c\"}\n\n", 2_500),
            ("data: [DONE]\n\n", 9_000),
        ]);
        let answer = &exchange.answer;
        assert_eq!(
            (answer.first_content_ns, answer.last_content_ns),
            (2_500, 2_500)
        );
        assert_eq!(
            answer.gaps,
            [Gap {
                tenths_us: 0,
                tokens: 2
            }]
        );
        assert!(answer.done && !answer.error);
        assert_eq!(received.tokens.load(Relaxed), 3);
        assert_eq!(received.chunks.load(Relaxed), 2);
    }

    #[test]
    fn stamps_give_the_clients_error() {
        let (exchange, _) = take(&[("data: {\"content\":\"a\",\"sent_unix_ns\":700}\n\n", 1_000)]);
        assert_eq!(exchange.answer.stamp_errors, [300]);
    }

    #[test]
    fn errors_are_kept() {
        assert!(take(&[("data: {\"error\":\"x\"}\n\n", 1)]).0.answer.error);
        assert!(take(&[("event: error\ndata: x\n\n", 1)]).0.answer.error);
        assert!(take(&[("data: {\"conte\n\n", 1)]).0.answer.cut_off);
    }

    #[test]
    fn a_new_request_begins_with_nothing() {
        let (mut exchange, _) = take(&[("data: {\"content\":\"a\"}\n\ndata: [DONE]", 1)]);
        exchange.begin();
        assert_eq!((exchange.answer.tokens, exchange.answer.gaps.len()), (0, 0));
        assert!(!exchange.answer.done);
    }
}
