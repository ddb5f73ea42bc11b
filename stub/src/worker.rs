//! What one thread needs to serve its share of the connections.

use crate::{
    body::lock,
    line::Line,
    player::{Player, Scratch},
    route,
    server::Shared,
    socket::Socket,
    stats::Stats,
    wheel::Wheel,
};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    io, net,
    sync::{Arc, Mutex, PoisonError, Weak},
};
use tokio::{net::TcpStream, sync::mpsc::UnboundedReceiver, task::JoinSet};

/// Connections that begin between two turns of the wheel: few enough to keep the schedule, enough to begin in time when
/// the wheel never rests.
const AT_ONCE: usize = 16;

/// A stream's turn. The wheel keeps no stream alive whose client left.
pub type Turn = Weak<Mutex<Player>>;

/// One thread's state, shared by its connections.
pub struct Worker {
    /// What all workers share.
    pub shared: Arc<Shared>,
    /// This worker's counters.
    pub stats: Arc<Stats>,
    /// This worker's timer.
    pub wheel: Wheel<Turn>,
    desk: Mutex<Desk>,
}

/// What is used again at each turn of the wheel.
#[derive(Default)]
struct Desk {
    batch: Vec<Turn>,
    scratch: Scratch,
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
        let worker = Arc::new(Self {
            wheel: Wheel::new(shared.config.tick)?,
            shared,
            stats,
            desk: Mutex::default(),
        });
        let mut connections = JoinSet::new();
        let mut arrived = Vec::new();
        loop {
            tokio::select! {
                turned = worker.wheel.turned() => turned?,
                count = sockets.recv_many(&mut arrived, AT_ONCE) => match count {
                    0 => return Ok(()),
                    _ => for socket in arrived.drain(..) {
                        connections.spawn(serve(worker.clone(), socket));
                    },
                },
                Some(_ended) = connections.join_next() => {}
            }
            worker.play_due()?;
        }
    }

    /// Plays the streams that are due. Called before any work that takes a while, too, so that new requests do not make
    /// others' tokens late.
    ///
    /// # Errors
    /// If the worker has no timer any more.
    pub fn play_due(&self) -> io::Result<()> {
        let mut desk = self.desk.lock().unwrap_or_else(PoisonError::into_inner);
        let Desk { batch, scratch } = &mut *desk;
        self.wheel.take_due(batch)?;
        for turn in batch.drain(..) {
            let Some(player) = turn.upgrade() else {
                continue;
            };
            let again = lock(&player).play(scratch);
            if let Some(due) = again {
                self.wheel.put(due, turn)?;
            }
        }
        Ok(())
    }
}

/// What the requests of one connection need.
#[derive(Clone)]
pub struct Connection {
    /// The thread that serves it.
    pub worker: Arc<Worker>,
    /// Where its answers go.
    pub line: Arc<Line>,
}

/// A connection's failure is the client's business: it left, or it did not speak HTTP and was told so.
async fn serve(worker: Arc<Worker>, socket: net::TcpStream) {
    let stats = worker.stats.clone();
    let line = TcpStream::from_std(socket).and_then(|socket| Line::new(socket, stats));
    let Ok(line) = line.map(Arc::new) else {
        return;
    };
    let socket = Socket(line.clone());
    let connection = Connection { worker, line };
    let service = service_fn(|request| route::answer(connection.clone(), request));
    // Heads and first chunks are small: copying them into one buffer is cheaper than a gathering write.
    let mut server = http1::Builder::new();
    server.writev(false);
    let _ = server.serve_connection(TokioIo::new(socket), service).await;
}
