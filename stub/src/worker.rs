//! What one thread needs to serve its share of the connections.

use crate::{route, server::Shared, socket::Socket, stats::Stats, wheel::Wheel};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    io, net,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};
use tokio::{net::TcpStream, sync::mpsc::UnboundedReceiver, task::JoinSet};

/// One thread's state, shared by its connections.
pub struct Worker {
    /// What all workers share.
    pub shared: Arc<Shared>,
    /// This worker's counters.
    pub stats: Arc<Stats>,
    /// This worker's timer.
    pub wheel: Wheel,
}

impl Worker {
    /// Serves the connections that arrive, until no more can.
    ///
    /// # Errors
    /// If the worker has no timer.
    pub async fn run(
        shared: Arc<Shared>,
        stats: Arc<Stats>,
        mut sockets: UnboundedReceiver<net::TcpStream>,
    ) -> io::Result<()> {
        let wheel = Wheel::new(shared.config.tick)?;
        let worker = Arc::new(Self {
            shared,
            stats,
            wheel,
        });
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                failed = worker.wheel.turn() => return failed,
                socket = sockets.recv() => match socket {
                    Some(socket) => drop(connections.spawn(serve(worker.clone(), socket))),
                    None => return Ok(()),
                },
                Some(_ended) = connections.join_next() => {}
            }
        }
    }
}

/// What the requests of one connection need.
#[derive(Clone)]
pub struct Connection {
    /// The thread that serves it.
    pub worker: Arc<Worker>,
    reset: Arc<AtomicBool>,
}

impl Connection {
    /// Says whether the connection is to end with a reset.
    pub fn reset_if(&self, reset: bool) {
        self.reset.store(reset, Relaxed);
    }
}

/// A connection's failure is the client's business: it left, or it did not speak HTTP and was told so.
async fn serve(worker: Arc<Worker>, socket: net::TcpStream) {
    let stats = worker.stats.clone();
    let reset = Arc::<AtomicBool>::default();
    let socket =
        TcpStream::from_std(socket).and_then(|socket| Socket::new(socket, stats, reset.clone()));
    let Ok(socket) = socket else { return };
    let connection = Connection { worker, reset };
    let service = service_fn(|request| route::answer(connection.clone(), request));
    // Tokens are small: copying them into one buffer is cheaper than a gathering write.
    let mut server = http1::Builder::new();
    server.writev(false);
    let _ = server.serve_connection(TokioIo::new(socket), service).await;
}
