//! One HTTP/1.1 exchange over a new connection: for readiness, first answers and the stub's
//! counters.
//!
//! It is blocking and sends its request as one write, since a cold start is timed from exec to
//! token.

use anyhow::{Context, Result, bail};
use std::{
    io::{self, ErrorKind, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::Duration,
};

/// More headers than any server under test sends.
const MAX_HEADERS: usize = 64;
/// More than any answer that is read.
pub const MAX_BYTES: usize = 64 * 1024;

/// Formats a request that ends the connection after its answer; with a body it is JSON.
pub fn request(method: &str, path: &str, host: &str, body: Option<&str>) -> String {
    let content = body.map(|body| {
        let length = body.len();
        format!("content-type: application/json\r\ncontent-length: {length}\r\n")
    });
    format!(
        "{method} {path} HTTP/1.1\r\nhost: {host}\r\n{}connection: close\r\n\r\n{}",
        content.unwrap_or_default(),
        body.unwrap_or_default()
    )
}

/// The head of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Status code.
    pub status: u16,
    /// Where the body begins.
    pub length: usize,
    /// Length of the body, if the head has it.
    pub content_length: Option<usize>,
}

/// Parses the head of an answer; `None` while it is incomplete.
///
/// # Errors
/// Fails if the bytes are no HTTP/1 answer.
pub fn head(bytes: &[u8]) -> io::Result<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
    let mut response = httparse::Response::new(&mut headers);
    let parsed = response.parse(bytes).map_err(io::Error::other)?;
    let httparse::Status::Complete(length) = parsed else {
        return Ok(None);
    };
    let mut headers = response.headers.iter();
    let content_length = headers
        .find(|header| header.name.eq_ignore_ascii_case("content-length"))
        .and_then(|header| std::str::from_utf8(header.value).ok()?.trim().parse().ok());
    Ok(Some(Head {
        status: response.code.unwrap_or_default(),
        length,
        content_length,
    }))
}

/// Reads bytes until `done` says so or the other side closes; `done` sees all bytes so far.
///
/// # Errors
/// Fails if reading or `done` does, or more than [`MAX_BYTES`] come.
pub fn read_until(
    stream: &mut impl Read,
    done: impl FnMut(&[u8]) -> io::Result<bool>,
) -> io::Result<Vec<u8>> {
    read_up_to(stream, MAX_BYTES, done)
}

/// Reads as [`read_until`], up to `most` bytes.
///
/// # Errors
/// Fails if reading or `done` does, or more bytes come.
pub fn read_up_to(
    stream: &mut impl Read,
    most: usize,
    mut done: impl FnMut(&[u8]) -> io::Result<bool>,
) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = match stream.read(&mut buffer) {
            Ok(0) => return Ok(bytes),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        bytes.extend_from_slice(&buffer[..count]);
        if bytes.len() > most {
            let text = format!("the answer is longer than {most} bytes");
            return Err(io::Error::new(ErrorKind::FileTooLarge, text));
        }
        if done(&bytes)? {
            return Ok(bytes);
        }
    }
}

/// Returns the body of `http://AUTHORITY/PATH`; each read may take `patience`.
///
/// # Errors
/// Fails without a connection, without a complete answer, or with another status than 200.
pub fn get(authority: &str, path: &str, patience: Duration) -> Result<Vec<u8>> {
    let mut stream = TcpStream::connect(authority).context("no connection")?;
    stream.set_read_timeout(Some(patience))?;
    stream
        .write_all(request("GET", path, authority, None).as_bytes())
        .context("cannot send the request")?;
    let mut bytes = read_until(&mut stream, |_| Ok(false)).context("no answer")?;
    let head = head(&bytes)?.context("no answer")?;
    if head.status != 200 {
        bail!("status {}", head.status);
    }
    let body = bytes.split_off(head.length);
    if head
        .content_length
        .is_some_and(|length| body.len() < length)
    {
        bail!("the answer is incomplete");
    }
    Ok(body)
}

/// Posts JSON to `http://AUTHORITY/PATH`; connecting, and each read and write, may take `patience`.
///
/// # Errors
/// Fails without a connection, or with a status that is no success.
pub fn post(authority: &str, path: &str, body: &str, patience: Duration) -> Result<()> {
    let mut addresses = authority.to_socket_addrs().context("unknown host")?;
    let address = addresses.next().context("unknown host")?;
    let mut stream = TcpStream::connect_timeout(&address, patience).context("no connection")?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    stream
        .write_all(request("POST", path, authority, Some(body)).as_bytes())
        .context("cannot send the request")?;
    // The head has the status; some servers keep the connection open after it.
    let bytes = read_until(&mut stream, |bytes| Ok(head(bytes)?.is_some())).context("no answer")?;
    let head = head(&bytes)?.context("no answer")?;
    match head.status {
        200..300 => Ok(()),
        status => bail!("status {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{net::TcpListener, thread};

    /// Returns the result of `get` from a server that sends `answer` and closes.
    fn result(answer: &'static str) -> Result<Vec<u8>, String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 512];
            let length = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let result = get(&authority, "/stats", Duration::from_secs(60));
        let request = server.join().unwrap();
        assert!(request.starts_with("GET /stats HTTP/1.1\r\n"), "{request}");
        assert!(request.contains(&format!("host: {authority}\r\n")));
        result.map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn returns_the_body_of_an_answer() {
        let body = result("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}");
        assert_eq!(body.unwrap(), b"{}");
    }

    #[test]
    fn rejects_incomplete_answers_and_other_statuses() {
        let error = |answer| result(answer).unwrap_err();
        assert!(error("HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n").contains("500"));
        assert!(error("").starts_with("no answer"));
        assert!(error("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}").contains("incomplete"));
    }

    #[test]
    fn posts_json_and_rejects_refusals() {
        for (answer, expected) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Ok(())),
            (
                "HTTP/1.1 415 No\r\ncontent-length: 0\r\n\r\n",
                Err("status 415"),
            ),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let authority = listener.local_addr().unwrap().to_string();
            let server = thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let ends = |bytes: &[u8]| Ok(bytes.ends_with(b"{\"a\":1}"));
                let request = read_until(&mut stream, ends).unwrap();
                stream.write_all(answer.as_bytes()).unwrap();
                String::from_utf8(request).unwrap()
            });
            let result = post(
                &authority,
                "/v1/metrics",
                "{\"a\":1}",
                Duration::from_secs(60),
            );
            let request = server.join().unwrap();
            assert!(
                request.starts_with("POST /v1/metrics HTTP/1.1\r\n"),
                "{request}"
            );
            let result = result.map_err(|error| error.to_string());
            assert_eq!(result, expected.map_err(String::from));
        }
    }

    #[test]
    fn rejects_answers_that_are_too_long() {
        let long = vec![b'x'; MAX_BYTES + 1];
        let error = read_until(&mut long.as_slice(), |_| Ok(false)).unwrap_err();
        assert!(error.to_string().contains("longer"), "{error}");
    }
}
