//! What was measured: counters and distributions, per worker while the load runs, joined at the end.

mod latency;
mod step;
mod tally;
mod totals;
mod usage;

pub use latency::Latency;
pub use step::StepTally;
pub use tally::Tally;
pub use totals::Totals;
pub use usage::Usage;
