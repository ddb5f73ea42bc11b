//! Load generator for servers that stream tokens, with latencies measured at the socket.
//!
//! [`drive`] offers the load of a [`plan::Plan`] (a [`scenario`], targets, requests, checks) on
//! worker threads. Each user owns one [`client`] connection, whose stream [`sse`] parses.
//! [`measure`] holds counters and histograms, [`summary`] turns them into
//! `recording::LoadSummary`, and [`output`] renders that.
//!
//! *Invariant:* this crate knows nothing about the kernel or the server's runtime.

pub mod checks;
pub mod cli;
pub mod client;
pub mod clock;
pub mod desync;
pub mod distribution;
pub mod drive;
mod error;
pub mod mask;
pub mod measure;
pub mod merge;
pub mod output;
pub mod plan;
pub mod prompts;
pub mod rlimit;
pub mod saturation;
pub mod scenario;
pub mod slo;
pub mod sse;
pub mod steps;
pub mod summary;
pub mod threshold;
pub mod trace;

pub use error::Error;
