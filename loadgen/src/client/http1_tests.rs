//! Answers in one piece, in several, malformed, and on a kept connection, over a pipe in memory.

use super::*;
use crate::client::{Metered, Wire};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};

type Client = Http1<Metered<DuplexStream>>;

/// Returns a client and the server's end of its connection, which buffers `room` bytes.
fn connected(room: usize) -> (Client, DuplexStream) {
    let (here, there) = tokio::io::duplex(room);
    let reads = Arc::new(Reads::default());
    let metered = Metered::new(here, Arc::new(Wire::default()), reads.clone());
    (Http1::new(metered, reads), there)
}

fn request(method: &str, body: &'static str) -> hyper::Request<Bytes> {
    let request = hyper::Request::builder().method(method).uri("/chat");
    request.body(Bytes::from(body)).unwrap()
}

/// Sends a request and reads the answer to its end.
async fn ask(client: &mut Client, method: &str) -> Result<(u16, String), Failure> {
    let head = client.send(&request(method, "{}")).await?;
    let mut body = Vec::new();
    let mut take = |data: &[u8], _| {
        body.extend_from_slice(data);
        Ok(())
    };
    client.body(&mut take).await?;
    Ok((head.status, String::from_utf8(body).unwrap()))
}

/// Returns the client's result for `answer`, and whether it keeps the connection.
async fn answered(
    method: &str,
    answer: &str,
    then_close: bool,
) -> (Result<(u16, String), Failure>, bool) {
    let (mut client, mut server) = connected(1 << 16);
    server.write_all(answer.as_bytes()).await.unwrap();
    if then_close {
        server.shutdown().await.unwrap();
    }
    let result = ask(&mut client, method).await;
    (result, client.reusable().await)
}

const CHUNKED: &str = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";

#[tokio::test]
async fn reads_several_answers_on_one_connection() {
    let (mut client, mut server) = connected(1 << 16);
    for n in 0..3 {
        let answer = format!("{CHUNKED}2\r\nn{n}\r\n0\r\n\r\n");
        server.write_all(answer.as_bytes()).await.unwrap();
        assert_eq!(ask(&mut client, "POST").await, Ok((200, format!("n{n}"))));
        assert!(client.reusable().await);
        let mut request = vec![0; "POST /chat HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}".len()];
        server.read_exact(&mut request).await.unwrap();
        assert!(request.starts_with(b"POST /chat HTTP/1.1\r\n") && request.ends_with(b"{}"));
    }
    drop(server);
    assert!(!client.reusable().await);
}

#[tokio::test]
async fn skips_interim_answers() {
    let answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\na: b\r\n\r\n\
                  HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\nok";
    let (result, keeps) = answered("POST", answer, false).await;
    assert_eq!((result, keeps), (Ok((201, "ok".into())), true));
}

#[tokio::test]
async fn expects_no_body_where_http_has_none() {
    let with_length = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n";
    let (result, keeps) = answered("HEAD", with_length, false).await;
    assert_eq!((result, keeps), (Ok((200, String::new())), true));
    let (result, keeps) = answered("GET", "HTTP/1.1 204 No Content\r\n\r\n", false).await;
    assert_eq!((result, keeps), (Ok((204, String::new())), true));
}

#[tokio::test]
async fn accepts_a_body_that_ends_with_the_connection() {
    let (result, keeps) = answered("GET", "HTTP/1.1 200 OK\r\n\r\nall of it", true).await;
    assert_eq!((result, keeps), (Ok((200, "all of it".into())), false));
}

#[tokio::test]
async fn drops_a_connection_with_unrequested_bytes() {
    let (result, keeps) = answered("GET", &format!("{CHUNKED}0\r\n\r\nHTTP/1.1 408"), false).await;
    assert_eq!((result, keeps), (Ok((200, String::new())), false));
}

#[tokio::test]
async fn distinguishes_broken_answers() {
    let failure =
        |answer: &'static str| async move { answered("GET", answer, true).await.0.unwrap_err() };
    assert_eq!(failure("").await, Failure::ClosedEarly);
    assert_eq!(failure("HTTP/1.1 200 OK\r\n").await, Failure::ClosedEarly);
    assert_eq!(
        failure("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\na").await,
        Failure::ClosedMidStream
    );
    assert_eq!(failure("what?\r\n\r\n").await, Failure::Malformed);
    let chunk = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n";
    assert_eq!(failure(chunk).await, Failure::Malformed);
}

#[tokio::test]
async fn reads_a_refusal_before_the_request_is_written() {
    let (mut client, mut server) = connected(256);
    let answer = "HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\n\r\nno";
    server.write_all(answer.as_bytes()).await.unwrap();
    let large = hyper::Request::post("/")
        .body(Bytes::from(vec![b'x'; 1 << 20]))
        .unwrap();
    assert_eq!(client.send(&large).await.unwrap().status, 413);
    client.body(&mut |_, _| Ok(())).await.unwrap();
    // Half of the request is still unwritten.
    assert!(!client.reusable().await);
}

#[tokio::test]
async fn writes_the_rest_of_a_request_while_it_reads_the_answer() {
    let (mut client, mut server) = connected(256);
    let large = hyper::Request::post("/")
        .body(Bytes::from(vec![b'x'; 100_000]))
        .unwrap();
    // The server sends the head at once, and the body after it has read the request.
    let serve = async {
        server.write_all(CHUNKED.as_bytes()).await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(&[b'x'; 100_000]) {
            assert!(server.read_buf(&mut request).await.unwrap() > 0);
        }
        server.write_all(b"2\r\nok\r\n0\r\n\r\n").await.unwrap();
    };
    let ask = async {
        assert_eq!(client.send(&large).await.unwrap().status, 200);
        let mut body = Vec::new();
        let mut take = |data: &[u8], _| {
            body.extend_from_slice(data);
            Ok(())
        };
        client.body(&mut take).await.unwrap();
        body
    };
    let (body, ()) = tokio::join!(ask, serve);
    assert_eq!(body, b"ok");
    assert!(client.reusable().await);
}

#[tokio::test]
async fn ends_the_body_when_the_reader_fails() {
    let (mut client, mut server) = connected(1 << 16);
    server
        .write_all(format!("{CHUNKED}1\r\na\r\n").as_bytes())
        .await
        .unwrap();
    client.send(&request("GET", "")).await.unwrap();
    let failure = client.body(&mut |_, _| Err(Failure::Overflow)).await;
    assert_eq!(failure, Err(Failure::Overflow));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn reads_answers_in_pieces_of_any_size(sizes in prop::collection::vec(1usize..40, 1..20)) {
        let answer = format!("{CHUNKED}3\r\nabc\r\n5\r\ndefgh\r\n0\r\nA: b\r\n\r\n");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let result = runtime.block_on(async {
            let (mut client, mut server) = connected(1 << 16);
            let send = async {
                let mut bytes = answer.as_bytes();
                for size in sizes.iter().cycle() {
                    if bytes.is_empty() {
                        break;
                    }
                    let (piece, rest) = bytes.split_at((*size).min(bytes.len()));
                    server.write_all(piece).await.unwrap();
                    tokio::task::yield_now().await;
                    bytes = rest;
                }
            };
            tokio::join!(ask(&mut client, "GET"), send).0
        });
        prop_assert_eq!(result, Ok((200, "abcdefgh".to_owned())));
    }
}
