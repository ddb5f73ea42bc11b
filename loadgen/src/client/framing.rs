//! Framing of an HTTP/1.1 answer's body (RFC 9112, sections 6 and 7).

use super::Failure;

/// Highest total size of chunk extensions and trailers.
const MAX_EXTRA_BYTES: u32 = 16 << 10;

/// Length of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// A number of bytes.
    Bytes(u64),
    /// Chunks, each with its size.
    Chunked,
    /// All bytes until the connection ends.
    UntilClosed,
}

/// State machine that finds the body in the bytes read, wherever a read ends.
#[derive(Clone, Copy, Debug)]
pub struct Framing {
    state: State,
    /// Size of chunk extensions and trailers so far.
    extra: u32,
    /// Whether the head states a length in bytes.
    is_stated: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Bytes left of a body in one piece.
    Whole(u64),
    UntilClosed,
    /// Size of a chunk, as far as it is read; none before its first digit.
    Size(Option<u64>),
    /// Extension after a chunk's size.
    Extension(u64),
    /// LF after a chunk's size.
    SizeEnd(u64),
    /// Bytes left of a chunk.
    Data(u64),
    DataCr,
    DataLf,
    /// Beginning of a line after the last chunk.
    Trailer,
    InTrailer,
    TrailerLf,
    LastLf,
    Done,
}

impl Framing {
    /// Returns the framing of a body of `length`.
    pub fn new(length: Length) -> Self {
        let state = match length {
            Length::Bytes(0) => State::Done,
            Length::Bytes(bytes) => State::Whole(bytes),
            Length::Chunked => State::Size(None),
            Length::UntilClosed => State::UntilClosed,
        };
        Self {
            state,
            extra: 0,
            is_stated: matches!(length, Length::Bytes(1..)),
        }
    }

    /// Returns whether the body is at its end.
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// Returns whether the end of the connection is the end of the body.
    pub fn may_close(&self) -> bool {
        matches!(self.state, State::UntilClosed | State::Done)
    }

    /// Calls `take` with each piece of the body in `bytes`. Returns the bytes after its end.
    ///
    /// # Errors
    /// That of `take`, if the chunks are malformed, or if the body goes on after its stated length.
    pub fn feed<'a>(
        &mut self,
        mut bytes: &'a [u8],
        take: &mut impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<&'a [u8], Failure> {
        while !bytes.is_empty() && !self.is_done() {
            let length = match self.state {
                State::Whole(left) | State::Data(left) => {
                    let length = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                    take(&bytes[..length])?;
                    self.took(length as u64);
                    length
                }
                State::UntilClosed => {
                    take(bytes)?;
                    bytes.len()
                }
                _ => {
                    self.state = self.next(bytes[0])?;
                    1
                }
            };
            bytes = &bytes[length..];
        }
        // A server that closes an idle connection may say so (408), and some add a line end.
        let is_other = bytes.starts_with(b"HTTP/") || bytes.trim_ascii().is_empty();
        match self.is_stated && !is_other {
            true => Err(Failure::Excess),
            false => Ok(bytes),
        }
    }

    fn took(&mut self, length: u64) {
        self.state = match self.state {
            State::Whole(left) if left == length => State::Done,
            State::Whole(left) => State::Whole(left - length),
            State::Data(left) if left == length => State::DataCr,
            State::Data(left) => State::Data(left - length),
            state => state,
        };
    }

    /// Returns the state after a byte that is not part of the body.
    fn next(&mut self, byte: u8) -> Result<State, Failure> {
        let malformed = Err(Failure::Malformed);
        Ok(match (self.state, byte) {
            (State::Size(size), _) if byte.is_ascii_hexdigit() => {
                State::Size(Some(more(size, byte)?))
            }
            (State::Size(Some(size)), b'\r') => State::SizeEnd(size),
            (State::Size(Some(size)), b';' | b' ' | b'\t') => State::Extension(size),
            (State::Extension(size), b'\r') => State::SizeEnd(size),
            (State::Extension(_), b'\n') => return malformed,
            (State::Extension(_) | State::InTrailer, _) if byte != b'\r' => self.extra()?,
            (State::SizeEnd(0), b'\n') => State::Trailer,
            (State::SizeEnd(size), b'\n') => State::Data(size),
            (State::DataCr, b'\r') => State::DataLf,
            (State::DataLf, b'\n') => State::Size(None),
            (State::Trailer, b'\r') => State::LastLf,
            (State::LastLf, b'\n') => State::Done,
            (State::Trailer, _) => {
                self.extra()?;
                State::InTrailer
            }
            (State::InTrailer, _) => State::TrailerLf,
            (State::TrailerLf, b'\n') => State::Trailer,
            _ => return malformed,
        })
    }

    fn extra(&mut self) -> Result<State, Failure> {
        self.extra += 1;
        match self.extra > MAX_EXTRA_BYTES {
            true => Err(Failure::Malformed),
            false => Ok(self.state),
        }
    }
}

