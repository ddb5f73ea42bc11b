//! Offers the load: worker threads, each with its own users and its own single-threaded runtime.
//!
//! Workers share nothing but the control and are looked at once a second, so a core more is a core's load more.

mod control;
mod coordinator;
mod in_flight;
mod user;
mod worker;

pub use coordinator::{Outcome, Snapshot, run};
