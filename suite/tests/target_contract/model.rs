//! A model that obeys the message, and records its requests.

mod agent;
mod question;
mod script;

use question::Question;
pub use script::TOKENS;

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::{
    Request, Response, StatusCode,
    body::{Body, Frame, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};
use tokio::{
    net::TcpListener,
    sync::{mpsc, watch},
};

/// A part of the answer's body, or its abort.
type Part = io::Result<Bytes>;

/// The stand-in for the model. It ends with the test's runtime.
pub struct Model {
    url: String,
    state: Arc<State>,
}

/// State shared by the connections.
struct State {
    connections: AtomicUsize,
    asked: Mutex<Vec<Asked>>,
    /// Completions in progress.
    active: watch::Sender<usize>,
    /// Whether held completions may continue.
    gate: watch::Sender<bool>,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Method and path.
    pub line: String,
    /// The `content-type` header.
    pub content_type: String,
    /// The body.
    pub body: Value,
}

impl Model {
    /// Listens on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("there is a free port");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let state = Arc::new(State {
            connections: AtomicUsize::new(0),
            asked: Mutex::default(),
            active: watch::Sender::new(0),
            gate: watch::Sender::new(false),
        });
        tokio::spawn(accept(listener, Arc::clone(&state)));
        Self { url, state }
    }

    /// Returns the base URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the number of connections opened so far.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// Returns all requests so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.asked.lock().expect("no one panicked").clone()
    }

    /// Waits until `count` requests have arrived.
    pub async fn until_asked(&self, count: usize) {
        let mut active = self.state.active.subscribe();
        let asked = active.wait_for(|_| self.asked().len() >= count);
        asked.await.expect("the model runs");
    }

    /// Lets held completions continue, now and later.
    pub fn open_gate(&self) {
        self.state.gate.send_replace(true);
    }

    /// Waits until exactly `count` completions are in progress.
    pub async fn until_active(&self, count: usize) {
        let mut active = self.state.active.subscribe();
        active
            .wait_for(|active| *active == count)
            .await
            .expect("the model runs");
    }
}

async fn accept(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        state.connections.fetch_add(1, Ordering::SeqCst);
        // Each part of an answer must travel separately.
        let _ = stream.set_nodelay(true);
        let state = Arc::clone(&state);
        let service = service_fn(move |request| answer(request, Arc::clone(&state)));
        // A client that leaves is an error here, which some cases test.
        tokio::spawn(async move {
            drop(
                http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await,
            )
        });
    }
}

async fn answer(
    request: Request<Incoming>,
    state: Arc<State>,
) -> Result<Response<Parts>, hyper::Error> {
    let line = format!("{} {}", request.method(), request.uri());
    let content_type = request
        .headers()
        .get("content-type")
        .and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default().to_owned();
    let body = request.into_body().collect().await?.to_bytes();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let question = Question::of(&body);
    state.asked.lock().expect("no one panicked").push(Asked {
        line,
        content_type,
        body,
    });

    let (sender, parts) = mpsc::channel(1);
    let mut response = Response::new(Parts { parts, done: false });
    if let Some(status) = question.status() {
        *response.status_mut() = status;
        return Ok(response);
    }
    let active = Active::new(Arc::clone(&state));
    if question.is_never_answered() {
        // The connection's task ends when the client has left, and with it this guard.
        std::future::pending::<()>().await;
    }
    let gate = state.gate.subscribe();
    tokio::spawn(async move {
        let _active = active;
        script::play(question, sender, gate).await;
    });
    *response.status_mut() = StatusCode::OK;
    response.headers_mut().insert(
        "content-type",
        hyper::header::HeaderValue::from_static("text/event-stream"),
    );
    Ok(response)
}

/// Counts a completion while it exists.
struct Active(Arc<State>);

impl Active {
    fn new(state: Arc<State>) -> Self {
        state.active.send_modify(|active| *active += 1);
        Self(state)
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.send_modify(|active| *active -= 1);
    }
}

/// A body whose parts another task sends. It ends together with the part that ends the answer: some
/// clients drop a connection whose body continues after that, and the test must not depend on
/// timing.
struct Parts {
    parts: mpsc::Receiver<Part>,
    done: bool,
}

impl Body for Parts {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let part = std::task::ready!(self.parts.poll_recv(context));
        self.done = matches!(&part, Some(Ok(data)) if data.ends_with(script::DONE.as_bytes()));
        Poll::Ready(part.map(|part| part.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.done
    }
}
