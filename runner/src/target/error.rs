//! What can go wrong with a server under test, each with what to do about it.

use super::log::LogTail;
use std::{path::PathBuf, time::Duration};

/// A result of this module.
pub type Result<T> = std::result::Result<T, Error>;

/// Why a server under test cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The arm is not written as arms are.
    #[error(
        "arm '{arm}': {why}; an arm is the name of a folder under targets/, the path of a folder with a target.toml \
         (either with :VARIANT, or NAME= before it), or NAME=pid:PID@URL"
    )]
    Spec {
        /// What the user wrote.
        arm: String,
        /// What is wrong with it.
        why: String,
    },
    /// There is no such folder, or no target.toml in it.
    #[error("arm '{arm}': no target.toml in {folder}; {hint}")]
    NoManifest {
        /// What the user wrote.
        arm: String,
        /// Where it was looked for.
        folder: PathBuf,
        /// What could be used instead.
        hint: String,
    },
    /// target.toml cannot be used.
    #[error("{path}: {why}")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// The build command failed.
    #[error("building {arm} failed ({status}): {command}{hint}\n{log}")]
    Build {
        /// The arm.
        arm: String,
        /// How it ended.
        status: String,
        /// The command, as target.toml has it.
        command: String,
        /// What to install, if that is known; begins with a new line.
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
    /// The port that was asked for is in use.
    #[error(
        "port {port} is taken; end what listens there, or leave the port out so that a free one is chosen"
    )]
    PortTaken {
        /// The port.
        port: u16,
    },
    /// The server ended by itself.
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
        /// Where it should listen.
        port: u16,
        /// How long it was waited for.
        timeout: Duration,
        /// Which sign of readiness never came.
        waited_for: String,
        /// The end of its log.
        log: Box<LogTail>,
    },
    /// Something answers on the port, but it is not what was started.
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
    /// The server cannot be held back at its exec.
    #[error(
        "{arm} cannot be started cold: {why}; `run` in its target.toml has to be one program, or to end in `exec PROGRAM`"
    )]
    NotSuspended {
        /// The arm.
        arm: String,
        /// What is in the way.
        why: &'static str,
    },
    /// An arm that should run already does not.
    #[error("arm '{arm}': there is no process {pid}")]
    NoProcess {
        /// The arm.
        arm: String,
        /// The process that was named.
        pid: u32,
    },
    /// What sudo says of its caller cannot be understood.
    #[error(
        "{variable}='{value}' is not a number: run kontrast through sudo itself, or as root without sudo's variables"
    )]
    SudoUser {
        /// The environment variable.
        variable: &'static str,
        /// Its value.
        value: String,
    },
    /// A file or a process could not be dealt with.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
}

/// Gives an I/O error its context.
pub(super) trait Context<T> {
    /// Says what was being done.
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
