//! Servers under test: `target.toml`, building, starting and stopping them.
//!
//! [`Arm::resolve`] parses an arm as the user writes it (`go`, `go:gomaxprocs1`, a folder,
//! `NAME=pid:PID@URL`). [`Arm::build`] builds it if its inputs changed. [`Arm::start`] returns a
//! [`Running`] server that answers. Dropping that ends it.
//!
//! *Invariant:* no process that was started here is left when the caller ends, be it by an error, a
//! panic or a return.

mod arm;
mod build;
mod error;
mod group;
mod inputs;
mod installed;
mod instrumentation;
mod log;
mod manifest;
mod owner;
mod ready;
mod running;
mod shell;
mod start;
mod sudo_user;
mod suspended_server;
#[cfg(test)]
mod testing;

pub use arm::Arm;
pub use error::{Error, Result};
pub use instrumentation::SymbolFolder;
pub use log::LogTail;
pub use manifest::{Instrumentation, Manifest, Variant};
pub use running::Running;
pub use start::StartOptions;
pub use start::unused_port;
pub use sudo_user::SudoUser;
pub use suspended_server::SuspendedServer;
