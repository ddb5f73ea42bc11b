//! Clients that load the stub: this repository's load generator, its floor, and other tools.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::Load;
use crate::{process::Tool, project};

/// Body of every request.
const BODY: &str =
    r#"{"model":"stub","stream":true,"messages":[{"role":"user","content":"hello"}]}"#;

/// A client that loads the stub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Client {
    /// `loadgen/examples/floor.rs`, which reads and counts but measures nothing.
    Floor,
    /// `loadgen run`.
    Loadgen,
    /// oha, which neither buffers bodies nor times tokens.
    Oha,
    /// k6, which buffers whole bodies and times no tokens.
    K6,
    /// k6 with the extension xk6-sse.
    K6Sse,
}

impl Client {
    /// All clients, in the order of the table.
    pub const ALL: [Self; 5] = [Self::Floor, Self::Loadgen, Self::Oha, Self::K6, Self::K6Sse];

    /// Returns the name for the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor (tokio + hyper)",
            Self::Loadgen => "loadgen",
            Self::Oha => "oha",
            Self::K6 => "k6",
            Self::K6Sse => "k6 + xk6-sse",
        }
    }

    /// Returns the path of its program.
    ///
    /// # Errors
    /// Fails if it is not installed.
    pub fn program(self) -> Result<PathBuf> {
        let tool = |name| Tool(name).find().context("it is not installed");
        match self {
            Self::Floor => Ok(project::binary("examples/floor")),
            Self::Loadgen => Ok(project::binary("loadgen")),
            Self::Oha => tool("oha"),
            Self::K6 => tool("k6"),
            Self::K6Sse => tool("k6-sse"),
        }
    }

    /// Returns the command that loads `url`; its files are in `folder`.
    ///
    /// # Errors
    /// Fails if a script cannot be written.
    pub fn command(self, program: &Path, url: &str, load: Load, folder: &Path) -> Result<Command> {
        let (users, seconds) = (load.users.to_string(), load.seconds.to_string());
        let duration = format!("{seconds}s");
        let mut command = Command::new(program);
        match self {
            Self::Floor => command.args([url, &users, &seconds]),
            Self::Loadgen => command
                .args(["run", "--quiet", "--url", url, "--body", BODY])
                .args(["--users", &users, "--duration", &duration, "--json"])
                .arg(folder.join("load.json")),
            Self::Oha => command
                .args(["--no-tui", "--output-format", "quiet", "-w", "-m", "POST"])
                .args(["-T", "application/json", "-d", BODY])
                .args(["-c", &users, "-z", &duration, url]),
            Self::K6 => {
                command
                    .args(k6(&users, &duration))
                    .arg(script(folder, "k6.js", &plain(url))?)
            }
            Self::K6Sse => {
                command
                    .args(k6(&users, &duration))
                    .arg(script(folder, "k6-sse.js", &sse(url))?)
            }
        };
        Ok(command)
    }
}

fn k6(users: &str, duration: &str) -> Vec<OsString> {
    let arguments = ["run", "--quiet", "--no-usage-report", "--vus", users];
    let mut arguments: Vec<OsString> = arguments.map(OsString::from).into();
    arguments.extend(["--duration".into(), duration.into()]);
    arguments
}

fn script(folder: &Path, name: &str, text: &str) -> Result<PathBuf> {
    let path = folder.join(name);
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

fn plain(url: &str) -> String {
    format!(
        "import http from 'k6/http';\n\
         const params = {{ headers: {{ 'content-type': 'application/json' }} }};\n\
         export default function () {{ http.post('{url}', '{BODY}', params); }}\n"
    )
}

fn sse(url: &str) -> String {
    format!(
        "import sse from 'k6/x/sse';\n\
         const headers = {{ 'content-type': 'application/json' }};\n\
         const params = {{ method: 'POST', body: '{BODY}', headers }};\n\
         export default function () {{\n\
         \x20 sse.open('{url}', params, (client) => {{\n\
         \x20   client.on('event', (event) => {{ if (event.data === '[DONE]') client.close(); }});\n\
         \x20 }});\n\
         }}\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::shown;

    #[test]
    fn passes_the_same_load_to_every_client() {
        let folder = tempfile::tempdir().unwrap();
        let load = Load {
            users: 7,
            rounds: 2,
            seconds: 3,
            quick: false,
        };
        for client in Client::ALL {
            let url = "http://127.0.0.1:1/v1/chat/completions";
            let command = client.command(Path::new("tool"), url, load, folder.path());
            let shown = shown(&command.unwrap());
            assert!(shown.contains('7') && shown.contains('3'), "{shown}");
        }
        let script = fs::read_to_string(folder.path().join("k6-sse.js")).unwrap();
        assert!(script.contains("/v1/chat/completions") && script.contains(BODY));
    }
}
