//! The faults, which run before every token or in the background.

pub mod background;
mod blocking;
mod calls;
mod hand_off;
mod work;

use anyhow::bail;

/// A fault that runs before every token.
pub trait Fault: Send + Sync {
    /// Runs before each token is sent.
    fn token(&self) {}

    /// Number of system calls per write.
    fn writes(&self) -> usize {
        1
    }
}

/// No fault.
struct Nothing;

impl Fault for Nothing {}

/// Splits each write into several system calls.
struct SplitWrites(usize);

impl Fault for SplitWrites {
    fn writes(&self) -> usize {
        self.0
    }
}

/// Returns the fault of a name. The comment above each arm gives the unit of its dose.
pub fn plant(name: &str, dose: u64, upstream: &str) -> anyhow::Result<Box<dyn Fault>> {
    Ok(match name {
        "" => Box::new(Nothing),
        // Microseconds of user time per token.
        "busy" => Box::new(work::Busy::microseconds(dose)),
        // Pages per token.
        "pages" => Box::new(work::Pages(dose as usize)),
        // Bytes per token.
        "leak" => Box::new(work::Leak(dose as usize)),
        // Calls per token.
        "syscalls" => Box::new(calls::Needless(dose)),
        "clock" => Box::new(calls::Clock(dose)),
        "failing-reads" => Box::new(calls::FailingReads::new(dose)?),
        "empty-polls" => Box::new(calls::EmptyPolls::new(dose)?),
        // Connections per token.
        "reconnects" => Box::new(calls::Reconnects::new(dose, upstream)),
        // Calls per write.
        "split-writes" => Box::new(SplitWrites(dose as usize)),
        // Round trips to another thread per token.
        "hand-offs" => Box::new(hand_off::HandOffs::new(dose)?),
        // Milliseconds between two collections.
        "collector" => Box::new(hand_off::Collector::new(dose)?),
        // Microseconds that another thread holds the lock.
        "lock" => Box::new(blocking::Lock::new(dose)?),
        // Microseconds of sleep per token.
        "sleep" => Box::new(blocking::Sleep::microseconds(dose)),
        // Threads, each with a timer of 1 ms.
        "timer" => background::timers(dose)?,
        // Threads that compute half of the time.
        "threads" => background::threads(dose)?,
        // Processes that compute half of the time.
        "neighbour" => background::neighbours(dose)?,
        _ => bail!("no fault is called {name:?}"),
    })
}
