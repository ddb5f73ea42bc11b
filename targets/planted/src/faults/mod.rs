//! The faults: what each does at every token, or all the time in the background.

pub mod background;
mod blocking;
mod calls;
mod hand_off;
mod work;

use anyhow::bail;

/// A fault on the way of every token.
pub trait Fault: Send + Sync {
    /// Happens before each token is sent.
    fn token(&self) {}

    /// In how many calls what is sent is written.
    fn writes(&self) -> usize {
        1
    }
}

/// A healthy server.
struct Nothing;

impl Fault for Nothing {}

/// Everything is written in so many calls.
struct SplitWrites(usize);

impl Fault for SplitWrites {
    fn writes(&self) -> usize {
        self.0
    }
}

/// What a name stands for. What the dose counts is said beside each.
pub fn plant(name: &str, dose: u64, upstream: &str) -> anyhow::Result<Box<dyn Fault>> {
    Ok(match name {
        "" => Box::new(Nothing),
        // Microseconds of user time a token.
        "busy" => Box::new(work::Busy::microseconds(dose)),
        // Pages a token.
        "pages" => Box::new(work::Pages(dose as usize)),
        // Bytes a token.
        "leak" => Box::new(work::Leak(dose as usize)),
        // Calls a token.
        "syscalls" => Box::new(calls::Needless(dose)),
        "clock" => Box::new(calls::Clock(dose)),
        "failing-reads" => Box::new(calls::FailingReads::new(dose)?),
        "empty-polls" => Box::new(calls::EmptyPolls::new(dose)?),
        // Connections a token.
        "reconnects" => Box::new(calls::Reconnects::new(dose, upstream)),
        // Calls for each write.
        "split-writes" => Box::new(SplitWrites(dose as usize)),
        // Questions to another thread, each with its answer, a token.
        "hand-offs" => Box::new(hand_off::HandOffs::new(dose)?),
        // Milliseconds between two collections.
        "collector" => Box::new(hand_off::Collector::new(dose)?),
        // Microseconds that another thread keeps the lock.
        "lock" => Box::new(blocking::Lock::new(dose)?),
        // Microseconds of sleep a token.
        "sleep" => Box::new(blocking::Sleep::microseconds(dose)),
        // Threads, each with a timer of 1 ms.
        "timer" => background::timers(dose)?,
        // Threads that compute half of the time.
        "threads" => background::threads(dose)?,
        // The same as processes.
        "neighbour" => background::neighbours(dose)?,
        _ => bail!("no fault is called {name:?}"),
    })
}
