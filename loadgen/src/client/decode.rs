//! Content encodings: decoded as the body arrives, if the request accepts them.

use flate2::write::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use std::io::{self, Write};

/// Most bytes that one read may decode to. A few bytes can encode gigabytes.
const MAX_PIECE_BYTES: usize = 32 << 20;

/// Content encoding of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// None.
    #[default]
    Identity,
    /// The encoding `gzip`.
    Gzip,
    /// The encoding `deflate`: the zlib format, or without its header, as some servers send it.
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
    Gzip(MultiGzDecoder<Output>),
    /// Before the first byte, which shows whether there is a header.
    Deflate,
    Zlib(ZlibDecoder<Output>),
    RawDeflate(DeflateDecoder<Output>),
    Brotli(Box<brotli_decompressor::DecompressorWriter<Output>>),
    Zstd(zstd::stream::write::Decoder<'static, Output>),
}

/// Decoded bytes of one read.
#[derive(Default)]
struct Output(Vec<u8>);

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.len() + bytes.len() > MAX_PIECE_BYTES {
            true => Err(io::Error::other("too many bytes")),
            false => self.0.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Encoding {
    /// Reads the value of `Content-Encoding`.
    pub fn new(value: &[u8]) -> Self {
        let value = value.to_ascii_lowercase();
        let names = value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
        let mut names = names.filter(|name| !matches!(*name, b"" | b"identity"));
        match (names.next(), names.next()) {
            (None, _) => Self::Identity,
            (Some(b"gzip" | b"x-gzip"), None) => Self::Gzip,
            (Some(b"deflate"), None) => Self::Deflate,
            (Some(b"br"), None) => Self::Brotli,
            (Some(b"zstd"), None) => Self::Zstd,
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
        let out = Output::default;
        let inner = match self {
            Self::Identity | Self::Unknown => return None,
            Self::Gzip => Inner::Gzip(MultiGzDecoder::new(out())),
            Self::Deflate => Inner::Deflate,
            Self::Brotli => Inner::Brotli(Box::new(brotli_decompressor::DecompressorWriter::new(
                out(),
                4096,
            ))),
            Self::Zstd => Inner::Zstd(zstd::stream::write::Decoder::new(out()).ok()?),
        };
        Some(Decoder(Box::new(inner)))
    }
}

impl Decoder {
    /// Decodes the next piece of the body. Returns all text that it completes.
    ///
    /// # Errors
    /// If the body is not of the encoding, or decodes to too many bytes.
    pub fn decode(&mut self, piece: &[u8]) -> io::Result<Vec<u8>> {
        let Some(first) = piece.first() else {
            return Ok(Vec::new());
        };
        if matches!(*self.0, Inner::Deflate) {
            // The header of zlib begins with the method 8 (RFC 1950, 2.2). A block of deflate
            // begins with three bits of its type, which that byte would make a stored block with
            // padding.
            *self.0 = match first & 0x0f {
                8 => Inner::Zlib(ZlibDecoder::new(Output::default())),
                _ => Inner::RawDeflate(DeflateDecoder::new(Output::default())),
            };
        }
        let out = match &mut *self.0 {
            Inner::Deflate => return Ok(Vec::new()),
            Inner::Gzip(decoder) => written(decoder, piece)?.get_mut(),
            Inner::Zlib(decoder) => written(decoder, piece)?.get_mut(),
            Inner::RawDeflate(decoder) => written(decoder, piece)?.get_mut(),
            Inner::Brotli(decoder) => written(&mut **decoder, piece)?.get_mut(),
            Inner::Zstd(decoder) => written(decoder, piece)?.get_mut(),
        };
        Ok(std::mem::take(&mut out.0))
    }
}

/// Returns `decoder` with `piece` decoded.
fn written<'a, W: Write>(decoder: &'a mut W, piece: &[u8]) -> io::Result<&'a mut W> {
    decoder.write_all(piece)?;
    decoder.flush()?;
    Ok(decoder)
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
    fn decodes_deflate_without_the_header_of_zlib() {
        let encoder = flate2::write::DeflateEncoder::new(Vec::new(), Compression::default());
        let pieces = pieces(encoder, |encoder| std::mem::take(encoder.get_mut()));
        let mut decoder = Encoding::Deflate.decoder().unwrap();
        let mut text = Vec::new();
        for byte in pieces.concat() {
            text.extend(decoder.decode(&[byte]).unwrap());
        }
        assert_eq!(String::from_utf8(text).unwrap(), EVENTS.concat());
    }

    #[test]
    fn decodes_several_members_of_gzip() {
        let member = |event: &&str| {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(event.as_bytes()).unwrap();
            encoder.finish().unwrap()
        };
        let body: Vec<u8> = EVENTS.iter().flat_map(member).collect();
        let text = Encoding::Gzip.decoder().unwrap().decode(&body).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), EVENTS.concat());
    }

    #[test]
    fn rejects_a_read_that_decodes_to_too_many_bytes() {
        let zeros = vec![0; MAX_PIECE_BYTES + 1];
        let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
        gzip.write_all(&zeros).unwrap();
        let zstd = zstd::stream::encode_all(&zeros[..], 1).unwrap();
        for (encoding, body) in [
            (Encoding::Gzip, gzip.finish().unwrap()),
            (Encoding::Zstd, zstd),
        ] {
            assert!(body.len() < 64 << 10, "{}", encoding.name());
            let decoded = encoding.decoder().unwrap().decode(&body);
            assert!(decoded.is_err(), "{}", encoding.name());
        }
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
        assert_eq!(Encoding::new(b"GZIP, identity"), Encoding::Gzip);
        assert!(Encoding::new(b"gzip, br").decoder().is_none());
        assert_eq!(Encoding::new(b"br").name(), "br");
    }
}
