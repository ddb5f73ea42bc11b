//! The loop of a worker, and the HTTP of its connections.

use crate::{
    connection::{Activity, Connection},
    route,
    shared::Shared,
    shared_conn::SharedConn,
    socket::Socket,
    stats::Stats,
    worker::Worker,
};
use hyper::{
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{
    io, net,
    pin::{Pin, pin},
    sync::Arc,
};
use tokio::{net::TcpStream, sync::mpsc::UnboundedReceiver, task::JoinSet};

/// The most connections that begin between two passes over the timer wheel. More would delay tokens
/// that are due.
const ACCEPT_BATCH: usize = 16;

/// The start of an HTTP/2 connection. No method of HTTP/1 begins so.
const HTTP_2_PREFACE: &[u8] = b"PRI ";

/// An accepted connection.
pub struct Accepted {
    /// The socket.
    pub socket: net::TcpStream,
    /// Counts the requests, if a fault may end the connection.
    pub activity: Option<Arc<Activity>>,
}

/// Serves the connections that arrive on `accepted`, until its sender is dropped.
///
/// # Errors
/// If the kernel refuses a timer.
pub async fn run_worker(
    shared: Arc<Shared>,
    stats: Arc<Stats>,
    mut accepted: UnboundedReceiver<Accepted>,
) -> io::Result<()> {
    let worker = Arc::new(Worker::new(shared, stats)?);
    let mut connections = JoinSet::new();
    let mut arrived = Vec::new();
    loop {
        tokio::select! {
            expired = worker.wheel.expired() => expired?,
            count = accepted.recv_many(&mut arrived, ACCEPT_BATCH) => match count {
                0 => return Ok(()),
                _ => for one in arrived.drain(..) {
                    connections.spawn(serve(worker.clone(), one));
                },
            },
            Some(_ended) = connections.join_next() => {}
        }
        worker.write_due()?;
    }
}

/// Serves one connection. Its errors are the client's: it disconnected, or sent no valid HTTP.
async fn serve(worker: Arc<Worker>, accepted: Accepted) {
    let Accepted { socket, activity } = accepted;
    let stats = worker.stats.clone();
    let socket = TcpStream::from_std(socket).and_then(|socket| SharedConn::new(socket, stats));
    let Ok(conn) = socket.map(Arc::new) else {
        return;
    };
    let connection = Connection {
        worker,
        conn,
        activity,
    };
    serve_http(&connection).await;
}

async fn serve_http(connection: &Connection) {
    let activity = connection.activity.as_deref();
    let http_2 = match activity {
        None => connection.conn.begins_with(HTTP_2_PREFACE).await,
        Some(activity) => tokio::select! {
            http_2 = connection.conn.begins_with(HTTP_2_PREFACE) => http_2,
            () = activity.until_over() => return,
        },
    };
    let Ok(http_2) = http_2 else {
        return;
    };
    let socket = TokioIo::new(Socket(connection.conn.clone()));
    let service = service_fn(|request| route::answer(connection.clone(), request));
    match http_2 {
        false => {
            let mut server = http1::Builder::new();
            // Heads and first events are small: one copied buffer costs less than a gathering
            // write.
            server.writev(false);
            let serving = server.serve_connection(socket, service);
            until_closed(serving, activity, http1::Connection::graceful_shutdown).await;
        }
        true => {
            let server = http2::Builder::new(TokioExecutor::new());
            let serving = server.serve_connection(socket, service);
            let shutdown = http2::Connection::graceful_shutdown;
            // Boxed: the state of HTTP/2 is large, and most connections are HTTP/1.
            Box::pin(until_closed(serving, activity, shutdown)).await;
        }
    }
}

/// Drives a connection until it closes. A fault may shut it down gracefully.
async fn until_closed<C: Future>(
    connection: C,
    activity: Option<&Activity>,
    shutdown: fn(Pin<&mut C>),
) {
    let mut connection = pin!(connection);
    if let Some(activity) = activity {
        tokio::select! {
            _closed = connection.as_mut() => return,
            () = activity.until_over() => shutdown(connection.as_mut()),
        }
    }
    let _ = connection.await;
}
