//! HTTP/2 by hyper, one request at a time.

use super::{Failure, Head, Reads};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};

/// An HTTP/2 connection.
pub struct Http2 {
    sender: http2::SendRequest<Full<Bytes>>,
    driver: Driver,
    reads: Arc<Reads>,
    body: Option<Incoming>,
}

/// Future that reads and writes the socket; none once the connection has ended.
///
/// It is dropped when it ends, since a request that is still queued in it fails only then.
struct Driver(Option<Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>>);

impl Driver {
    /// Reads and writes what the socket allows.
    fn work(&mut self, cx: &mut Context<'_>) {
        let ended = self.0.as_mut().map(|driver| driver.as_mut().poll(cx));
        // The error, if any, reaches the future that waits for the answer.
        if ended.is_some_and(|ended| ended.is_ready()) {
            self.0 = None;
        }
    }

    /// Polls `wanted`. If it is not ready, works on the socket and polls it again.
    fn drive<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut wanted: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        if let Poll::Ready(done) = wanted(cx) {
            return Poll::Ready(done);
        }
        self.work(cx);
        wanted(cx)
    }
}

impl Http2 {
    /// Shakes hands on a stream whose reads are stamped in `reads`.
    ///
    /// # Errors
    /// If the server does not speak HTTP/2.
    pub async fn new<S>(stream: S, reads: Arc<Reads>) -> Result<Self, Failure>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let shaken = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (sender, driver) = shaken.map_err(|error| Failure::of(&error, false))?;
        Ok(Self {
            sender,
            driver: Driver(Some(Box::pin(driver))),
            reads,
            body: None,
        })
    }

    /// Sends a request. Returns the head of the answer.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn send(&mut self, request: hyper::Request<Bytes>) -> Result<Head, Failure> {
        let driver = &mut self.driver;
        let mut answer = pin!(self.sender.send_request(request.map(Full::new)));
        let answer = poll_fn(|cx| driver.drive(cx, |cx| answer.as_mut().poll(cx)));
        let (parts, body) = answer
            .await
            .map_err(|error| Failure::of(&error, false))?
            .into_parts();
        self.body = Some(body);
        let mut head = Head::new(parts.status.as_u16());
        for (name, value) in &parts.headers {
            head.add(name.as_str(), value.as_bytes());
        }
        Ok(head)
    }

    /// Calls `take` with each piece of the answer's body and the stamp of its read.
    ///
    /// # Errors
    /// That of `take`, or why the body does not end.
    pub async fn body(
        &mut self,
        take: &mut impl FnMut(&[u8], u64) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Some(mut body) = self.body.take() else {
            return Ok(());
        };
        let driver = &mut self.driver;
        loop {
            // The socket comes first, since a stream waits for it.
            let frame = poll_fn(|cx| {
                driver.work(cx);
                hyper::body::Body::poll_frame(Pin::new(&mut body), cx)
            });
            let Some(frame) = frame.await else {
                return Ok(());
            };
            let frame = frame.map_err(|error| Failure::of(&error, true))?;
            if let Some(data) = frame.data_ref() {
                take(data, self.reads.last_ns.load(Relaxed))?;
            }
        }
    }

    /// Returns whether another request can be sent.
    ///
    /// Reads the socket first: a server announces that it closes an idle connection (GOAWAY, end of
    /// file) while no request is under way.
    pub async fn reusable(&mut self) -> bool {
        let (driver, sender) = (&mut self.driver, &mut self.sender);
        let ready = poll_fn(|cx| {
            driver.work(cx);
            driver.drive(cx, |cx| sender.poll_ready(cx))
        });
        ready.await.is_ok() && self.driver.0.is_some()
    }
}
