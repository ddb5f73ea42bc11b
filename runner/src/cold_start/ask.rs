//! The first question to a server, over the connection that it accepted first.

use crate::target::Held;
use anyhow::{Context, bail};
use recording::Start;
use std::{
    io::{ErrorKind, Read, Write},
    time::{Duration, Instant},
};

/// The longest silence of a server that was asked.
const PATIENCE: Duration = Duration::from_secs(30);
/// More than any answer of one token.
const LIMIT: usize = 64 * 1024;

/// A server that came to its first answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answered {
    /// When.
    pub start: Start,
    /// Bytes it was sent.
    pub bytes_sent: u64,
    /// Bytes it sent.
    pub bytes_received: u64,
}

/// Lets the server go, asks it as soon as it accepts a connection, reads the answer, and stops it.
pub fn once(held: &Held) -> anyhow::Result<Answered> {
    let (released, mut stream) = held.release()?;
    let listening = released.elapsed();
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let request = request(&held.address().to_string());
    stream.write_all(request.as_bytes()).context("cannot ask")?;
    let (first_token, bytes_received) = read(&mut stream, released)?;
    held.freeze()?;
    Ok(Answered {
        start: Start {
            listening_ns: nanoseconds(listening),
            first_token_ns: nanoseconds(first_token),
        },
        bytes_sent: request.len() as u64,
        bytes_received,
    })
}

fn request(host: &str) -> String {
    let body = r#"{"message":"hello"}"#;
    let length = body.len();
    format!(
        "POST /chat HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    )
}

/// Reads the answer to its end; gives when its first token came, and how long it was.
fn read(stream: &mut impl Read, released: Instant) -> anyhow::Result<(Duration, u64)> {
    let (mut answer, mut first_token) = (Vec::new(), None);
    let mut buffer = [0; 4096];
    loop {
        let count = match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error).context("no answer to the first question"),
        };
        answer.extend_from_slice(&buffer[..count]);
        if first_token.is_none() && contains(&answer, b"\"content\"") {
            first_token = Some(released.elapsed());
        }
        if answer.len() > LIMIT {
            bail!("the first answer is longer than {LIMIT} bytes");
        }
    }
    match first_token {
        Some(first_token) if contains(&answer, b"[DONE]") => Ok((first_token, answer.len() as u64)),
        _ => {
            let answer = String::from_utf8_lossy(&answer);
            bail!(
                "the first answer is not whole: {:?}",
                answer.chars().take(300).collect::<String>()
            )
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

    fn answered(text: &str) -> Result<u64, String> {
        let read = read(&mut text.as_bytes(), Instant::now());
        read.map(|(_, bytes)| bytes)
            .map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn an_answer_has_a_token_and_an_end() {
        let whole = "HTTP/1.1 200 OK\r\n\r\ndata: {\"content\":\" tok0\"}\n\ndata: [DONE]\n\n";
        assert_eq!(answered(whole), Ok(whole.len() as u64));
        assert!(
            answered(&whole.replace("[DONE]", ""))
                .unwrap_err()
                .contains("not whole")
        );
        let refused = "HTTP/1.1 502 Bad Gateway\r\n\r\n{\"error\":\"no model\"}";
        assert!(answered(refused).unwrap_err().contains("no model"));
        assert!(
            answered("").is_err()
                && answered(&"x".repeat(LIMIT + 1))
                    .unwrap_err()
                    .contains("longer")
        );
    }

    #[test]
    fn the_question_is_the_one_of_chat() {
        let request = request("127.0.0.1:80");
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("content-length: {}", body.len())));
        assert!(head.starts_with("POST /chat HTTP/1.1\r\nhost: 127.0.0.1:80\r\n"));
    }
}
