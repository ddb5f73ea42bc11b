//! `kontrast run` up to its recordings: stub, arm, load and recorder as separate processes.
//!
//! [`execute`] is the outline. Each round is a fresh process of one arm: started, warmed up,
//! recorded under load, ended. Arms take turns.
//!
//! *Invariant:* no process that a run started is left when it ends, however it ends. Finished
//! rounds are kept.

mod affinity;
mod arms;
pub mod auto;
mod bytes;
mod child;
mod cold_start;
pub mod cpus;
mod descendants;
pub mod guardian;
mod highest;
pub mod http;
mod interrupt;
pub mod load;
pub mod load_output;
pub mod output;
mod placement;
pub mod plan;
mod privilege;
mod progress;
mod recorder;
pub mod request;
mod results;
mod round;
mod run;
pub mod service;
mod stub;
pub mod supervisor;
pub mod suspended;
pub mod target;
#[cfg(test)]
mod testing;
pub mod tools;
pub mod workload;

pub use interrupt::{Interrupt, Interrupted};
pub use plan::Step;
pub use round::Round;
pub use run::{Measured, execute};
