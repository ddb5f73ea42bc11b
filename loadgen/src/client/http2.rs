//! HTTP/2, spoken by hyper.

use super::{Failure, Head, Reads, head};
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};

/// An HTTP/2 connection with one request at a time.
pub struct Http2 {
    sender: http2::SendRequest<Full<Bytes>>,
    driver: Driver,
    ended: bool,
    reads: Arc<Reads>,
    body: Option<Incoming>,
}

/// Does the socket's work, whatever the stream below it.
type Driver = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

impl Http2 {
    /// On a stream whose reads are stamped in `reads`.
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
            driver: Box::pin(driver),
            ended: false,
            reads,
            body: None,
        })
    }

    /// Sends a request; comes back with the head of the answer.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn send(&mut self, request: hyper::Request<Bytes>) -> Result<Head, Failure> {
        let (driver, ended) = (&mut self.driver, &mut self.ended);
        let mut answer = pin!(self.sender.send_request(request.map(Full::new)));
        let answer = poll_fn(|cx| drive(driver, ended, cx, |cx| answer.as_mut().poll(cx)));
        let (parts, body) = answer
            .await
            .map_err(|error| Failure::of(&error, false))?
            .into_parts();
        self.body = Some(body);
        let kind = parts.headers.get(CONTENT_TYPE).map(HeaderValue::as_bytes);
        Ok(Head {
            status: parts.status.as_u16(),
            is_json: kind.is_some_and(head::is_json),
        })
    }

    /// Hands the answer's body to `take`, piece by piece with the stamps of their reads, up to its end.
    ///
    /// # Errors
    /// That of `take`, or why there is no end.
    pub async fn body(
        &mut self,
        take: &mut impl FnMut(&[u8], u64) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let Some(mut body) = self.body.take() else {
            return Ok(());
        };
        let (driver, ended) = (&mut self.driver, &mut self.ended);
        loop {
            // The socket comes first, since it is what a stream waits for.
            let frame = poll_fn(|cx| {
                work(driver, ended, cx);
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

    /// Whether another request can be sent.
    pub async fn reusable(&mut self) -> bool {
        let (driver, ended, sender) = (&mut self.driver, &mut self.ended, &mut self.sender);
        poll_fn(|cx| drive(driver, ended, cx, |cx| sender.poll_ready(cx)))
            .await
            .is_ok()
    }
}

/// Polls what is waited for; if it is not there yet, does the socket's work and polls again.
fn drive<T>(
    driver: &mut Driver,
    ended: &mut bool,
    cx: &mut Context<'_>,
    mut wanted: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Poll<T> {
    if let Poll::Ready(done) = wanted(cx) {
        return Poll::Ready(done);
    }
    work(driver, ended, cx);
    wanted(cx)
}

/// A finished future must not be polled again. Its error reaches whoever waits for the answer.
fn work(driver: &mut Driver, ended: &mut bool, cx: &mut Context<'_>) {
    if !*ended {
        *ended = driver.as_mut().poll(cx).is_ready();
    }
}
