//! The metrics: how each samples a round, and how it books the round in a ledger.

mod samples;
mod starts;
mod table;

pub use table::ALL;

use crate::ledger::Ledger;
use crate::stats::Sample;
use recording::Recording;
use recording::observer::Mode;
use recording::vocabulary::{MetricId, Per};

/// Takes the sample of one round; `None` where the round does not have it.
type Take = fn(&Recording) -> Option<Sample>;
/// Books one round, with its path, in a ledger.
type Book = fn(&str, &Recording, &mut Ledger);

/// One metric.
pub struct Definition {
    /// Which metric.
    pub id: MetricId,
    take: Take,
    book: Option<Book>,
}

impl Definition {
    /// Returns the sample of one round, where costs are per `unit`; `None` where the round does not
    /// have it, or nothing to divide by.
    pub fn sample(&self, recording: &Recording, unit: Per) -> Option<Sample> {
        if recording.observer.mode < self.needs() || !self.is_about(recording) {
            return None;
        }
        let taken = (self.take)(recording)?;
        let over = match self.id.is_per_work() {
            true if self.is_of_unit(unit) => recording.units(unit),
            true => return None,
            false => taken.over,
        };
        (over > 0.0).then_some(Sample { over, ..taken })
    }

    /// Returns whether a metric per unit of work exists for `unit`. Tokens have metrics of their
    /// own, and so has the CPU time of a request.
    fn is_of_unit(&self, unit: Per) -> bool {
        match unit {
            Per::Work(_) => true,
            Per::Request => self.id != MetricId::CpuNsPerWork,
            _ => false,
        }
    }

    /// Returns the denominator of the metric's values, where costs are per `unit`.
    pub fn per(&self, unit: Per) -> Per {
        match self.id.is_per_work() {
            true => unit,
            false => self.id.per(),
        }
    }

    /// Returns whether the metric and the recording are both of starts, or both of a server under
    /// load. Memory is of both.
    fn is_about(&self, recording: &Recording) -> bool {
        let is_of_both = matches!(self.id, MetricId::RssBytes | MetricId::PeakRssBytes);
        is_of_both || self.id.is_of_start() != recording.starts.is_empty()
    }

    /// Returns the mode that the metric needs. A recording with fewer probes has zeros that were
    /// never counted.
    fn needs(&self) -> Mode {
        use MetricId::*;
        match self.id {
            SwitchesPerToken | SwitchesPerWork | WakeupsPerToken | WakeupsPerWork
            | RunQueueNsPerSecond => Mode::Counters,
            StartSyscalls
            | SyscallsPerToken
            | SyscallsPerWork
            | ThreadNsPerSecond
            | LoopBlockedNsPerToken
            | LoopBlockedNsPerWork
            | LoopRunQueueNsPerToken
            | LoopRunQueueNsPerWork => Mode::All,
            _ => Mode::None,
        }
    }

    /// Returns whether the metric has a ledger.
    pub fn has_ledger(&self) -> bool {
        self.book.is_some()
    }

    /// Books one round, where the metric has a ledger.
    pub fn book(&self, path: &str, recording: &Recording, ledger: &mut Ledger) {
        if let Some(book) = self.book {
            book(path, recording, ledger);
        }
    }
}

/// Returns the metric of CPU time per `unit`.
pub fn cpu_time_per(unit: Per) -> MetricId {
    match unit {
        Per::Work(_) => MetricId::CpuNsPerWork,
        Per::Token => MetricId::CpuNsPerToken,
        Per::Request => MetricId::CpuNsPerRequest,
        Per::Start => MetricId::StartCpuNs,
        _ => MetricId::CpuNsPerSecond,
    }
}

/// Returns the definition of a metric.
pub fn of(id: MetricId) -> &'static Definition {
    let known = ALL.iter().find(|metric| metric.id == id);
    known.expect("a test finds the definition of every metric")
}

#[cfg(test)]
mod tests;
