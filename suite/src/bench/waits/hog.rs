//! A process that works on the CPU of the program.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};

use super::process;

/// Name of the process.
pub const NAME: &str = "hog";
/// Turns and milliseconds of its work: longer than any recording.
const WORK: [&str; 2] = ["1000", "1000"];

/// A process that works until this is dropped.
pub struct Hog(Child);

/// Returns words that run a program on the first CPU.
pub fn pinned(program: Vec<OsString>) -> Vec<OsString> {
    let words = ["taskset", "-c", "0"].map(OsString::from).into_iter();
    words.chain(program).collect()
}

impl Hog {
    /// Starts a copy of the program itself under another name.
    ///
    /// # Errors
    /// The program cannot be copied or started.
    pub fn start(program: &Path) -> Result<Self> {
        let hog = program.with_file_name(NAME);
        std::fs::copy(program, &hog)?;
        let words = pinned(vec![hog.into()]);
        let mut command = Command::new(&words[0]);
        command.args(&words[1..]).args(WORK).arg("/dev/null");
        command.stdout(Stdio::null());
        let child = command.spawn();
        Ok(Self(child.with_context(|| process::shown(&command))?))
    }
}

impl Drop for Hog {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
