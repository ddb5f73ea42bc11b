//! What one thread needs to serve its share of the connections.

use crate::{route, server::Shared, socket::Socket, stats::Stats, wheel::Wheel};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{io, net, sync::Arc};
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
                    Some(socket) => drop(connections.spawn(connection(worker.clone(), socket))),
                    None => return Ok(()),
                },
                Some(_ended) = connections.join_next() => {}
            }
        }
    }
}

/// A connection's failure is the client's business: it left, or it did not speak HTTP and was told so.
async fn connection(worker: Arc<Worker>, socket: net::TcpStream) {
    let Ok(socket) = TcpStream::from_std(socket).and_then(|s| Socket::new(s, worker.stats.clone()))
    else {
        return;
    };
    let service = service_fn(|request| route::answer(worker.clone(), request));
    let _ = http1::Builder::new()
        .writev(false)
        .serve_connection(TokioIo::new(socket), service)
        .await;
}
