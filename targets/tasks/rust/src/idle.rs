//! Idle tasks, and two tasks that hand a token back and forth.

use anyhow::Result;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::Done;

/// Tasks that have started and wait until they are ended.
#[derive(Default)]
pub struct Idle {
    tasks: JoinSet<()>,
    stop: watch::Sender<()>,
}

impl Idle {
    /// Starts tasks, and returns when all have started.
    pub async fn spawn(&mut self, count: usize) -> Done {
        let (started, mut all_started) = mpsc::channel::<()>(1);
        for _ in 0..count {
            let started = started.clone();
            let mut stop = self.stop.subscribe();
            self.tasks.spawn(async move {
                drop(started);
                // An error means that the sender is gone, which ends the task as well.
                let _ = stop.changed().await;
            });
        }
        drop(started);
        // Nothing is ever sent: the channel closes when the last task has dropped its sender.
        all_started.recv().await;
        Done {
            done: count,
            sum: 0,
        }
    }

    /// Ends all tasks, and returns when they have ended.
    pub async fn end(&mut self) -> Result<Done> {
        let mut done = 0;
        self.stop.send_replace(());
        while let Some(ended) = self.tasks.join_next().await {
            ended?;
            done += 1;
        }
        Ok(Done { done, sum: 0 })
    }
}

/// Passes a token back and forth between two tasks.
pub async fn hand(turns: usize) -> Result<Done> {
    let (there, mut arrives_there) = mpsc::channel(1);
    let (back, mut arrives_back) = mpsc::channel(1);
    let echo = tokio::spawn(async move {
        while let Some(turn) = arrives_there.recv().await {
            back.send(turn).await?;
        }
        Ok::<_, anyhow::Error>(())
    });
    let first = tokio::spawn(async move {
        for turn in 0..turns {
            there.send(turn).await?;
            arrives_back.recv().await;
        }
        Ok::<_, anyhow::Error>(())
    });
    first.await??;
    echo.await??;
    Ok(Done {
        done: turns,
        sum: 0,
    })
}
