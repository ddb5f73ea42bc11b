//! A keep-alive connection, driven by the task that uses it.
//!
//! hyper's usual shape is a task per connection beside the task that reads the body; handing each token from one
//! to the other costs as much as parsing it. Here one task polls both. (With HTTP/2, hyper reads the socket in a task
//! of its own all the same.)

use super::{Failure, Metered, Reads, Target, Wire};
use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::body::{Body, Incoming};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// A connection to the target.
pub struct Connection {
    sender: Sender,
    driver: Driver,
    ended: bool,
    reads: Arc<Reads>,
    /// Whether nothing but answers is read.
    only_answers: bool,
}

enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

/// Does the socket's work, whatever the protocol and the stream below it.
type Driver = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// If nobody answers there, or nobody to be trusted.
    pub async fn open(target: &Target, wire: Arc<Wire>) -> Result<Self, Failure> {
        let connecting = |error: std::io::Error| Failure::connecting(&error);
        let tcp = TcpStream::connect(target.address)
            .await
            .map_err(connecting)?;
        tcp.set_nodelay(true).map_err(connecting)?;
        let reads = Arc::new(Reads::default());
        let metered = Metered::new(tcp, wire, reads.clone());
        let http2 = target.transport.http2;
        let (sender, driver) = match target.server_name.clone() {
            None => shake_hands(metered, http2).await,
            Some(name) => shake_hands(target.transport.secure(name, metered).await?, http2).await,
        }
        .map_err(|error| Failure::of(&error, false))?;
        Ok(Self {
            sender,
            driver,
            ended: false,
            reads,
            only_answers: !http2 && target.server_name.is_none(),
        })
    }

    /// The `kept` connection if the server kept it too, else a new one.
    ///
    /// # Errors
    /// As [`Connection::open`].
    pub async fn again(
        kept: Option<Self>,
        target: &Target,
        wire: Arc<Wire>,
    ) -> Result<Self, Failure> {
        if let Some(mut kept) = kept
            && kept.reusable().await
        {
            return Ok(kept);
        }
        // Connecting takes much more memory than streaming, and every user's task would keep it.
        Box::pin(Self::open(target, wire)).await
    }

    /// Sends a request; comes back with the head of the answer.
    pub async fn send(
        &mut self,
        request: hyper::Request<Full<Bytes>>,
    ) -> hyper::Result<Response<Incoming>> {
        self.reads.first_ns.store(0, Relaxed);
        let (driver, ended) = (&mut self.driver, &mut self.ended);
        let sender = &mut self.sender;
        let mut answer = pin!(async move {
            match sender {
                Sender::Http1(sender) => sender.send_request(request).await,
                Sender::Http2(sender) => sender.send_request(request).await,
            }
        });
        poll_fn(|cx| drive(driver, ended, cx, |cx| answer.as_mut().poll(cx))).await
    }

    /// When the answer began, once its head is there. TLS and HTTP/2 read their own messages too, so that the read that
    /// completed the head has to stand for the first.
    pub fn first_byte_ns(&self) -> u64 {
        match self.only_answers {
            true => self.reads.first_ns.load(Relaxed),
            false => self.reads.last_ns.load(Relaxed),
        }
    }

    /// When it was last read from.
    pub fn last_byte_ns(&self) -> u64 {
        self.reads.last_ns.load(Relaxed)
    }

    /// The next piece of an answer's body; none at its end.
    pub async fn piece(&mut self, body: &mut Incoming) -> Option<hyper::Result<Bytes>> {
        let (driver, ended) = (&mut self.driver, &mut self.ended);
        loop {
            // This runs for each token: a poll saved here is worth more than anywhere else. The socket comes first,
            // since it is what a stream waits for.
            let frame = poll_fn(|cx| {
                work(driver, ended, cx);
                Pin::new(&mut *body).poll_frame(cx)
            });
            match frame.await?.map(hyper::body::Frame::into_data) {
                Ok(Ok(data)) => return Some(Ok(data)),
                Ok(Err(_trailers)) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Whether another request can be sent, once the answer to the last has been read to its end.
    pub async fn reusable(&mut self) -> bool {
        let (driver, ended, sender) = (&mut self.driver, &mut self.ended, &mut self.sender);
        let ready = |cx: &mut Context<'_>| match sender {
            Sender::Http1(sender) => sender.poll_ready(cx),
            Sender::Http2(sender) => sender.poll_ready(cx),
        };
        let mut ready = ready;
        poll_fn(|cx| drive(driver, ended, cx, &mut ready))
            .await
            .is_ok()
    }
}

async fn shake_hands<S>(stream: S, http2: bool) -> hyper::Result<(Sender, Driver)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(stream);
    Ok(if http2 {
        let (sender, driver) = http2::handshake(TokioExecutor::new(), io).await?;
        (Sender::Http2(sender), Box::pin(driver))
    } else {
        let (sender, driver) = http1::handshake(io).await?;
        (Sender::Http1(sender), Box::pin(driver))
    })
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
