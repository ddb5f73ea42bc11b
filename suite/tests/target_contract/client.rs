//! An HTTP client that receives events one by one, and can leave.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{
    Method, Request, Response,
    body::Incoming,
    client::conn::http1::{SendRequest, handshake},
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::{net::TcpStream, task::JoinHandle};

/// One connection to a target. Dropping it closes the connection, also during a request.
pub struct Client {
    sender: SendRequest<Full<Bytes>>,
    connection: JoinHandle<()>,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Client {
    /// Connects to `http://HOST:PORT`.
    pub async fn connect(url: &str) -> Self {
        let address = url.trim_start_matches("http://");
        let stream = TcpStream::connect(address)
            .await
            .expect("the target accepts");
        let (sender, connection) = handshake(TokioIo::new(stream))
            .await
            .expect("a new connection speaks HTTP");
        // The cases see its end by their requests.
        let connection = tokio::spawn(async move { drop(connection.await) });
        Self { sender, connection }
    }

    /// Sends a request and waits for the head of its answer.
    pub async fn send(&mut self, method: Method, path: &str, body: impl Into<Bytes>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "127.0.0.1");
        let request = request
            .header("content-type", "application/json")
            .body(Full::new(body.into()));
        self.sender
            .ready()
            .await
            .expect("the connection is still open");
        let response = self
            .sender
            .send_request(request.expect("it is a request"))
            .await;
        Answer(response.expect("the target answers"))
    }

    /// Sends `POST /chat`.
    pub async fn chat(&mut self, message: &str) -> Answer {
        self.say("/chat", message).await
    }

    /// Posts a message to `path`.
    pub async fn say(&mut self, path: &str, message: &str) -> Answer {
        self.post(path, &json!({ "message": message })).await
    }

    /// Posts JSON to `path`.
    pub async fn post(&mut self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, body.to_string()).await
    }
}

/// The head of an answer.
pub struct Answer(Response<Incoming>);

impl Answer {
    /// Returns the answer's events; it must be an event stream.
    pub fn stream(self) -> Events {
        assert_eq!(self.0.status(), 200);
        let kind = self
            .0
            .headers()
            .get("content-type")
            .expect("it has a content type");
        let kind = kind.to_str().expect("it is text");
        assert!(
            kind.starts_with("text/event-stream"),
            "content-type: {kind}"
        );
        Events {
            body: self.0.into_body(),
            text: Vec::new(),
        }
    }

    /// Returns status and JSON of a non-streaming answer; null without a body.
    pub async fn whole(self) -> (u16, Value) {
        let status = self.0.status().as_u16();
        let body = self.0.into_body().collect().await;
        let body = body.expect("the body is whole").to_bytes();
        let json = match body.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&body).expect("the body is JSON"),
        };
        (status, json)
    }

    /// Asserts that this is an error with `status` and a JSON object with its reason.
    pub async fn refuses_with(self, status: u16) {
        let got = self.0.status();
        let body = self
            .0
            .into_body()
            .collect()
            .await
            .expect("the body is whole")
            .to_bytes();
        let text = String::from_utf8_lossy(&body);
        assert_eq!(got, status, "{text}");
        let error: Value =
            serde_json::from_slice(&body).unwrap_or_else(|_| panic!("JSON instead of {text:?}"));
        assert!(
            error["error"].as_str().is_some_and(|why| !why.is_empty()),
            "{text}"
        );
    }
}

/// The events of a stream, in order of arrival.
pub struct Events {
    body: Incoming,
    text: Vec<u8>,
}

impl Events {
    /// Returns the data of the next event; `None` at the end of the answer.
    pub async fn next(&mut self) -> Option<String> {
        loop {
            if let Some(end) = self.text.windows(2).position(|pair| pair == b"\n\n") {
                let event: Vec<u8> = self.text.drain(..end + 2).collect();
                let event = String::from_utf8(event).expect("events are UTF-8");
                let data = event
                    .strip_prefix("data: ")
                    .expect("events hold data alone");
                return Some(data.trim_end_matches('\n').to_owned());
            }
            // How a failed stream ends depends on the server's library.
            let Some(Ok(frame)) = self.body.frame().await else {
                assert!(
                    self.text.is_empty(),
                    "half an event: {:?}",
                    String::from_utf8_lossy(&self.text)
                );
                return None;
            };
            self.text.extend(frame.into_data().unwrap_or_default());
        }
    }

    /// Returns the content of the next event, which must be a token.
    pub async fn token(&mut self) -> String {
        let data = self.next().await.expect("there is another token");
        token(&data)
    }

    /// Returns the next event as JSON.
    pub async fn event(&mut self) -> Value {
        let data = self.next().await.expect("there is another event");
        serde_json::from_str(&data).unwrap_or_else(|_| panic!("JSON instead of {data:?}"))
    }

    /// Returns all remaining events; the last must be `[DONE]`.
    pub async fn until_done(self) -> Vec<Value> {
        let mut events = self.rest().await;
        assert_eq!(events.pop().as_deref(), Some("[DONE]"), "{events:?}");
        let json = |data: &String| serde_json::from_str(data).expect("events are JSON");
        events.iter().map(json).collect()
    }

    /// Returns all remaining events; the last must be an error.
    pub async fn until_error(self) -> Vec<Value> {
        let events = self.rest().await;
        let json =
            |data: &String| serde_json::from_str(data).expect("events are JSON, without [DONE]");
        let events: Vec<Value> = events.iter().map(json).collect();
        let why = events.last().and_then(|last| last["error"].as_str());
        assert!(why.is_some_and(|why| !why.is_empty()), "{events:?}");
        events
    }

    /// Returns all remaining events.
    pub async fn rest(mut self) -> Vec<String> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

/// Returns the content of an event.
fn token(data: &str) -> String {
    let event: Value =
        serde_json::from_str(data).unwrap_or_else(|_| panic!("JSON instead of {data:?}"));
    event["content"]
        .as_str()
        .unwrap_or_else(|| panic!("content in {data}"))
        .to_owned()
}

/// Asserts that `events` are these tokens and then `[DONE]`.
pub fn assert_tokens(events: &[String], tokens: &[&str]) {
    let (done, contents) = events.split_last().expect("there are events");
    assert_eq!(done, "[DONE]");
    assert_eq!(
        contents.iter().map(|data| token(data)).collect::<Vec<_>>(),
        tokens
    );
}
