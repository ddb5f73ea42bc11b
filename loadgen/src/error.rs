//! What stops a run before it begins, or keeps its result from being written.

use std::path::PathBuf;

/// Why a load cannot be run or its result not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Neither built in nor a file.
    #[error(
        "{name:?} is neither a built-in scenario ({known}) nor a file that can be read: {source}"
    )]
    NoScenario {
        /// What was asked for.
        name: String,
        /// The built-in ones.
        known: String,
        /// Why there is no such file.
        source: std::io::Error,
    },
    /// The scenario's text makes no sense.
    #[error("scenario {name}: {reason}")]
    Scenario {
        /// Its name.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A list of steps makes no sense.
    #[error("steps of {of}: {reason}")]
    Steps {
        /// The file or scenario that has them.
        of: String,
        /// What is wrong with them.
        reason: String,
    },
    /// The URL cannot be used.
    #[error("cannot use the URL {url:?}: {reason}; it should look like http://127.0.0.1:8080/chat")]
    Url {
        /// As it was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A header is not of the form `Name: value`.
    #[error(
        "cannot use the header {header:?}: {reason}; it should look like 'Authorization: Bearer …'"
    )]
    Header {
        /// As it was given.
        header: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file named on the command line cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Numbers that make no sense together.
    #[error("{0}")]
    Usage(String),
    /// A worker could not be started.
    #[error("cannot start a worker thread: {0}")]
    Worker(#[from] std::io::Error),
}

impl Error {
    /// Whether the command line is to blame (exit code 2).
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Worker(_))
    }
}
