//! Server-sent-event load with honest timing.
//!
//! A [`plan::Plan`] (a [`scenario`], a target, a request, checks) is offered by [`drive`]: worker threads of users,
//! each user one [`client`] connection whose stream [`sse`] takes apart. [`measure`] holds what was counted,
//! [`summary`] turns it into `recording::LoadSummary`, [`output`] shows that.
//!
//! *Invariant:* nothing here knows about the kernel or about the server's runtime.

pub mod apart;
pub mod checks;
pub mod cli;
pub mod client;
pub mod clock;
pub mod drive;
mod error;
pub mod limits;
pub mod measure;
pub mod merge;
pub mod output;
pub mod plan;
pub mod saturation;
pub mod scenario;
pub mod sse;
pub mod steps;
pub mod summary;
pub mod threshold;

pub use error::Error;
