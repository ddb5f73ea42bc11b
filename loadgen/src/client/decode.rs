//! Content encodings: decoded as the body arrives, if the request accepts them.

use flate2::write::{MultiGzDecoder, ZlibDecoder};
use std::io::Write;

/// Content encoding of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// None.
    #[default]
    Identity,
    /// The encoding `gzip`.
    Gzip,
    /// The encoding `deflate`: the zlib format.
    Deflate,
    /// The encoding `br` (Brotli).
    Brotli,
    /// The encoding `zstd`.
    Zstd,
    /// Another encoding, or several.
    Unknown,
}

/// Decoder of one body.
pub struct Decoder(Box<Inner>);

enum Inner {
    Gzip(MultiGzDecoder<Vec<u8>>),
    Deflate(ZlibDecoder<Vec<u8>>),
    Brotli(Box<brotli_decompressor::DecompressorWriter<Vec<u8>>>),
    Zstd(zstd::stream::write::Decoder<'static, Vec<u8>>),
}

impl Encoding {
    /// Reads the value of `Content-Encoding`.
    pub fn new(value: &[u8]) -> Self {
        let value = value.trim_ascii().to_ascii_lowercase();
        match &value[..] {
            b"" | b"identity" => Self::Identity,
            b"gzip" | b"x-gzip" => Self::Gzip,
            b"deflate" => Self::Deflate,
            b"br" => Self::Brotli,
            b"zstd" => Self::Zstd,
            _ => Self::Unknown,
        }
    }

    /// Returns the name that HTTP uses.
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Unknown => "unknown",
        }
    }

    /// Returns whether `accept_encoding` names this encoding.
    pub fn is_accepted(self, accept_encoding: &[u8]) -> bool {
        accept_encoding.split(|byte| *byte == b',').any(|option| {
            let mut parts = option.split(|byte| *byte == b';');
            let name = parts.next().unwrap_or_default().trim_ascii();
            let refused = parts.any(|part| part.trim_ascii() == b"q=0");
            !refused && (name == b"*" || Self::new(name) == self)
        })
    }

    /// Returns a decoder; none for what needs none or cannot be decoded.
    pub fn decoder(self) -> Option<Decoder> {
        let inner = match self {
            Self::Identity | Self::Unknown => return None,
            Self::Gzip => Inner::Gzip(MultiGzDecoder::new(Vec::new())),
            Self::Deflate => Inner::Deflate(ZlibDecoder::new(Vec::new())),
            Self::Brotli => Inner::Brotli(Box::new(brotli_decompressor::DecompressorWriter::new(
                Vec::new(),
                4096,
            ))),
            Self::Zstd => Inner::Zstd(zstd::stream::write::Decoder::new(Vec::new()).ok()?),
        };
        Some(Decoder(Box::new(inner)))
    }
}

impl Decoder {
    /// Decodes the next piece of the body. Returns all text that it completes.
    ///
    /// # Errors
    /// If the body is not of the encoding.
    pub fn decode(&mut self, piece: &[u8]) -> std::io::Result<Vec<u8>> {
        let out = match &mut *self.0 {
            Inner::Gzip(decoder) => {
                decoder.write_all(piece)?;
                decoder.flush()?;
                decoder.get_mut()
            }
            Inner::Deflate(decoder) => {
                decoder.write_all(piece)?;
                decoder.flush()?;
                decoder.get_mut()
            }
            Inner::Brotli(decoder) => {
                decoder.write_all(piece)?;
                decoder.flush()?;
                decoder.get_mut()
            }
            Inner::Zstd(decoder) => {
                decoder.write_all(piece)?;
                decoder.flush()?;
                decoder.get_mut()
            }
        };
        Ok(std::mem::take(out))
    }
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Decoder")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    const EVENTS: [&str; 3] = ["data: one\n\n", "data: two two\n\n", "data: [DONE]\n\n"];

    /// Encodes each event and flushes, as a server that streams does.
    fn pieces<W: Write>(mut encoder: W, mut take: impl FnMut(&mut W) -> Vec<u8>) -> Vec<Vec<u8>> {
        let piece = |event: &&str| {
            encoder.write_all(event.as_bytes()).unwrap();
            encoder.flush().unwrap();
            take(&mut encoder)
        };
        EVENTS.iter().map(piece).collect()
    }

    fn encoded(encoding: Encoding) -> Vec<Vec<u8>> {
        let level = Compression::default();
        match encoding {
            Encoding::Gzip => pieces(GzEncoder::new(Vec::new(), level), |encoder| {
                std::mem::take(encoder.get_mut())
            }),
            Encoding::Deflate => pieces(ZlibEncoder::new(Vec::new(), level), |encoder| {
                std::mem::take(encoder.get_mut())
            }),
            _ => {
                let encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
                pieces(encoder, |encoder| std::mem::take(encoder.get_mut()))
            }
        }
    }

    #[test]
    fn decodes_each_event_when_it_arrives() {
        for encoding in [Encoding::Gzip, Encoding::Deflate, Encoding::Zstd] {
            let mut decoder = encoding.decoder().unwrap();
            for (piece, event) in encoded(encoding).iter().zip(EVENTS) {
                let text = decoder.decode(piece).unwrap();
                assert_eq!(
                    String::from_utf8(text).unwrap(),
                    event,
                    "{}",
                    encoding.name()
                );
            }
        }
    }

    #[test]
    fn decodes_brotli() {
        // `data: one` and an empty line, as the reference encoder writes them uncompressed.
        let stream = [b"\x0b\x05\x80".as_slice(), b"data: one\n\n", b"\x03"].concat();
        let mut decoder = Encoding::Brotli.decoder().unwrap();
        let text = decoder.decode(&stream).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), EVENTS[0]);
    }

    #[test]
    fn rejects_a_body_of_another_encoding() {
        for encoding in [Encoding::Gzip, Encoding::Deflate, Encoding::Zstd] {
            let mut decoder = encoding.decoder().unwrap();
            assert!(
                decoder.decode(b"data: plain text\n\n").is_err(),
                "{}",
                encoding.name()
            );
        }
    }

    #[test]
    fn accepts_what_accept_encoding_names() {
        assert!(Encoding::Brotli.is_accepted(b"gzip, br;q=0.5"));
        assert!(Encoding::Gzip.is_accepted(b"GZIP") && Encoding::Zstd.is_accepted(b"*"));
        assert!(!Encoding::Gzip.is_accepted(b"") && !Encoding::Gzip.is_accepted(b"gzip;q=0"));
        assert!(!Encoding::Zstd.is_accepted(b"gzip, br"));
    }

    #[test]
    fn names_encodings_as_http_does() {
        assert_eq!(Encoding::new(b" X-Gzip "), Encoding::Gzip);
        assert_eq!(Encoding::new(b"identity"), Encoding::Identity);
        assert!(Encoding::new(b"gzip, br").decoder().is_none());
        assert_eq!(Encoding::new(b"br").name(), "br");
    }
}
