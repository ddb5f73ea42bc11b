//! The window of a recording: its clocks, and the state at its start.

use super::proc_snapshot::ProcSnapshot;
use super::quota::WindowQuotas;
use super::tasks::Tasks;
use nix::time::{ClockId, clock_gettime};
use recording::{Ended, Window};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A window on the monotonic clock.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Its start, ns.
    pub start_ns: u64,
    /// Its end, ns.
    pub end_ns: u64,
}

impl Span {
    /// Returns its length, ns.
    pub fn length_ns(self) -> u64 {
        self.end_ns.saturating_sub(self.start_ns)
    }
}

/// Clocks and kernel accounting at the start of a window.
#[derive(Debug)]
pub struct Opening {
    /// Monotonic clock, ns.
    pub start_ns: u64,
    /// The kernel's accounting, read just before.
    pub before: ProcSnapshot,
    /// Control group and CPU quota of the first process.
    pub quotas: WindowQuotas,
    unix_ns: u64,
    own_cpu_ns: u64,
}

impl Opening {
    /// Reads the accounting of these processes, whose threads are `tasks`, then the clocks.
    pub fn now(pids: &[u32], tasks: &Tasks) -> Self {
        let first = pids.first().copied();
        let quotas = first.map(WindowQuotas::of).unwrap_or_default();
        let before = ProcSnapshot::before_window(pids, tasks);
        Opening {
            quotas,
            unix_ns: unix_ns(),
            own_cpu_ns: own_cpu_ns(),
            start_ns: monotonic_ns(),
            before,
        }
    }

    /// Begins again at `start_ns`, a moment ago, with the accounting of then.
    pub fn again(&self, start_ns: u64, before: ProcSnapshot) -> Self {
        let ago = monotonic_ns().saturating_sub(start_ns);
        Opening {
            start_ns,
            before,
            quotas: self.quotas.again(),
            unix_ns: unix_ns().saturating_sub(ago),
            own_cpu_ns: own_cpu_ns(),
        }
    }

    /// Becomes the opening of a window that began at `start`, with the quotas since then.
    pub fn begin_at(&mut self, start: &mut Opening) {
        start.quotas.continue_with(&self.quotas);
        std::mem::swap(self, start);
    }

    /// Returns the time since the start, ns.
    pub fn elapsed_ns(&self) -> u64 {
        monotonic_ns().saturating_sub(self.start_ns)
    }

    /// Returns the recorder's own CPU time since the start, ns.
    pub fn own_cpu_ns(&self) -> u64 {
        own_cpu_ns().saturating_sub(self.own_cpu_ns)
    }

    /// Returns the window as a recording has it.
    pub fn window(&self, span: Span, ended: Ended) -> Window {
        Window {
            start_unix_ns: self.unix_ns,
            duration_ns: span.length_ns(),
            ended,
        }
    }
}

/// Returns the monotonic clock, ns.
pub fn monotonic_ns() -> u64 {
    clock_ns(ClockId::CLOCK_MONOTONIC)
}

fn own_cpu_ns() -> u64 {
    clock_ns(ClockId::CLOCK_PROCESS_CPUTIME_ID)
}

/// Returns a clock, ns; 0 where it cannot be read.
fn clock_ns(clock: ClockId) -> u64 {
    clock_gettime(clock).map_or(0, |time| in_ns(Duration::from(time)))
}

fn unix_ns() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    in_ns(since.unwrap_or_default())
}

fn in_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
