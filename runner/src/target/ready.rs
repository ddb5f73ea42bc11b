//! When a server answers.

use crate::http;
use std::{
    io::{self, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

/// One attempt must not use up the whole time there is.
const ATTEMPT: Duration = Duration::from_secs(1);

/// Whether the port accepts, or, with a path, whether a GET of it answers 2xx.
pub(super) fn answers(port: u16, path: Option<&str>) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, ATTEMPT) else {
        return false;
    };
    path.is_none_or(|path| {
        status(&mut stream, path).is_ok_and(|status| (200..300).contains(&status))
    })
}

/// Returns the condition that [`answers`] checks, for messages.
pub(super) fn describe(path: Option<&str>) -> String {
    path.map_or_else(
        || "a connection".to_owned(),
        |path| format!("a 2xx from GET {path}"),
    )
}

/// Returns the status of one GET. The body is not read: it may be a stream without end.
fn status(stream: &mut TcpStream, path: &str) -> io::Result<u16> {
    stream.set_read_timeout(Some(ATTEMPT))?;
    stream.write_all(http::request("GET", path, "127.0.0.1", None).as_bytes())?;
    let bytes = http::read_until(stream, |bytes| Ok(http::head(bytes)?.is_some()))?;
    let head = http::head(&bytes)?;
    head.map(|head| head.status)
        .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

#[cfg(test)]
mod tests {
    use super::answers;
    use std::{
        io::{Read, Write},
        net::TcpListener,
    };

    /// Starts a server that answers every connection with `answer`.
    fn server(answer: &'static str) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let _ = stream.read(&mut [0; 512]);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        port
    }

    #[test]
    fn requires_a_2xx_of_the_path() {
        let answers = |answer| answers(server(answer), Some("/up"));
        assert!(answers("HTTP/1.1 204 No Content\r\n\r\n"));
        assert!(!answers("HTTP/1.1 503 Starting\r\n\r\n"));
        assert!(!answers("220 mail.example ESMTP\r\n"));
        assert!(!answers(""));
    }

    #[test]
    fn accepts_a_connection_without_a_path() {
        assert!(answers(server(""), None));
        let closed = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = closed.local_addr().unwrap().port();
        drop(closed);
        assert!(!answers(port, None));
    }
}
