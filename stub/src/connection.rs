//! One connection: HTTP/1 or HTTP/2, and the faults that end it.

use crate::{fault::Faults, route, shared_conn::SharedConn, socket::Socket, worker::Worker};
use hyper::{
    body::{Body, Frame, SizeHint},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use std::{
    net,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{net::TcpStream, sync::Notify, time::timeout};

/// An accepted connection.
pub struct Accepted {
    /// The socket.
    pub socket: net::TcpStream,
    /// Faults that concern the connection.
    pub faults: Faults,
}

/// What the requests of one connection share.
#[derive(Clone)]
pub struct Connection {
    /// The worker that serves it.
    pub worker: Arc<Worker>,
    /// The socket.
    pub conn: Arc<SharedConn>,
    /// Its requests so far.
    pub activity: Arc<Activity>,
}

/// Serves one connection. Its errors are the client's: it disconnected, or sent no valid HTTP.
pub async fn serve(worker: Arc<Worker>, accepted: Accepted) {
    let stats = worker.stats.clone();
    let socket = TcpStream::from_std(accepted.socket);
    let conn = socket.and_then(|socket| SharedConn::new(socket, stats));
    let Ok(conn) = conn.map(Arc::new) else {
        return;
    };
    let socket = TokioIo::new(Socket(conn.clone()));
    let activity = Arc::new(Activity::new(&accepted.faults));
    let connection = Connection {
        worker,
        conn,
        activity: activity.clone(),
    };
    let service = service_fn(|request| route::answer(connection.clone(), request));
    let mut server = auto::Builder::new(TokioExecutor::new());
    // Heads and first events are small: one copied buffer costs less than a gathering write.
    server.http1().writev(false);
    let mut serving = pin!(server.serve_connection(socket, service));
    if activity.is_limited() {
        tokio::select! {
            _ended = serving.as_mut() => return,
            () = activity.until_over() => serving.as_mut().graceful_shutdown(),
        }
    }
    let _ = serving.await;
}

/// Counts the requests of a connection, for the faults that end it.
pub struct Activity {
    most_requests: Option<u32>,
    idle_close: Option<Duration>,
    begun: AtomicU32,
    active: AtomicU32,
    changed: Notify,
}

impl Activity {
    fn new(faults: &Faults) -> Self {
        Self {
            most_requests: faults.goaway_after,
            idle_close: faults.idle_close,
            begun: AtomicU32::default(),
            active: AtomicU32::default(),
            changed: Notify::new(),
        }
    }

    fn is_limited(&self) -> bool {
        self.most_requests.is_some() || self.idle_close.is_some()
    }

    /// Counts the start of a request, until the returned guard is dropped.
    pub fn begin_request(self: &Arc<Self>) -> Option<ActiveRequest> {
        self.is_limited().then(|| {
            self.begun.fetch_add(1, Relaxed);
            self.active.fetch_add(1, Relaxed);
            self.changed.notify_one();
            ActiveRequest(self.clone())
        })
    }

    fn had_all_requests(&self) -> bool {
        let begun = self.begun.load(Relaxed);
        self.most_requests.is_some_and(|most| begun >= most)
    }

    /// Waits until a fault ends the connection.
    async fn until_over(&self) {
        while !self.had_all_requests() {
            let changed = self.changed.notified();
            match self.idle_close {
                Some(idle) if self.active.load(Relaxed) == 0 => {
                    if timeout(idle, changed).await.is_err() {
                        return;
                    }
                }
                _ => changed.await,
            }
        }
    }
}

/// A request whose response is not complete.
pub struct ActiveRequest(Arc<Activity>);

impl ActiveRequest {
    /// Returns whether the connection takes no further request.
    pub fn is_last(&self) -> bool {
        self.0.had_all_requests()
    }
}

impl Drop for ActiveRequest {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Relaxed);
        self.0.changed.notify_one();
    }
}

/// A response's body that keeps its request active.
pub struct ActiveBody<B> {
    body: B,
    _request: Option<ActiveRequest>,
}

impl<B> ActiveBody<B> {
    /// Wraps a body.
    pub fn new(body: B, request: Option<ActiveRequest>) -> Self {
        Self {
            body,
            _request: request,
        }
    }
}

impl<B: Body + Unpin> Body for ActiveBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
