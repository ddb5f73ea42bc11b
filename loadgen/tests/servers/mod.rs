//! Server that streams five tokens over any HTTP, with or without TLS.

use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{CertificateParams, DnType, KeyPair};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll};
use tempfile::NamedTempFile;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A self-signed certificate and its key.
pub struct Identity {
    certificate: rcgen::Certificate,
    key: KeyPair,
    file: NamedTempFile,
}

impl Identity {
    pub fn new(name: &str) -> Self {
        let file = NamedTempFile::new().unwrap();
        let key = KeyPair::generate().unwrap();
        let mut about = CertificateParams::new([name.to_string()]).unwrap();
        // Two certificates of the same name would look like one with a wrong signature.
        let distinct = file.path().to_string_lossy();
        about
            .distinguished_name
            .push(DnType::CommonName, &*distinct);
        let certificate = about.self_signed(&key).unwrap();
        std::fs::write(file.path(), certificate.pem()).unwrap();
        Self {
            certificate,
            key,
            file,
        }
    }

    /// Returns the path of the certificate in PEM.
    pub fn file(&self) -> &str {
        self.file.path().to_str().unwrap()
    }

    fn config(&self, protocol: &[u8]) -> ServerConfig {
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.der().clone()], key)
            .unwrap();
        config.alpn_protocols = vec![protocol.into()];
        config
    }
}

/// A server, which runs as long as the test's process.
pub struct Server {
    address: String,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub fn start(identity: Option<&Identity>, http2: bool) -> Self {
        let protocol: &[u8] = if http2 { b"h2" } else { b"http/1.1" };
        let config = identity.map(|identity| Arc::new(identity.config(protocol)));
        let scheme = if config.is_some() { "https" } else { "http" };
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = format!("{scheme}://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let counter = connections.clone();
        std::thread::spawn(move || {
            tokio::runtime::Runtime::new()
                .unwrap()
                .block_on(accept(listener, config, http2, counter));
        });
        Self {
            address,
            connections,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// Returns the number of connections that spoke HTTP.
    pub fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }
}

async fn accept(
    listener: std::net::TcpListener,
    config: Option<Arc<ServerConfig>>,
    http2: bool,
    connections: Arc<AtomicUsize>,
) {
    let listener = TcpListener::from_std(listener).unwrap();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (config, connections) = (config.clone(), connections.clone());
        tokio::spawn(async move {
            match config {
                None => converse(stream, http2, connections).await,
                Some(config) => {
                    if let Ok(stream) = TlsAcceptor::from(config).accept(stream).await {
                        converse(stream, http2, connections).await;
                    }
                }
            }
        });
    }
}

async fn converse<S>(stream: S, http2: bool, connections: Arc<AtomicUsize>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    connections.fetch_add(1, SeqCst);
    let service = service_fn(|request: Request<Incoming>| async move {
        Ok::<_, hyper::Error>(Response::new(Tokens::for_path(request.uri().path())))
    });
    let io = TokioIo::new(stream);
    // Errors of a client's connection do not matter to the test.
    let _ = if http2 {
        let builder = http2::Builder::new(TokioExecutor::new());
        builder.serve_connection(io, service).await
    } else {
        http1::Builder::new().serve_connection(io, service).await
    };
}

/// Five tokens and the end mark, one frame each. The body of `/reset` fails after two.
struct Tokens {
    left: usize,
    fails: bool,
}

impl Tokens {
    fn for_path(path: &str) -> Self {
        Self {
            left: 6,
            fails: path == "/reset",
        }
    }
}

impl Body for Tokens {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        if self.fails && self.left == 4 {
            return Poll::Ready(Some(Err(std::io::Error::other("as the test asks"))));
        }
        let data: &'static [u8] = match self.left {
            0 => return Poll::Ready(None),
            1 => b"data: [DONE]\n\n",
            _ => b"data: {\"content\":\" tok\"}\n\n",
        };
        self.left -= 1;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(data)))))
    }
}
