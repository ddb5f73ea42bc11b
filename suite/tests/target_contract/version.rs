//! Checks that the runtime has the version in target.toml, which results carry.

use crate::session::Session;
use std::{fs, future::Future, path::Path, pin::Pin, process::Command};

/// Whether the executable of a runtime prints its version.
fn can_be_asked(runtime: &str) -> bool {
    matches!(runtime, "go" | "bun" | "node" | "deno")
}

/// Runs the executable of the server's process with its version option.
pub fn is_what_it_says(session: Session) -> Pin<Box<dyn Future<Output = ()>>> {
    let (runtime, version) = session.arm.runtime().expect("it has a folder");
    if !can_be_asked(&runtime) {
        return Box::pin(std::future::ready(()));
    }
    let executable = fs::read_link(format!("/proc/{}/exe", session.server.pid())).expect("it runs");
    let said = ask(&runtime, &executable);
    let words: Vec<&str> = said
        .split_whitespace()
        .map(|word| word.trim_start_matches(['v', 'g', 'o']))
        .collect();
    assert!(
        words.contains(&version.as_str()),
        "target.toml: {version}; it says: {said}"
    );
    Box::pin(std::future::ready(()))
}

fn ask(runtime: &str, executable: &Path) -> String {
    let output = match runtime {
        "go" => Command::new("go").arg("version").arg(executable).output(),
        _ => Command::new(executable).arg("--version").output(),
    };
    String::from_utf8(output.expect("it can be asked").stdout).expect("versions are text")
}
