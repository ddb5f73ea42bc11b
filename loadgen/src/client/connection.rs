//! A connection that is kept, in whichever HTTP and over whatever it speaks.

use super::http1::Http1;
use super::http2::Http2;
use super::{Failure, Head, Metered, Reads, Target, Wire};
use bytes::Bytes;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// A connection to the target.
pub struct Connection {
    protocol: Protocol,
    reads: Arc<Reads>,
}

enum Protocol {
    Plain(Http1<Metered<TcpStream>>),
    Secure(Box<Http1<TlsStream<Metered<TcpStream>>>>),
    Http2(Box<Http2>),
}

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
        Ok(Self { protocol, reads })
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
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn send(&mut self, request: hyper::Request<Bytes>) -> Result<Head, Failure> {
        self.reads.first_ns.store(0, Relaxed);
        match &mut self.protocol {
            Protocol::Plain(http1) => http1.send(&request).await,
            Protocol::Secure(http1) => http1.send(&request).await,
            Protocol::Http2(http2) => http2.send(request).await,
        }
    }

    /// Hands the answer's body to `take`, piece by piece with the stamps of their reads, up to its end.
    ///
    /// # Errors
    /// That of `take`, or why there is no end.
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

    /// When the answer began, once its head is there. TLS and HTTP/2 read their own messages too, so that the read that
    /// completed the head has to stand for the first.
    pub fn first_byte_ns(&self) -> u64 {
        match self.protocol {
            Protocol::Plain(_) => self.reads.first_ns.load(Relaxed),
            _ => self.reads.last_ns.load(Relaxed),
        }
    }

    /// When it was last read from.
    pub fn last_byte_ns(&self) -> u64 {
        self.reads.last_ns.load(Relaxed)
    }

    /// Whether another request can be sent, once the answer to the last has been read to its end.
    pub async fn reusable(&mut self) -> bool {
        match &mut self.protocol {
            Protocol::Plain(http1) => http1.reusable().await,
            Protocol::Secure(http1) => http1.reusable().await,
            Protocol::Http2(http2) => http2.reusable().await,
        }
    }
}
