//! A connection that is kept from request to request, over any HTTP and socket.

use super::http1::Http1;
use super::http2::Http2;
use super::socket::Socket;
use super::{Failure, Head, Metered, Reads, Target, Wire};
use crate::clock::now_ns;
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use tokio_rustls::client::TlsStream;

/// A connection to the target.
pub struct Connection {
    protocol: Protocol,
    reads: Arc<Reads>,
    used: bool,
}

enum Protocol {
    Plain(Http1<Metered<Socket>>),
    Secure(Box<Http1<TlsStream<Metered<Socket>>>>),
    Http2(Box<Http2>),
}

/// Reads of the answer under way, visible from outside the task that reads.
#[derive(Clone, Debug)]
pub struct Progress {
    reads: Arc<Reads>,
    /// Whether every byte on the connection belongs to an answer.
    plain: bool,
}

impl Progress {
    /// Returns the stamps of the answer's first and last byte; 0 for none.
    ///
    /// TLS and HTTP/2 read messages of their own before the answer, so its head stands for its
    /// first byte there.
    pub fn bytes_ns(&self) -> (u64, u64) {
        let first = match self.plain {
            true => self.reads.first_ns.load(Relaxed),
            false => self.reads.head_ns.load(Relaxed),
        };
        (first, self.reads.last_ns.load(Relaxed))
    }
}

impl Connection {
    /// Connects to `target`.
    ///
    /// # Errors
    /// If no address accepts, or the TLS or HTTP/2 handshake fails.
    pub async fn open(target: &Target, wire: Arc<Wire>) -> Result<Self, Failure> {
        let socket = Socket::connect(&target.address).await?;
        let reads = Arc::new(Reads::default());
        let metered = Metered::new(socket, wire, reads.clone());
        let transport = &target.transport;
        let (http2, for_http) = (transport.http2, reads.clone());
        let protocol = match target.server_name.clone() {
            None if http2 => Protocol::Http2(Box::new(Http2::new(metered, for_http).await?)),
            None => Protocol::Plain(Http1::new(metered, for_http)),
            Some(name) => {
                let secured = transport.secure(name, metered).await?;
                match http2 {
                    true => Protocol::Http2(Box::new(Http2::new(secured, for_http).await?)),
                    false => Protocol::Secure(Box::new(Http1::new(secured, for_http))),
                }
            }
        };
        Ok(Self {
            protocol,
            reads,
            used: false,
        })
    }

    /// Returns the `kept` connection if the server kept it too, else a new one.
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
        // Boxed: connecting needs far more memory than streaming, which every task would keep.
        Box::pin(Self::open(target, wire)).await
    }

    /// Sends a request. Returns the head of the answer.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn send(&mut self, request: hyper::Request<Bytes>) -> Result<Head, Failure> {
        self.reads.first_ns.store(0, Relaxed);
        self.reads.head_ns.store(0, Relaxed);
        self.used = true;
        let head = match &mut self.protocol {
            Protocol::Plain(http1) => http1.send(&request).await,
            Protocol::Secure(http1) => http1.send(&request).await,
            Protocol::Http2(http2) => http2.send(request).await,
        }?;
        self.reads.head_ns.store(now_ns(), Relaxed);
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
        match &mut self.protocol {
            Protocol::Plain(http1) => http1.body(take).await,
            Protocol::Secure(http1) => http1.body(take).await,
            Protocol::Http2(http2) => http2.body(take).await,
        }
    }

    /// Returns whether a request has been sent on this connection.
    pub fn is_used(&self) -> bool {
        self.used
    }

    /// Returns the stamps of the answer under way.
    pub fn progress(&self) -> Progress {
        Progress {
            reads: self.reads.clone(),
            plain: matches!(self.protocol, Protocol::Plain(_)),
        }
    }

    /// Returns the stamp of the answer's first byte, once its head is read. Over TLS and HTTP/2,
    /// the read that completed the head stands for the first.
    pub fn first_byte_ns(&self) -> u64 {
        match self.protocol {
            Protocol::Plain(_) => self.reads.first_ns.load(Relaxed),
            _ => self.reads.last_ns.load(Relaxed),
        }
    }

    /// Returns the stamp of the last read.
    pub fn last_byte_ns(&self) -> u64 {
        self.reads.last_ns.load(Relaxed)
    }

    /// Returns whether another request can be sent, once the last answer has been read to its end.
    pub async fn reusable(&mut self) -> bool {
        match &mut self.protocol {
            Protocol::Plain(http1) => http1.reusable().await,
            Protocol::Secure(http1) => http1.reusable().await,
            Protocol::Http2(http2) => http2.reusable().await,
        }
    }
}
