//! Accepts connections and distributes them to the workers.

use crate::{
    api::{Identity, unix_ns, unix_seconds},
    config::Config,
    stats::{Snapshot, Stats},
    worker::Worker,
};
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::mpsc::{UnboundedSender, unbounded_channel},
};

/// Length of the accept queue. Beyond it the kernel drops the SYN, and the client retransmits it a
/// second later.
const BACKLOG: u32 = 4096;

/// State that all workers share.
pub struct Shared {
    /// The configuration.
    pub config: Config,
    /// Counters of each worker.
    pub stats: Vec<Arc<Stats>>,
    completions: AtomicU64,
    started_ns: u64,
}

impl Shared {
    /// Returns the number of a new completion, from 1.
    pub fn next_completion(&self) -> u64 {
        self.completions.fetch_add(1, Relaxed) + 1
    }

    /// Returns the identity of completion number `number`, unique across restarts.
    pub fn identity(&self, number: u64, model: &str) -> Identity {
        Identity {
            id: format!("chatcmpl-{:016x}{number:08x}", self.started_ns),
            model: model.to_owned(),
            created: unix_seconds(),
        }
    }

    /// Returns the sum of all workers' counters.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(self.stats.iter().map(AsRef::as_ref))
    }
}

/// Binds a listening socket to `addr`.
///
/// # Errors
/// If the address is in use, or not one of this machine.
pub fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = match addr {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// Serves until `shutdown` is ready, and then cuts the streams in flight.
///
/// # Errors
/// If connections can no longer be accepted, or a worker cannot start.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let slow = config.faults.slow_accept;
    let stats: Vec<_> = (0..config.threads.get())
        .map(|_| Arc::<Stats>::default())
        .collect();
    let shared = Arc::new(Shared {
        config,
        stats: stats.clone(),
        completions: AtomicU64::default(),
        started_ns: unix_ns(),
    });
    // The first worker runs on the caller's thread, so that one worker means one thread.
    let (sender, sockets) = unbounded_channel();
    let here = Worker::run(shared.clone(), stats[0].clone(), sockets);
    let mut senders = vec![sender];
    for stats in &stats[1..] {
        senders.push(start_thread(shared.clone(), stats.clone())?);
    }
    tokio::select! {
        failed = accept(listener, senders, slow) => failed,
        failed = here => failed,
        () = shutdown => Ok(()),
    }
}

/// Starts a worker on a new thread. It ends when the sender is dropped.
fn start_thread(
    shared: Arc<Shared>,
    stats: Arc<Stats>,
) -> io::Result<UnboundedSender<std::net::TcpStream>> {
    let (sender, sockets) = unbounded_channel();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    thread::Builder::new()
        .name("stub-worker".into())
        .spawn(move || {
            if let Err(error) = runtime.block_on(Worker::run(shared, stats, sockets)) {
                eprintln!("stub: a worker thread ended: {error}");
            }
        })?;
    Ok(sender)
}

async fn accept(
    listener: TcpListener,
    workers: Vec<UnboundedSender<std::net::TcpStream>>,
    slow: Duration,
) -> io::Result<()> {
    for worker in workers.iter().cycle() {
        let socket = match listener.accept().await {
            Ok((socket, _peer)) => socket.into_std()?,
            // The client gave up, or the process is out of descriptors. The other streams continue.
            Err(error) => {
                eprintln!("stub: cannot accept a connection: {error}");
                tokio::task::yield_now().await;
                continue;
            }
        };
        // After accept, so that the first connection waits too; those behind it wait in the accept
        // queue.
        if !slow.is_zero() {
            tokio::time::sleep(slow).await;
        }
        if worker.send(socket).is_err() {
            return Err(io::Error::other("a worker thread ended"));
        }
    }
    Ok(())
}
