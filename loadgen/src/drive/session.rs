//! One user's connection: kept from request to request as long as the server keeps it.

use super::deadline::within;
use super::in_flight::InFlight;
use super::worker::Worker;
use crate::client::{Connection, Exchange, Failure, Request, Values};
use crate::clock::now_ns;
use std::pin::pin;

/// A user's connection and buffers.
pub struct Session {
    index: usize,
    /// Requests begun.
    turn: u64,
    connection: Option<Connection>,
    exchange: Exchange,
}

impl Session {
    /// Of user `index`, not connected yet.
    pub fn new(index: usize) -> Self {
        Self {
            index,
            turn: 0,
            connection: None,
            exchange: Exchange::default(),
        }
    }

    /// Closes the connection.
    pub fn disconnect(&mut self) {
        self.connection = None;
    }

    /// One request, counted in `worker`. Its latencies count from `begin`, which is asked once it is connected.
    ///
    /// # Errors
    /// Why it failed.
    pub async fn ask(
        &mut self,
        worker: &Worker,
        begin: impl FnOnce() -> u64,
    ) -> Result<(), Failure> {
        let (step, values) = worker.plan.steps.at(self.index, self.turn);
        // A request counts from here, so that one cut while it connects is counted too.
        let mut request = InFlight::begin(worker, step, now_ns());
        self.turn += 1;
        let mut connection = match self.connection(worker).await {
            Ok(connection) => connection,
            Err(failure) => {
                request.failed(failure);
                return Err(failure);
            }
        };
        request.begin_ns = begin();
        match self
            .exchange(worker, &mut connection, &step.request, &values)
            .await
        {
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
        request: &Request,
        values: &Values<'_>,
    ) -> Result<(), Failure> {
        let http = worker.target(self.index).address_to(request, values);
        let run = pin!(
            self.exchange
                .run(connection, http, &worker.scanner, &worker.received)
        );
        let ended = within(worker.plan.timeout, run).await;
        ended.unwrap_or(Err(Failure::Timeout))
    }

    /// The connection of the last request if the server kept it, else a new one. It is taken out of the session:
    /// a request that fails or is given up takes its connection with it.
    async fn connection(&mut self, worker: &Worker) -> Result<Connection, Failure> {
        let (kept, target) = (self.connection.take(), worker.target(self.index));
        let connecting = pin!(Connection::again(kept, target, worker.wire.clone()));
        let connected = within(worker.plan.timeout, connecting).await;
        connected.unwrap_or(Err(Failure::Timeout))
    }
}
