//! Errors that stop a run before it begins.
//!
//! A message has the system's error in it where text follows that; such a field is not named
//! `source`, or the error would be printed twice.

use std::path::PathBuf;

/// Reason why a load cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The scenario is neither built in nor a readable file.
    #[error(
        "{name:?} is neither a built-in scenario ({known}) nor a file that can be read: {error}"
    )]
    NoScenario {
        /// Name or path from the command line.
        name: String,
        /// Names of the built-in scenarios.
        known: String,
        /// Reason why the file cannot be read.
        error: std::io::Error,
    },
    /// The scenario file is invalid.
    #[error("scenario {name}: {reason}")]
    Scenario {
        /// Name of the scenario.
        name: String,
        /// Reason for the refusal.
        reason: String,
    },
    /// A list of steps is invalid.
    #[error("steps of {of}: {reason}")]
    Steps {
        /// File or scenario that lists the steps.
        of: String,
        /// Reason for the refusal.
        reason: String,
    },
    /// The URL cannot be used.
    #[error("cannot use the URL {url:?}: {reason}; it should look like http://127.0.0.1:8080/chat")]
    Url {
        /// URL as the user wrote it, secrets masked.
        url: String,
        /// Reason for the refusal.
        reason: String,
    },
    /// A header is not of the form `Name: value`.
    #[error(
        "cannot use the header {header:?}: {reason}; it should look like 'Authorization: Bearer …'"
    )]
    Header {
        /// Name of the header; its value may be a secret.
        header: String,
        /// Reason for the refusal.
        reason: String,
    },
    /// A file named on the command line cannot be read.
    #[error("cannot read {path}: {error}")]
    Read {
        /// Path of the file.
        path: PathBuf,
        /// Error of the operating system.
        error: std::io::Error,
    },
    /// Options contradict each other, or one has an invalid value.
    #[error("{0}")]
    Usage(String),
    /// An output cannot be written.
    #[error("cannot write {}: {error}; free some space or choose another path", .path.display())]
    Output {
        /// Path of the output.
        path: PathBuf,
        /// Error of the operating system.
        error: std::io::Error,
    },
    /// A worker thread cannot be started.
    #[error("cannot start a worker thread")]
    Worker(#[from] std::io::Error),
}

impl Error {
    /// Returns whether the command line caused the error (exit code 2).
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Worker(_) | Self::Output { .. })
    }
}
