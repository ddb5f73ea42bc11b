//! Servers under test: `target.toml`, building, starting and stopping them.
//!
//! [`Arm::resolve`] turns what the user wrote (`go`, `go:gomaxprocs1`, a folder, `NAME=pid:PID@URL`) into an
//! [`Arm`]; [`Arm::build`] builds it if something changed; [`Arm::start`] gives a [`Running`] server that is known to
//! answer and whose process is known. Dropping a [`Running`] ends it.
//!
//! *Invariant:* whatever way the caller ends (error, panic, early return), no process that was started here is left.

mod arm;
mod build;
mod error;
mod group;
mod help;
mod inputs;
mod installed;
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
pub use help::HelpFolder;
pub use log::LogTail;
pub use manifest::{Help, Manifest, Variant};
pub use running::Running;
pub use start::StartOptions;
pub use start::unused_port;
pub use sudo_user::SudoUser;
pub use suspended_server::SuspendedServer;
