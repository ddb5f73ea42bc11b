//! The end of a recording: after a duration, at the request of another program, or by a signal.

use anyhow::Result;
use recording::Ended;
use std::io::Read;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Condition that ends a recording, besides a signal and the end of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// A length of time.
    Elapsed(Duration),
    /// Standard input is closed.
    StdinCloses,
    /// None: a signal is the ordinary end.
    Interrupted,
}

/// Waits for the end of a recording.
pub struct Stop {
    until: Until,
    deadline: Instant,
    stdin: Option<oneshot::Receiver<()>>,
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    /// Starts listening for signals at once, so that none is missed while attaching.
    pub fn new(until: Until) -> Result<Self> {
        Ok(Stop {
            until,
            deadline: Instant::now(),
            stdin: (until == Until::StdinCloses).then(stdin_closed),
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// Starts the duration.
    pub fn window_opened(&mut self) {
        if let Until::Elapsed(duration) = self.until {
            self.deadline = Instant::now() + duration;
        }
    }

    /// Waits until the recording is to end. Ctrl-C is the ordinary end without a duration, and cuts
    /// a recording short otherwise. May be dropped and called again.
    pub async fn wait(&mut self) -> Ended {
        let deadline = self.deadline;
        let asked = async {
            match (self.until, &mut self.stdin) {
                (Until::Elapsed(_), _) => {
                    tokio::time::sleep_until(deadline).await;
                    Ended::Duration
                }
                (Until::StdinCloses, Some(closed)) => {
                    // The reading thread ends only by sending.
                    let _ = closed.await;
                    Ended::Asked
                }
                _ => std::future::pending().await,
            }
        };
        let by_signal = if self.until == Until::Interrupted {
            Ended::Asked
        } else {
            Ended::Interrupted
        };
        tokio::select! {
            ended = asked => ended,
            _ = self.interrupt.recv() => by_signal,
            _ = self.terminate.recv() => by_signal,
        }
    }
}

/// Returns a receiver that fires when standard input is closed. A separate thread reads it: tokio
/// would wait for the read before it shuts down.
fn stdin_closed() -> oneshot::Receiver<()> {
    let (closed, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut byte = [0];
        // Input has no meaning; its end, or an error, ends the recording.
        while matches!(std::io::stdin().read(&mut byte), Ok(1..)) {}
        // The receiver is gone if the recording has already ended.
        let _ = closed.send(());
    });
    receiver
}
