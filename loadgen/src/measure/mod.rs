//! Counters and histograms: one set per worker while the load runs, merged at the end.

mod combine;
mod counters;
mod latency;
mod step;
mod totals;
mod usage;

pub use counters::Counters;
pub use latency::Latency;
pub use step::StepCounters;
pub use totals::Totals;
pub use usage::Usage;
