//! A thread that starts recorders for a process that has given up the privilege to begin one.

use super::privilege;
use anyhow::{Context, Result};
use recording::Recording;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};

/// The recording that a recorder ends with; `None` if it ends without one.
pub(super) type Outcome = Option<Result<Recording>>;

/// Starts recorders. Threads share their memory, so that this keeps the process from using the
/// privilege by mistake, and not code that an attacker has brought into it.
#[derive(Debug)]
pub struct Launcher {
    requests: Sender<Request>,
}

/// A recorder to be started, and where to send its thread.
struct Request {
    drive: Box<dyn FnOnce() -> Outcome + Send>,
    reply: Sender<std::io::Result<JoinHandle<Outcome>>>,
}

impl Launcher {
    /// Keeps the privilege to begin recordings on a thread, which uses it only where a recorder
    /// begins, and gives it up everywhere else: on this thread, and on those that it starts later.
    ///
    /// # Errors
    /// There can be no more threads.
    pub fn start_and_drop_excess() -> Result<Self> {
        let (requests, received) = channel();
        let thread = Builder::new().name("launcher".into());
        let thread = thread.spawn(move || launch(&received));
        thread.context("cannot start a thread")?;
        privilege::drop_excess();
        Ok(Launcher { requests })
    }

    /// Starts a recorder, which begins with all of the privilege.
    ///
    /// # Errors
    /// There can be no more threads.
    pub(super) fn start(
        &self,
        drive: impl FnOnce() -> Outcome + Send + 'static,
    ) -> Result<JoinHandle<Outcome>> {
        let (reply, started) = channel();
        let drive = Box::new(drive);
        let asked = self.requests.send(Request { drive, reply });
        asked
            .ok()
            .context("the thread that starts recorders has ended")?;
        let started = started.recv();
        let started = started.context("the thread that starts recorders has ended")?;
        started.context("cannot start a thread")
    }
}

fn launch(requests: &Receiver<Request>) {
    privilege::lay_aside();
    for Request { drive, reply } in requests {
        let recorder = Builder::new().name("recorder".into());
        let recorder = recorder.spawn(move || {
            privilege::take_up();
            drive()
        });
        // The view may have ended meanwhile.
        let _ = reply.send(recorder);
    }
}
