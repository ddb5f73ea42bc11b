//! A keep-alive connection, driven by the task that uses it.
//!
//! hyper's usual shape is a task per connection beside the task that reads the body; handing each token from one
//! to the other costs as much as parsing it. Here one task polls both.

use super::{Failure, Metered, Reads, Wire};
use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::net::TcpStream;

type Io = http1::Connection<TokioIo<Metered<TcpStream>>, Full<Bytes>>;

/// A connection to the target.
#[derive(Debug)]
pub struct Connection {
    sender: http1::SendRequest<Full<Bytes>>,
    io: Io,
    ended: bool,
    /// When it was read from.
    pub reads: Arc<Reads>,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// If nobody answers there.
    pub async fn open(address: SocketAddr, wire: Arc<Wire>) -> Result<Self, Failure> {
        let connecting = |error: std::io::Error| Failure::connecting(&error);
        let tcp = TcpStream::connect(address).await.map_err(connecting)?;
        tcp.set_nodelay(true).map_err(connecting)?;
        let reads = Arc::new(Reads::default());
        let metered = TokioIo::new(Metered::new(tcp, wire, reads.clone()));
        let (sender, io) = http1::handshake(metered)
            .await
            .map_err(|error| Failure::of(&error, false))?;
        Ok(Self {
            sender,
            io,
            ended: false,
            reads,
        })
    }

    /// Sends a request; comes back with the head of the answer.
    pub async fn send(
        &mut self,
        request: hyper::Request<Full<Bytes>>,
    ) -> hyper::Result<Response<Incoming>> {
        let mut answer = pin!(self.sender.send_request(request));
        let (io, ended) = (&mut self.io, &mut self.ended);
        poll_fn(|cx| drive(io, ended, cx, |cx| answer.as_mut().poll(cx))).await
    }

    /// The next piece of an answer's body; none at its end.
    pub async fn piece(&mut self, body: &mut Incoming) -> Option<hyper::Result<Bytes>> {
        let (io, ended) = (&mut self.io, &mut self.ended);
        loop {
            let frame =
                poll_fn(|cx| drive(io, ended, cx, |cx| Pin::new(&mut *body).poll_frame(cx)));
            match frame.await?.map(hyper::body::Frame::into_data) {
                Ok(Ok(data)) => return Some(Ok(data)),
                Ok(Err(_trailers)) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Whether another request can be sent, once the answer to the last has been read to its end.
    pub async fn reusable(&mut self) -> bool {
        let (io, ended, sender) = (&mut self.io, &mut self.ended, &mut self.sender);
        poll_fn(|cx| drive(io, ended, cx, |cx| sender.poll_ready(cx)))
            .await
            .is_ok()
    }
}

/// Polls what is waited for; if it is not there yet, does the socket's work and polls again.
fn drive<T>(
    io: &mut Io,
    ended: &mut bool,
    cx: &mut Context<'_>,
    mut wanted: impl FnMut(&mut Context<'_>) -> Poll<T>,
) -> Poll<T> {
    if let Poll::Ready(done) = wanted(cx) {
        return Poll::Ready(done);
    }
    // A finished future must not be polled again. Its error reaches whoever waits for the answer.
    if !*ended {
        *ended = Pin::new(io).poll(cx).is_ready();
    }
    wanted(cx)
}
