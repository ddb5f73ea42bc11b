//! This repository's own measurements: benchmarks with a known truth, comparisons with other
//! tools, kinds of task, and the databases that its targets use.
//!
//! *Invariant:* nothing of this is part of the installed product. `kontrast run` starts a database
//! only through `--service`, and this crate provides such commands.

pub mod bench;
pub mod real;
pub mod service;
pub mod tasks;
mod turns;
mod usage;

use xtask::{process, project};
