//! When a server answers.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

/// One try must not take up the whole time there is.
const TRY_TIMEOUT: Duration = Duration::from_secs(1);

/// Whether the port accepts, or, with a path, whether a GET of it answers 2xx.
pub(super) fn answers(port: u16, path: Option<&str>) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, TRY_TIMEOUT) else {
        return false;
    };
    path.is_none_or(|path| get(&mut stream, path).is_ok_and(|status| (200..300).contains(&status)))
}

/// What [`answers`] waits for, in words.
pub(super) fn describe(path: Option<&str>) -> String {
    path.map_or_else(
        || "a connection".to_owned(),
        |path| format!("a 2xx from GET {path}"),
    )
}

/// The status of one GET, of which nothing but the status line is read.
fn get(stream: &mut TcpStream, path: &str) -> std::io::Result<u16> {
    stream.set_read_timeout(Some(TRY_TIMEOUT))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    )?;
    let mut line = [0; "HTTP/1.1 200".len()];
    stream.read_exact(&mut line)?;
    let status = std::str::from_utf8(&line)
        .ok()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok());
    status.ok_or_else(|| std::io::ErrorKind::InvalidData.into())
}

#[cfg(test)]
mod tests {
    use super::answers;
    use std::{
        io::{Read, Write},
        net::TcpListener,
    };

    /// A server that answers every connection with `answer`.
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
    fn a_path_has_to_answer_well() {
        assert!(answers(
            server("HTTP/1.1 204 No Content\r\n\r\n"),
            Some("/up")
        ));
        assert!(!answers(
            server("HTTP/1.1 503 Starting\r\n\r\n"),
            Some("/up")
        ));
        assert!(!answers(server("220 mail.example ESMTP\r\n"), Some("/up")));
        assert!(!answers(server(""), Some("/up")));
    }

    #[test]
    fn without_a_path_a_connection_will_do() {
        assert!(answers(server(""), None));
        let closed = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        assert!(!answers(closed, None));
    }
}
