//! A service that the arms need, such as a database: started before each round, ended after it.
//!
//! The service is a command of the user's. It prints `NAME=VALUE` for each variable that the arm
//! needs, optionally `version TEXT` and `counts bytes`, and then `ready`. It ends when its standard
//! input is closed. One that counts bytes answers the line `bytes` with `bytes SENT RECEIVED`.

use crate::{
    child::{Guarded, Pipes},
    cpus::Cpus,
    stub::Moved,
    target::SudoUser,
};
use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use serde::Serialize;
use std::{path::Path, str::FromStr, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{ChildStdin, ChildStdout, Command},
    time::timeout,
};

/// Time until the service is ready, and until it has ended: a database takes seconds.
const PATIENCE: Duration = Duration::from_secs(60);
/// Its log in the folder of the round.
const LOG: &str = "service.log";

/// A service as the user names it: `NAME=CMD`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spec {
    /// Its name in `target.toml`, `postgres` for instance.
    pub name: String,
    /// The command that runs it, for a shell.
    pub command: String,
}

impl FromStr for Spec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let named = text.split_once('=');
        let named = named.filter(|(name, command)| !name.is_empty() && !command.is_empty());
        let (name, command) = named.ok_or("write it as NAME=CMD, as in postgres='./db.sh'")?;
        Ok(Self {
            name: name.to_owned(),
            command: command.to_owned(),
        })
    }
}

/// A service that is ready; it is killed when dropped.
pub struct Service {
    process: Guarded,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    env: Vec<(String, String)>,
    version: String,
    counts_bytes: bool,
}

impl Service {
    /// Starts the service on `cpus` and waits until it is ready; `dir` takes its log.
    ///
    /// # Errors
    /// Fails if the service ends, prints anything else than its protocol, or is not ready in time.
    pub async fn start(spec: &Spec, cpus: Option<&Cpus>, dir: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &spec.command]);
        if let Some(user) = SudoUser::detect()? {
            user.run_as(command.as_std_mut());
        }
        let pipes = Pipes {
            stdin: true,
            stdout: true,
        };
        let log = dir.join(LOG);
        let mut process = Guarded::spawn("service", &mut command, pipes, cpus, &log)?;
        let input = process.take_stdin().context("the service has no input")?;
        let output = process.take_stdout().context("the service has no output")?;
        let mut service = Self {
            process,
            input,
            output: BufReader::new(output),
            env: Vec::new(),
            version: String::new(),
            counts_bytes: false,
        };
        match timeout(PATIENCE, service.announcement()).await {
            Ok(Ok(())) => Ok(service),
            Ok(Err(error)) => Err(service.process.trouble(&format!("{error:#}"))),
            Err(_) => Err(service
                .process
                .trouble(&format!("was not ready within {PATIENCE:?}"))),
        }
    }

    /// Reads the lines up to `ready`.
    async fn announcement(&mut self) -> anyhow::Result<()> {
        loop {
            let line = self.line().await?;
            match line.split_once([' ', '=']) {
                None if line == "ready" => return Ok(()),
                Some(("version", version)) => self.version = version.to_owned(),
                Some(("counts", "bytes")) => self.counts_bytes = true,
                Some((name, value)) if is_variable(&line, name) => {
                    self.env.push((name.to_owned(), value.to_owned()));
                }
                _ => bail!("printed {line:?}, which is neither NAME=VALUE nor ready"),
            }
        }
    }

    async fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line).await? == 0 {
            bail!("ended before it was ready");
        }
        Ok(line.trim_end().to_owned())
    }

    /// Returns the variables that the arm needs.
    pub fn env(&self) -> &[(String, String)] {
        &self.env
    }

    /// Returns its version; empty if it printed none.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Returns the bytes it has sent and received; `None` if it does not count them.
    ///
    /// # Errors
    /// Fails if it does not answer, with the end of its log.
    pub async fn moved(&mut self) -> anyhow::Result<Option<Moved>> {
        if !self.counts_bytes {
            return Ok(None);
        }
        let answer = match timeout(PATIENCE, self.ask("bytes\n")).await {
            Ok(answer) => answer.and_then(|line| {
                parse_bytes(&line).with_context(|| format!("answered {line:?} to bytes"))
            }),
            Err(_) => Err(anyhow::anyhow!("did not answer within {PATIENCE:?}")),
        };
        answer
            .map(Some)
            .map_err(|error| self.process.trouble(&format!("{error:#}")))
    }

    async fn ask(&mut self, request: &str) -> anyhow::Result<String> {
        self.input.write_all(request.as_bytes()).await?;
        self.input.flush().await?;
        self.line().await
    }

    /// Closes its input and waits for its end.
    ///
    /// # Errors
    /// Fails if the system does.
    pub async fn end(self) -> anyhow::Result<()> {
        let Self {
            mut process, input, ..
        } = self;
        drop(input);
        if let Ok(ended) = timeout(PATIENCE, process.wait()).await {
            return ended.map(drop);
        }
        process.end(Signal::SIGKILL, PATIENCE).await.map(drop)
    }
}

/// Whether the line sets a variable of this name.
fn is_variable(line: &str, name: &str) -> bool {
    let letters = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    !name.is_empty() && name.chars().all(letters) && line[name.len()..].starts_with('=')
}

fn parse_bytes(line: &str) -> Option<Moved> {
    let (sent, received) = line.strip_prefix("bytes ")?.split_once(' ')?;
    Some(Moved {
        bytes_sent: sent.parse().ok()?,
        bytes_received: received.parse().ok()?,
        ..Moved::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn start(command: &str) -> anyhow::Result<Service> {
        let dir = tempfile::tempdir().unwrap();
        let spec = format!("db={command}").parse().unwrap();
        Service::start(&spec, None, dir.path()).await
    }

    #[test]
    fn rejects_a_service_without_name_or_command() {
        for text in ["postgres", "=x", "postgres="] {
            assert!(text.parse::<Spec>().is_err(), "{text}");
        }
        let spec: Spec = "db=A=1 run".parse().unwrap();
        assert_eq!(
            (spec.name.as_str(), spec.command.as_str()),
            ("db", "A=1 run")
        );
    }

    #[tokio::test]
    async fn reads_the_variables_and_ends_with_its_input() {
        let command = "echo DATABASE=x=y z; echo version 7 beta; echo ready; cat";
        let mut service = start(command).await.unwrap();
        assert_eq!(service.env(), [("DATABASE".to_owned(), "x=y z".to_owned())]);
        assert_eq!(service.version(), "7 beta");
        assert_eq!(service.moved().await.unwrap(), None);
        service.end().await.unwrap();
    }

    #[tokio::test]
    async fn asks_a_service_that_counts_for_its_bytes() {
        let command = "echo counts bytes; echo ready; while read line; do echo $line 3 5; done";
        let mut service = start(command).await.unwrap();
        let moved = service.moved().await.unwrap().unwrap();
        assert_eq!((moved.bytes_sent, moved.bytes_received), (3, 5));
        service.end().await.unwrap();
    }

    #[tokio::test]
    async fn reports_the_log_of_a_service_that_is_not_ready() {
        let error = start("echo no disk >&2").await.err().unwrap().to_string();
        assert!(error.contains("ended before it was ready"), "{error}");
        assert!(error.ends_with("\n  no disk"), "{error}");
        let error = start("echo hello").await.err().unwrap().to_string();
        assert!(error.contains("printed \"hello\""), "{error}");
    }
}
