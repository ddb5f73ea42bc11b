//! Where the output of a database goes.

use std::{
    fs::File,
    io,
    os::fd::AsFd,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result};
use runner::target::LogTail;

/// The log of a database.
#[derive(Clone, Debug)]
pub enum Log {
    /// Standard error of this process.
    Inherited,
    /// A file.
    File(PathBuf),
}

impl Log {
    /// Creates a log in a file, which is truncated when a server starts.
    pub fn file(path: &Path) -> Self {
        Self::File(path.to_owned())
    }

    /// Connects both output streams of `command` to the log.
    ///
    /// # Errors
    /// Fails if the file cannot be written, or a descriptor cannot be duplicated.
    pub fn connect(&self, command: &mut Command) -> Result<()> {
        let output = match self {
            Self::Inherited => io::stderr().as_fd().try_clone_to_owned().map(Stdio::from),
            Self::File(path) => File::create(path).map(Stdio::from),
        };
        let output = output.with_context(|| self.failure())?;
        let errors = match self {
            Self::Inherited => Stdio::inherit(),
            Self::File(path) => {
                let file = File::options().append(true).open(path);
                file.with_context(|| self.failure())?.into()
            }
        };
        command.stdout(output).stderr(errors);
        Ok(())
    }

    /// Returns the end of the log for an error message; standard error already shows it.
    pub fn tail(&self) -> String {
        match self {
            Self::Inherited => "Its log is above.".to_owned(),
            Self::File(path) => LogTail::read(path).to_string(),
        }
    }

    fn failure(&self) -> String {
        match self {
            Self::Inherited => "cannot write to standard error".to_owned(),
            Self::File(path) => format!("cannot write {}", path.display()),
        }
    }
}
