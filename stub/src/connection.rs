//! The state of one connection, and the faults that end it.

use crate::{fault::Faults, shared_conn::SharedConn, worker::Worker};
use hyper::body::{Body, Frame, SizeHint};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{sync::Notify, time::timeout};

/// State that the requests of one connection share.
#[derive(Clone)]
pub struct Connection {
    /// The worker that serves it.
    pub worker: Arc<Worker>,
    /// The socket.
    pub conn: Arc<SharedConn>,
    /// Counts its requests, if a fault may end it.
    pub activity: Option<Arc<Activity>>,
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
    /// Creates the counters of a connection, if one of its faults may end it.
    pub fn new(faults: &Faults) -> Option<Arc<Self>> {
        let limited = faults.goaway_after.is_some() || faults.idle_close.is_some();
        limited.then(|| {
            Arc::new(Self {
                most_requests: faults.goaway_after,
                idle_close: faults.idle_close,
                begun: AtomicU32::default(),
                active: AtomicU32::default(),
                changed: Notify::new(),
            })
        })
    }

    /// Counts the start of a request, until the returned guard is dropped.
    pub fn begin_request(self: &Arc<Self>) -> ActiveRequest {
        self.begun.fetch_add(1, Relaxed);
        self.active.fetch_add(1, Relaxed);
        self.changed.notify_one();
        ActiveRequest(self.clone())
    }

    fn had_all_requests(&self) -> bool {
        let begun = self.begun.load(Relaxed);
        self.most_requests.is_some_and(|most| begun >= most)
    }

    /// Waits until a fault ends the connection.
    pub async fn until_over(&self) {
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
