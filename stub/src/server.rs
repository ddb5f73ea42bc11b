//! Accepts connections and distributes them to the workers.

use crate::{
    config::Config,
    connection::Activity,
    fault::Faults,
    serve::{Accepted, run_worker},
    shared::Shared,
    stats::Stats,
};
use nix::errno::Errno;
use std::{
    fmt,
    io::{self, Write as _},
    net::SocketAddr,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};
use tokio::{
    net::{TcpListener, TcpSocket},
    sync::mpsc::{UnboundedSender, unbounded_channel},
};

/// Length of the accept queue. Beyond it the kernel drops the SYN, and the client retransmits it a
/// second later.
const BACKLOG: u32 = 4096;

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
    let stats: Vec<_> = (0..config.threads.get())
        .map(|_| Arc::<Stats>::default())
        .collect();
    let shared = Arc::new(Shared::new(config, stats.clone()));
    // The first worker runs on the caller's thread, so that one worker means one thread.
    let (sender, accepted) = unbounded_channel();
    let here = run_worker(shared.clone(), stats[0].clone(), accepted);
    let mut senders = vec![sender];
    for stats in &stats[1..] {
        senders.push(start_thread(shared.clone(), stats.clone())?);
    }
    tokio::select! {
        failed = accept(listener, senders, shared) => failed,
        failed = here => failed,
        () = shutdown => Ok(()),
    }
}

/// Starts a worker on a new thread. It ends when the sender is dropped.
fn start_thread(shared: Arc<Shared>, stats: Arc<Stats>) -> io::Result<UnboundedSender<Accepted>> {
    let (sender, accepted) = unbounded_channel();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    thread::Builder::new()
        .name("stub-worker".into())
        .spawn(move || {
            if let Err(error) = runtime.block_on(run_worker(shared, stats, accepted)) {
                notice(format_args!("stub: a worker thread ended: {error}"));
            }
        })?;
    Ok(sender)
}

/// Prints a line to stderr. A full disk or a closed pipe there loses the line, but must not end the
/// stub, as the panic of `eprintln!` would.
fn notice(line: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{line}");
}

async fn accept(
    listener: TcpListener,
    workers: Vec<UnboundedSender<Accepted>>,
    shared: Arc<Shared>,
) -> io::Result<()> {
    let config = &shared.config;
    let mut failures = AcceptFailures::default();
    let mut workers = workers.iter().cycle();
    for number in 1.. {
        let socket = loop {
            match listener.accept().await {
                Ok((socket, _peer)) => break socket.into_std()?,
                // The client gave up, or the process is out of descriptors. The other streams
                // continue.
                Err(error) => failures.report_and_wait(&error).await,
            }
        };
        let faults = Faults::for_connection(&config.faults, number, config.seed);
        // After accept, so that the first connection waits too; those behind it wait in the accept
        // queue.
        if !faults.slow_accept.is_zero() {
            tokio::time::sleep(faults.slow_accept).await;
        }
        let Some(worker) = workers.next() else { break };
        let activity = Activity::new(&faults);
        if worker.send(Accepted { socket, activity }).is_err() {
            return Err(io::Error::other("a worker thread ended"));
        }
    }
    Ok(())
}

/// The wait after a failed accept. A connection that waits for descriptors keeps the listening
/// socket ready, so that accepting in a loop would take a whole core.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);

/// The shortest time between two messages about failed accepts.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// Failed accepts, reported at most once per [`REPORT_INTERVAL`].
#[derive(Default)]
struct AcceptFailures {
    reported: Option<Instant>,
    unreported: u64,
}

impl AcceptFailures {
    async fn report_and_wait(&mut self, error: &io::Error) {
        let errno = error.raw_os_error().map(Errno::from_raw);
        self.unreported += 1;
        if self
            .reported
            .is_none_or(|at| at.elapsed() >= REPORT_INTERVAL)
        {
            let advice = match errno {
                Some(Errno::EMFILE) => "; raise the limit of open files (ulimit -Hn)",
                _ => "",
            };
            let count = self.unreported;
            notice(format_args!(
                "stub: cannot accept connections ({count} failures): {error}{advice}"
            ));
            self.reported = Some(Instant::now());
            self.unreported = 0;
        }
        match errno.is_some_and(concerns_one_connection) {
            true => tokio::task::yield_now().await,
            false => tokio::time::sleep(ACCEPT_RETRY).await,
        }
    }
}

/// Returns whether an error of accept belongs to a connection that has failed already, so that the
/// next accept gets another one (accept(2), "Error handling").
fn concerns_one_connection(errno: Errno) -> bool {
    matches!(
        errno,
        Errno::ECONNABORTED
            | Errno::EPROTO
            | Errno::ENOPROTOOPT
            | Errno::ENETDOWN
            | Errno::ENETUNREACH
            | Errno::EHOSTDOWN
            | Errno::EHOSTUNREACH
    )
}