/// Returns `size` with another hexadecimal digit.
fn more(size: Option<u64>, digit: u8) -> Result<u64, Failure> {
    let digit = char::from(digit).to_digit(16).ok_or(Failure::Malformed)?;
    let size = size.unwrap_or(0).checked_mul(16);
    size.map(|size| size + u64::from(digit))
        .ok_or(Failure::Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Returns the body, the bytes after it, and whether it ended; feeds pieces that end at `cuts`.
    fn read(
        length: Length,
        bytes: &[u8],
        cuts: &[usize],
    ) -> Result<(Vec<u8>, Vec<u8>, bool), Failure> {
        let mut framing = Framing::new(length);
        let (mut body, mut behind, mut from) = (Vec::new(), Vec::new(), 0);
        for to in cuts.iter().copied().chain([bytes.len()]) {
            let piece = &bytes[from.min(to)..to];
            behind.extend_from_slice(framing.feed(piece, &mut |data| {
                body.extend_from_slice(data);
                Ok(())
            })?);
            from = from.max(to);
        }
        Ok((body, behind, framing.is_done()))
    }

    fn chunked(bytes: &str) -> Result<(String, String, bool), Failure> {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let read = read(Length::Chunked, bytes.as_bytes(), &[]);
        read.map(|(body, behind, done)| (text(body), text(behind), done))
    }

    #[test]
    fn joins_chunks() {
        let good = |text: &str, body: &str, behind: &str| {
            assert_eq!(
                chunked(text),
                Ok((body.into(), behind.into(), true)),
                "{text:?}"
            );
        };
        good(
            "3\r\nabc\r\n0A \r\n0123456789\r\n0\r\n\r\n",
            "abc0123456789",
            "",
        );
        good(
            "1;a=\"b\"\r\nx\r\n000;c\r\nTrailer: 1\r\nB: 2\r\n\r\nHTTP",
            "x",
            "HTTP",
        );
    }

    #[test]
    fn reports_a_body_that_has_not_ended() {
        for text in [
            "",
            "3\r\nab",
            "3\r\nabc\r\n",
            "0\r\n",
            "0\r\nTrailer: x\r\n",
        ] {
            assert!(!chunked(text).unwrap().2, "{text:?}");
        }
    }

    #[test]
    fn rejects_malformed_chunks() {
        for text in [
            "\r\n",
            "x\r\n",
            "3\nabc",
            "3;\nabc",
            "3\r\nabcd",
            "3\r\nabc\n",
            "3 \rx",
            "0\r\n\rx",
            "10000000000000000\r\n",
        ] {
            assert_eq!(chunked(text), Err(Failure::Malformed), "{text:?}");
        }
        for endless in ["1;", "0\r\nx"] {
            let text = format!("{endless}{}", "y".repeat(20_000));
            assert_eq!(chunked(&text), Err(Failure::Malformed), "{endless:?}");
        }
    }

    #[test]
    fn rejects_a_body_that_is_longer_than_stated() {
        let longer = read(Length::Bytes(3), b"abcd", &[1]);
        assert_eq!(longer, Err(Failure::Excess));
        assert!(read(Length::Bytes(3), b"abc\r\n", &[]).is_ok());
    }

    #[test]
    fn reads_a_body_in_one_piece() {
        let whole = read(Length::Bytes(3), b"abcHTTP/1.1 408", &[1]).unwrap();
        assert_eq!(whole, (b"abc".to_vec(), b"HTTP/1.1 408".to_vec(), true));
        assert!(Framing::new(Length::Bytes(0)).is_done());
        let open = read(Length::UntilClosed, b"abc", &[2]).unwrap();
        assert_eq!(open, (b"abc".to_vec(), vec![], false));
        assert!(Framing::new(Length::UntilClosed).may_close());
        assert!(!Framing::new(Length::Chunked).may_close());
    }

    proptest! {
        #[test]
        fn accepts_reads_that_end_anywhere(
            chunks in prop::collection::vec(("[a-z\r\n]{1,20}", "|;[a-z=]{0,5}"), 0..5),
            trailers in "|A: b\r\n|A: b\r\nC: d\r\n",
        ) {
            let mut text = String::new();
            let mut body = String::new();
            for (data, extension) in &chunks {
                text += &format!("{:x}{extension}\r\n{data}\r\n", data.len());
                body += data;
            }
            text += &format!("0\r\n{trailers}\r\nbehind");
            let bytes = text.as_bytes();
            let every: Vec<usize> = (1..bytes.len()).collect();
            for cuts in every.chunks(1).chain([&every[..]]) {
                let (read, behind, done) = read(Length::Chunked, bytes, cuts).unwrap();
                prop_assert!(done && read == body.as_bytes() && behind == b"behind");
            }
        }

        #[test]
        fn survives_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(Length::Chunked, &bytes, &[bytes.len() / 2]);
        }
    }
}
