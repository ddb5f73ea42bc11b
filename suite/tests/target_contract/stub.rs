//! The real stub with a script.

use std::{
    env,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Once,
};

/// A running stub. Dropping it ends it.
pub struct Stub {
    process: Child,
    url: String,
}

impl Stub {
    /// Starts the stub; without a script it sends plain tokens.
    pub fn start(script: Option<&Path>) -> Self {
        let mut command = Command::new(program());
        command.args(["--delay", "1ms"]).stdout(Stdio::piped());
        if let Some(script) = script {
            command.arg("--script").arg(script);
        }
        let mut process = command.spawn().expect("the stub starts");
        let stdout = process.stdout.as_mut().expect("it was asked for");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it says its address");
        Self {
            process,
            url: line.trim().to_owned(),
        }
    }

    /// Returns the base URL.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for Stub {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Returns the path of the stub's program. It belongs to another package, and is built if it does
/// not exist.
fn program() -> PathBuf {
    static BUILD: Once = Once::new();
    let tests = env::current_exe().expect("this program is somewhere");
    let folder = tests.parent().and_then(Path::parent);
    let program = folder
        .expect("tests are in a folder of the programs'")
        .join("stub");
    BUILD.call_once(|| {
        let profile = if cfg!(debug_assertions) {
            "dev"
        } else {
            "release"
        };
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--quiet", "--profile", profile, "-p", "stub"]);
        assert!(program.exists() || cargo.status().is_ok_and(|status| status.success()));
    });
    program
}
