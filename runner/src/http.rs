//! One small HTTP request, for the stub's counters.

use anyhow::{Context, bail};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::{Request, body::Bytes, client::conn::http1, header::HOST};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// More than any answer we ask for.
const LIMIT: usize = 64 * 1024;

/// The body of `http://AUTHORITY/PATH`.
///
/// # Errors
/// When there is no connection, no answer, or another status than 200.
pub async fn get(authority: &str, path: &str) -> anyhow::Result<Bytes> {
    let stream = TcpStream::connect(authority)
        .await
        .context("no connection")?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get(path)
        .header(HOST, authority)
        .body(Empty::<Bytes>::new())?;
    // Ends by itself once the sender is dropped or the server closes.
    tokio::spawn(connection);
    let answer = sender.send_request(request).await.context("no answer")?;
    if answer.status() != 200 {
        bail!("status {}", answer.status());
    }
    let body = Limited::new(answer.into_body(), LIMIT).collect().await;
    let body = body.map_err(|error| anyhow::anyhow!("half an answer: {error}"))?;
    Ok(body.to_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
    };

    /// What `get` makes of a server that answers `answer` and closes.
    async fn answered(answer: &'static str) -> Result<Bytes, String> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 512];
            let length = stream.read(&mut request).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let result = get(&authority, "/stats").await;
        let request = server.await.unwrap();
        assert!(request.starts_with("GET /stats HTTP/1.1\r\n"), "{request}");
        assert!(
            request.contains(&format!("host: {authority}\r\n")),
            "{request}"
        );
        result.map_err(|error| format!("{error:#}"))
    }

    #[tokio::test]
    async fn the_body_of_an_answer() {
        let body = answered("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}").await;
        assert_eq!(body.unwrap(), "{}");
    }

    #[tokio::test]
    async fn what_is_no_answer_is_an_error() {
        let error = answered("HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n")
            .await
            .unwrap_err();
        assert!(error.contains("500"), "{error}");
        assert!(answered("").await.unwrap_err().starts_with("no answer"));
        let half = answered("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{}").await;
        assert!(half.unwrap_err().starts_with("half an answer"));
    }
}
