//! When a recording ends: after a duration, when its driver says so, or by a signal.

use anyhow::Result;
use recording::Ended;
use std::io::Read;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// What ends a recording, other than a signal and the target's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// A length of time.
    Elapsed(Duration),
    /// Standard input is closed.
    StdinCloses,
    /// Nothing else.
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

    /// The window is open: the duration counts from now.
    pub fn window_opened(&mut self) {
        if let Until::Elapsed(duration) = self.until {
            self.deadline = Instant::now() + duration;
        }
    }

    /// Waits until the recording is to end (Ctrl-C is the way to end one without a duration, and cuts short any other); may be called again after having been dropped half way.
    pub async fn wait(&mut self) -> Ended {
        let deadline = self.deadline;
        let asked = async {
            match (self.until, &mut self.stdin) {
                (Until::Elapsed(_), _) => {
                    tokio::time::sleep_until(deadline).await;
                    Ended::Duration
                }
                (Until::StdinCloses, Some(closed)) => {
                    // The thread that reads ends only by sending.
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

/// Tells when standard input is closed. A thread of its own reads it: a runtime would wait for that read to end.
fn stdin_closed() -> oneshot::Receiver<()> {
    let (closed, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        let mut byte = [0];
        // Whatever is written is of no interest; the end, or an error, is the sign.
        while matches!(std::io::stdin().read(&mut byte), Ok(1..)) {}
        // Nobody listens any more if the recording has ended by itself.
        let _ = closed.send(());
    });
    receiver
}
