//! Offers the load: worker threads, each with its own users and its own single-threaded runtime.
//!
//! Workers share only [`control`]; the coordinator reads their counters five times a second. The
//! load therefore scales with the number of CPUs.

mod backoff;
mod closed;
mod control;
mod coordinator;
mod deadline;
mod in_flight;
mod monitor;
mod open;
mod session;
mod timer;
mod worker;
mod worker_state;

pub use coordinator::{Outcome, run};
pub use monitor::Snapshot;
