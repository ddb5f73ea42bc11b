//! A user: asks, reads the whole answer, asks again, on one connection as long as the server keeps it.

use super::in_flight::InFlight;
use super::worker::Worker;
use crate::client::{Connection, Exchange, Failure};
use crate::clock::now_ns;
use std::sync::Arc;
use std::time::Duration;

/// How long to wait after a failure: a server that is gone is not to be hammered.
const BACK_OFF: Duration = Duration::from_millis(100);
/// How often a user whom the scenario does not want yet looks again.
const WAIT: Duration = Duration::from_millis(20);

/// User `index` of a closed loop.
pub async fn run(worker: Arc<Worker>, index: usize) {
    let mut session = Session::default();
    while worker.control.open() {
        let wanted = worker.plan.shape.at(worker.control.elapsed_ns()).round();
        if index as f64 >= wanted {
            session.disconnect();
            tokio::time::sleep(WAIT).await;
        } else if session.ask(&worker).await.is_err() {
            tokio::time::sleep(BACK_OFF).await;
        }
    }
}

/// A user's connection and buffers.
#[derive(Debug, Default)]
pub struct Session {
    connection: Option<Connection>,
    exchange: Exchange,
}

impl Session {
    /// Closes the connection.
    pub fn disconnect(&mut self) {
        self.connection = None;
    }

    /// One request, counted in `worker`. Connecting, where that is needed, is no part of its latencies.
    pub async fn ask(&mut self, worker: &Worker) -> Result<(), Failure> {
        let mut connection = match self.connection(worker).await {
            Ok(connection) => connection,
            Err(failure) => {
                InFlight::begin(worker, now_ns()).failed(failure);
                return Err(failure);
            }
        };
        let request = InFlight::begin(worker, now_ns());
        match self.exchange(worker, &mut connection).await {
            Ok(()) => {
                request.completed(self.exchange.answer());
                self.connection = Some(connection);
                Ok(())
            }
            Err(failure) => {
                request.failed(failure);
                Err(failure)
            }
        }
    }

    async fn exchange(
        &mut self,
        worker: &Worker,
        connection: &mut Connection,
    ) -> Result<(), Failure> {
        let http = worker.plan.target.address_to(&worker.plan.request);
        let run = self
            .exchange
            .run(connection, http, &worker.scanner, &worker.received);
        let ended = tokio::time::timeout(worker.plan.timeout, run).await;
        ended.unwrap_or(Err(Failure::Timeout))
    }

    /// The connection of the last request if the server kept it, else a new one. It is taken out of the session:
    /// a request that fails or is given up takes its connection with it.
    async fn connection(&mut self, worker: &Worker) -> Result<Connection, Failure> {
        if let Some(mut kept) = self.connection.take()
            && kept.reusable().await
        {
            return Ok(kept);
        }
        let open = Connection::open(worker.plan.target.address, worker.wire.clone());
        let opened = tokio::time::timeout(worker.plan.timeout, open).await;
        opened.unwrap_or(Err(Failure::Timeout))
    }
}
