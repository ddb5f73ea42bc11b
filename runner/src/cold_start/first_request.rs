//! The first request to a server, over the connection that it accepted first.

use crate::{http, target::SuspendedServer};
use anyhow::{Context, bail};
use recording::Start;
use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

/// The longest silence of a server that has the request.
const PATIENCE: Duration = Duration::from_secs(30);

/// The first answer of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstAnswer {
    /// Time from exec to the connection and to the first token.
    pub start: Start,
    /// Bytes that the server received.
    pub bytes_sent: u64,
    /// Bytes that the server sent.
    pub bytes_received: u64,
}

/// Resumes the server, sends a request on the first connection it accepts, reads the answer, and
/// stops the server.
///
/// # Errors
/// Fails if the server ends or its answer is incomplete.
pub fn send(server: &SuspendedServer) -> anyhow::Result<FirstAnswer> {
    let (resumed, mut stream) = server.resume()?;
    let listening = resumed.elapsed();
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let request = request(&server.address().to_string());
    stream
        .write_all(request.as_bytes())
        .context("cannot send the first request")?;
    let (first_token, bytes_received) = read(&mut stream, resumed)?;
    server.stop()?;
    Ok(FirstAnswer {
        start: Start {
            listening_ns: nanoseconds(listening),
            first_token_ns: nanoseconds(first_token),
        },
        bytes_sent: request.len() as u64,
        bytes_received,
    })
}

fn request(host: &str) -> String {
    http::request("POST", "/chat", host, Some(r#"{"message":"hello"}"#))
}

/// Reads the answer to its end. Returns the time of its first token since `resumed`, and the
/// length.
fn read(stream: &mut impl Read, resumed: Instant) -> anyhow::Result<(Duration, u64)> {
    let mut first_token = None;
    let answer = http::read_until(stream, |bytes| {
        if first_token.is_none() && contains(bytes, b"\"content\"") {
            first_token = Some(resumed.elapsed());
        }
        Ok(false)
    });
    let answer = answer.context("no answer to the first request")?;
    match first_token {
        Some(first_token) if contains(&answer, b"[DONE]") => Ok((first_token, answer.len() as u64)),
        _ => {
            let text = String::from_utf8_lossy(&answer);
            let start: String = text.chars().take(300).collect();
            bail!("the first answer is incomplete: {start:?}")
        }
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

fn nanoseconds(duration: Duration) -> u64 {
    // 584 years fit.
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str) -> Result<u64, String> {
        let read = read(&mut text.as_bytes(), Instant::now());
        read.map(|(_, bytes)| bytes)
            .map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn requires_a_token_and_an_end() {
        let whole = "HTTP/1.1 200 OK\r\n\r\ndata: {\"content\":\" tok0\"}\n\ndata: [DONE]\n\n";
        assert_eq!(answer(whole), Ok(whole.len() as u64));
        let cut = answer(&whole.replace("[DONE]", "")).unwrap_err();
        assert!(cut.contains("incomplete"), "{cut}");
        let refused = "HTTP/1.1 502 Bad Gateway\r\n\r\n{\"error\":\"no model\"}";
        assert!(answer(refused).unwrap_err().contains("no model"));
        assert!(answer("").is_err());
        let long = answer(&"x".repeat(http::MAX_BYTES + 1)).unwrap_err();
        assert!(long.contains("longer"), "{long}");
    }

    #[test]
    fn sends_the_request_of_chat() {
        let request = request("127.0.0.1:80");
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())));
        assert!(head.starts_with("POST /chat HTTP/1.1\r\nhost: 127.0.0.1:80\r\n"));
    }
}
