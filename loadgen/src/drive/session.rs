//! One user's connection, kept from request to request as long as the server keeps it.

use super::deadline::until;
use super::in_flight::InFlight;
use super::worker_state::WorkerState;
use crate::client::{Answer, Connection, Exchange, Failure, Turn, Values};
use crate::clock::{MILLISECOND, nanos, now_ns};
use crate::steps::Step;
use std::pin::pin;

/// Idle time after which a server is likely to close a connection.
const IDLE_NS: u64 = 5 * MILLISECOND;
/// Time after sending within which a connection that the server closes was being closed before.
const RACE_NS: u64 = 20 * MILLISECOND;
/// How often one request may be sent on a new connection because the server did not process it.
const RESENDS: u32 = 3;

/// Due time of a request in an open loop.
#[derive(Clone, Copy, Debug)]
pub struct Due {
    /// Moment at which it is due.
    pub at_ns: u64,
    /// Number of the request among all of the run.
    pub index: u64,
}

/// A user's connection, buffers and conversation.
pub struct Session {
    index: usize,
    /// Requests begun.
    turn: u64,
    connection: Option<Connection>,
    exchange: Exchange,
    /// Turns of the conversation so far.
    history: Vec<Turn>,
}

impl Session {
    /// Returns the session of user `index`, not connected yet.
    pub fn new(index: usize) -> Self {
        Self {
            index,
            turn: 0,
            connection: None,
            exchange: Exchange::default(),
            history: Vec::new(),
        }
    }

    /// Closes the connection.
    pub fn disconnect(&mut self) {
        self.connection = None;
    }

    /// Returns the last answer.
    pub fn answer(&self) -> &Answer {
        self.exchange.answer()
    }

    /// Sends one request, reads its answer, and counts both in `worker`.
    ///
    /// Latencies count from `due` (open loop) or, in a closed loop, from the moment the
    /// connection is open. The plan's timeout counts from `due` or from now, and includes
    /// connecting.
    ///
    /// # Errors
    /// Why the request failed.
    pub async fn ask(&mut self, worker: &WorkerState, due: Option<Due>) -> Result<(), Failure> {
        let plan = &worker.plan;
        if self.turn.is_multiple_of(plan.conversation) {
            self.history.clear();
        }
        let (step, values) = plan.steps.at(self.index, self.turn);
        let values = Values {
            index: due.map_or_else(|| plan.index(self.index, self.turn), |due| due.index),
            prompts: plan.prompts.as_ref(),
            ..values
        };
        let begin_ns = due.map_or_else(now_ns, |due| due.at_ns);
        let end_ns = begin_ns.saturating_add(nanos(plan.timeout));
        // Begun before connecting, so that a request that is cut while it connects is counted.
        let mut request = InFlight::begin(worker, step, begin_ns, self.turn == 0);
        self.turn += 1;
        let result = {
            let send = pin!(self.send(worker, &mut request, step, &values, due.is_none()));
            until(end_ns, send).await.unwrap_or(Err(Failure::Timeout))
        };
        if result.is_ok() && plan.conversation > 1 {
            self.remember(&values);
        }
        match result {
            Ok(()) => request.completed(self.exchange.answer()),
            Err(failure) => request.failed(failure),
        }
        result
    }

    /// Adds the last turn to the conversation, if it was answered.
    fn remember(&mut self, values: &Values<'_>) {
        let answer = self.exchange.answer();
        if answer.text.is_empty() {
            return;
        }
        let mut turn = Turn {
            prompt: Vec::new(),
            answer: answer.text.clone(),
        };
        values.write_prompt(&mut turn.prompt);
        self.history.push(turn);
    }

    /// Sends the request. With `from_connected`, it begins when its first connection is open.
    ///
    /// It is sent again on a new connection if the server did not process it: the server says so,
    /// or it closed a used connection before any byte of an answer, and that connection had been
    /// idle or was closed right after the request was sent. Servers close connections at the same
    /// moment as clients reuse them.
    async fn send(
        &mut self,
        worker: &WorkerState,
        request: &mut InFlight<'_>,
        step: &Step,
        values: &Values<'_>,
        from_connected: bool,
    ) -> Result<(), Failure> {
        let target = worker.target(self.index);
        for attempt in 0..=RESENDS {
            // Taken out of the session: a request that fails takes its connection with it.
            let kept = self.connection.take();
            let mut connection = Connection::again(kept, target, worker.wire.clone()).await?;
            if from_connected && attempt == 0 {
                request.begin_ns = now_ns();
            }
            let progress = connection.progress();
            request.sent_on(progress.clone());
            let idle_ns = now_ns().saturating_sub(self.exchange.answer().end_ns);
            let was_used = connection.is_used();
            let sent_ns = now_ns();
            let values = Values {
                history: &self.history,
                ..*values
            };
            let http = target.address_to(&step.request, &values);
            let run = self
                .exchange
                .run(&mut connection, http, &worker.scanner, &worker.received);
            let result = run.await;
            let unanswered = progress.bytes_ns().0 == 0;
            let raced = idle_ns > IDLE_NS || now_ns().saturating_sub(sent_ns) < RACE_NS;
            match result {
                Err(Failure::NotProcessed) if attempt < RESENDS => request.resent(),
                Err(Failure::Reset | Failure::ClosedEarly) if was_used && unanswered && raced => {
                    request.resent();
                }
                Ok(()) => {
                    self.connection = Some(connection);
                    return Ok(());
                }
                Err(failure) => return Err(failure),
            }
        }
        Err(Failure::NotProcessed)
    }
}
