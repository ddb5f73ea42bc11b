//! The last screen of `kontrast record`: one recording in short, and where it is.

use anyhow::{Context, Result};
use recording::{Recording, io::RECORDING_FILE};
use report::Input;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;

/// Prints the summary of a recording on standard output, and its path as the last line. Colours are
/// for a terminal, unless NO_COLOR is set.
///
/// # Errors
/// Fails if standard output cannot be written, unless its reader is gone.
pub fn print(out: &Path, recording: Recording) -> Result<()> {
    let recordings = [(RECORDING_FILE.to_owned(), recording)];
    let comparison = analysis::compare(&recordings);
    let input = Input {
        comparison: &comparison,
        recordings: &recordings,
    };
    let mut stdout = std::io::stdout().lock();
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let written = match report::summary(&input, wanted && stdout.is_terminal(), &mut stdout) {
        Ok(()) => writeln!(stdout, "\n{}", out.join(RECORDING_FILE).display())
            .and_then(|()| stdout.flush()),
        Err(report::Error::Write(error)) => Err(error),
        Err(other) => return Err(other.into()),
    };
    match written {
        // `head` closes the pipe when it has enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("cannot print the summary; the recording is saved"),
    }
}
