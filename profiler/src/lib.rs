//! The `kontrast` command as a library, so that its parts can be tested one by one.

pub mod cli;
pub mod guardian;
mod publish;
pub mod record;
pub mod run;
pub mod target;
