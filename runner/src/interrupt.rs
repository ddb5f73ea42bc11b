//! Ctrl-C, SIGTERM and SIGHUP: the first asks for an orderly end, the second ends at once.

use std::future::Future;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// The user interrupted the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("interrupted")]
pub struct Interrupted;

/// Counts how often the user asked for the end.
#[derive(Clone, Debug)]
pub struct Interrupt(watch::Receiver<u32>);

impl Interrupt {
    /// Listens for Ctrl-C, SIGTERM and the closing of the terminal, while the async runtime lives.
    ///
    /// # Errors
    /// Fails if the signal handlers cannot be installed.
    pub fn listen() -> std::io::Result<Self> {
        let (sender, this) = Self::by_hand();
        let mut ctrl_c = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = ctrl_c.recv() => {}
                    _ = terminate.recv() => {}
                    _ = hangup.recv() => {}
                }
                sender.send_modify(|times| *times += 1);
            }
        });
        Ok(this)
    }

    /// Returns an interrupt that the caller triggers, for unit tests.
    pub fn by_hand() -> (watch::Sender<u32>, Self) {
        let (sender, receiver) = watch::channel(0);
        (sender, Interrupt(receiver))
    }

    /// Returns once the end was asked for `times` times; never, once the sender is gone.
    pub async fn asked(&self, times: u32) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|count| *count >= times).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether the end was asked for.
    pub fn is_asked(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Returns the result of `work`, unless the user interrupts it; `work` is dropped then.
    ///
    /// # Errors
    /// Fails with [`Interrupted`].
    pub async fn unless<T>(&self, work: impl Future<Output = T>) -> Result<T, Interrupted> {
        tokio::select! {
            biased;
            () = self.asked(1) => Err(Interrupted),
            result = work => Ok(result),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn runs_work_until_it_is_interrupted() {
        let (sender, interrupt) = Interrupt::by_hand();
        assert_eq!(interrupt.unless(async { 5 }).await, Ok(5));
        assert!(!interrupt.is_asked());
        sender.send_replace(1);
        assert_eq!(interrupt.unless(async { 5 }).await, Err(Interrupted));
        assert_eq!(
            interrupt.unless(std::future::pending::<()>()).await,
            Err(Interrupted)
        );
        assert!(interrupt.is_asked());
    }

    #[tokio::test]
    async fn finishes_work_without_a_sender() {
        let (sender, interrupt) = Interrupt::by_hand();
        drop(sender);
        assert_eq!(interrupt.unless(tokio::task::yield_now()).await, Ok(()));
    }
}
