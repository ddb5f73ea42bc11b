//! What was measured: counters and distributions, per worker while the load runs, joined at the end.

mod latency;
mod tally;
mod usage;

pub use latency::Latency;
pub use tally::{Interval, Tally};
pub use usage::Usage;
