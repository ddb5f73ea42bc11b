//! Errors of servers under test, each with its remedy.

use super::log::LogTail;
use std::{path::PathBuf, time::Duration};

/// Result with an [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

/// A reason why a server under test cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The arm is malformed.
    #[error(
        "arm '{arm}': {why}; an arm is the name of a folder under targets/, the path of a folder with a target.toml \
         (either with :VARIANT, or NAME= before it), or NAME=pid:PID@URL"
    )]
    Spec {
        /// The arm as the user wrote it.
        arm: String,
        /// The reason.
        why: String,
    },
    /// The folder does not exist or has no target.toml.
    #[error("arm '{arm}': no target.toml in {folder}; {hint}")]
    NoManifest {
        /// The arm as the user wrote it.
        arm: String,
        /// The folder.
        folder: PathBuf,
        /// Targets that exist, or where to read on.
        hint: String,
    },
    /// A target.toml is invalid.
    #[error("{path}: {why}")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// The reason.
        why: String,
    },
    /// The build command failed.
    #[error("building {arm} failed ({status}): {command}{hint}\n{log}")]
    Build {
        /// The arm.
        arm: String,
        /// How it ended.
        status: String,
        /// The command in target.toml.
        command: String,
        /// How to install a missing tool, on a new line; empty if unknown.
        hint: String,
        /// The end of its output.
        log: Box<LogTail>,
    },
    /// The model's URL cannot be put into a command.
    #[error("the model's URL {url:?} is not a plain one, such as http://127.0.0.1:1234")]
    Upstream {
        /// The URL.
        url: String,
    },
    /// The requested port is in use.
    #[error(
        "port {port} is taken; end what listens there, or leave the port out so that a free one is chosen"
    )]
    PortTaken {
        /// The port.
        port: u16,
    },
    /// The server ended early.
    #[error("{arm} ended by itself ({status}) {when}\n{log}")]
    Died {
        /// The arm.
        arm: String,
        /// How it ended.
        status: String,
        /// Before or after it was ready.
        when: &'static str,
        /// The end of its log.
        log: Box<LogTail>,
    },
    /// The server runs but does not answer.
    #[error(
        "{arm} did not answer on 127.0.0.1:{port} within {} s ({waited_for}); it has to listen on the port in $PORT. \
{log}",
        timeout.as_secs_f32()
    )]
    NeverReady {
        /// The arm.
        arm: String,
        /// Its port.
        port: u16,
        /// Time until the wait ended.
        timeout: Duration,
        /// The sign of readiness that did not come.
        waited_for: String,
        /// The end of its log.
        log: Box<LogTail>,
    },
    /// Another process answers on the server's port.
    #[error(
        "something other than {arm} listens on port {port}; start again for another port. A server that leaves its \
         process group (a daemon, a container) cannot be started from here: start it yourself and use NAME=pid:PID@URL"
    )]
    Foreign {
        /// The arm.
        arm: String,
        /// The port.
        port: u16,
    },
    /// The server cannot be suspended before its exec.
    #[error(
        "{arm} cannot be started cold: {why}; `run` in its target.toml has to be one program, or to end in `exec PROGRAM`"
    )]
    NotSuspended {
        /// The arm.
        arm: String,
        /// The reason.
        why: &'static str,
    },
    /// The process of an arm does not exist.
    #[error("arm '{arm}': there is no process {pid}")]
    NoProcess {
        /// The arm.
        arm: String,
        /// The given process id.
        pid: u32,
    },
    /// A variable of sudo is invalid.
    #[error(
        "{variable}='{value}' is not a number: run kontrast through sudo itself, or as root without sudo's variables"
    )]
    SudoUser {
        /// The environment variable.
        variable: &'static str,
        /// Its value.
        value: String,
    },
    /// A file or process operation failed.
    #[error("{what}: {source}")]
    Io {
        /// The operation, as in `reading FILE`.
        what: String,
        /// Its error.
        source: std::io::Error,
    },
}

/// Adds context to I/O errors.
pub(super) trait Context<T> {
    /// Names the operation, as in `reading FILE`.
    fn doing(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E: Into<std::io::Error>> Context<T> for std::result::Result<T, E> {
    fn doing(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Error::Io {
            what: what(),
            source: error.into(),
        })
    }
}
