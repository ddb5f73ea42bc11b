//! Offers the load: worker threads, each with its own users and its own single-threaded runtime.
//!
//! Workers share nothing but the control and are looked at five times a second, so a core more is a core's load more.

mod arrivals;
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

pub use arrivals::Arrivals;
pub use coordinator::{Outcome, run};
pub use monitor::Snapshot;
