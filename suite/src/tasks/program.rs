//! A running program of `targets/tasks/`: one request per line, one answer per line.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::bounds::{Bounds, Limit};
use super::kinds::Kind;
use crate::usage;

/// Interval at which a working process is checked against its limits.
const LOOK: Duration = Duration::from_millis(20);

/// Answer of a program.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Answer {
    /// Number of tasks, turns, pieces or files.
    pub done: u64,
    /// Elapsed time.
    pub ns: f64,
    /// Result of the computation, or the sum over all bytes read.
    #[serde(default)]
    pub sum: u32,
    #[serde(default)]
    error: Option<String>,
}

/// A line of the program.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Answer(Answer),
    Progress { at: u64 },
}

/// A running program. Dropping it kills it.
pub struct Program {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    name: String,
}

impl Program {
    /// Starts the program; its standard error goes to `log`.
    ///
    /// # Errors
    /// Fails if it cannot be started.
    pub fn start(kind: &Kind, log: &Path) -> Result<Self> {
        let log = File::options().create(true).append(true).open(log)?;
        let mut child = kind
            .command()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", kind.name))?;
        let stdin = child.stdin.take().context("stdin was asked for")?;
        let stdout = child.stdout.take().context("stdout was asked for")?;
        let (to, lines) = mpsc::channel();
        thread::spawn(move || {
            let lines = BufReader::new(stdout).lines();
            lines
                .map_while(Result::ok)
                .try_for_each(|line| to.send(line))
        });
        Ok(Self {
            child,
            stdin,
            lines,
            name: kind.name.clone(),
        })
    }

    /// Returns its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a request and waits for the answer.
    ///
    /// # Errors
    /// Fails with a [`Limit`] if one is exceeded, after which the program is of no use; if it ends;
    /// or if its answer is malformed.
    pub fn ask(&mut self, request: &str, bounds: &Bounds) -> Result<Answer> {
        let began = Instant::now();
        let mut reached = None;
        writeln!(self.stdin, "{request}").with_context(|| format!("{} has ended", self.name))?;
        loop {
            match self.lines.recv_timeout(LOOK) {
                Ok(line) => match self.read(&line)? {
                    Line::Progress { at } => reached = Some(at),
                    Line::Answer(answer) => return self.judged(answer),
                },
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("{} ended while it did: {request}", self.name)
                }
            }
            let (rss, threads) = usage::memory_and_threads(self.pid()).unwrap_or_default();
            if let Some(cause) = bounds.passed(rss, threads, began.elapsed()) {
                bail!(Limit {
                    cause,
                    reached,
                    threads
                });
            }
        }
    }

    /// Turns an error of the program into a limit.
    fn judged(&self, answer: Answer) -> Result<Answer> {
        let Some(said) = &answer.error else {
            return Ok(answer);
        };
        let (_, threads) = usage::memory_and_threads(self.pid()).unwrap_or_default();
        bail!(Limit {
            // The message is printed, and a program must not control the terminal.
            cause: format!("error of the program: {}", said.escape_debug()),
            reached: Some(answer.done),
            threads,
        })
    }

    fn read(&self, line: &str) -> Result<Line> {
        serde_json::from_str(line).with_context(|| format!("{} answers {line:?}", self.name))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended before, so killing it may fail.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(script: &str, time: Duration) -> Result<Answer> {
        let kind: Kind = toml::from_str(&format!(
            "name = 'test'\nfolder = '.'\nis = 'x'\nrun = '''{script}'''"
        ))?;
        let log = tempfile::NamedTempFile::new()?;
        Program::start(&kind, log.path())?.ask("spawn\t3", &Bounds::now(time))
    }

    fn limit(answer: Result<Answer>) -> Limit {
        answer.unwrap_err().downcast().unwrap()
    }

    #[test]
    fn reads_the_answer_after_progress_lines() {
        let script = r#"read line; echo '{"at":1}'; echo "{\"done\":${line#spawn?},\"ns\":5}""#;
        let answer = ask(script, Duration::from_secs(60)).unwrap();
        assert_eq!((answer.done, answer.ns, answer.sum), (3, 5.0, 0));
    }

    #[test]
    fn stops_a_program_that_exceeds_the_time() {
        let limit = limit(ask("exec sleep 60", Duration::ZERO));
        assert_eq!(limit.cause, "time: 0 s");
    }

    #[test]
    fn turns_errors_of_the_program_into_limits() {
        let script = r#"read line; echo '{"done":2,"ns":1,"error":"no more\u001b"}'"#;
        let limit = limit(ask(script, Duration::from_secs(60)));
        assert_eq!(limit.cause, "error of the program: no more\\u{1b}");
        assert_eq!(limit.reached, Some(2));
    }

    #[test]
    fn rejects_malformed_answers_and_early_ends() {
        let refused = |script| format!("{:#}", ask(script, Duration::from_secs(60)).unwrap_err());
        assert!(refused("read line; echo hello; read line").contains("answers \"hello\""));
        assert!(refused("read line").contains("ended while it did"));
    }
}
