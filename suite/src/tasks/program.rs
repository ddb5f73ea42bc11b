//! A program of `targets/tasks/` that runs: one request a line, one answer a line.

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
use super::usage;

/// How often a process is looked at while it works, to stop it before the host suffers.
const LOOK: Duration = Duration::from_millis(20);

/// What was done.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Answer {
    /// Tasks, turns, pieces or files.
    pub done: u64,
    /// Time it took.
    pub ns: f64,
    /// What was computed, or the sum over what was read.
    #[serde(default)]
    pub sum: u32,
    #[serde(default)]
    error: Option<String>,
}

/// A line of the program's.
#[derive(Deserialize)]
#[serde(untagged)]
enum Line {
    Answer(Answer),
    Progress { at: u64 },
}

/// Ended when dropped.
pub struct Program {
    child: Child,
    stdin: ChildStdin,
    lines: Receiver<String>,
    name: String,
}

impl Program {
    /// Starts it; what it says on standard error goes to `log`.
    ///
    /// # Errors
    /// It cannot be started.
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

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks for something and waits for the answer.
    ///
    /// # Errors
    /// A [`Limit`] was passed, and the program is of no more use; it ends; or it says what is no answer.
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
            let (rss, threads) = usage::glance(self.pid()).unwrap_or_default();
            if let Some(cause) = bounds.passed(rss, threads, began.elapsed()) {
                bail!(Limit {
                    cause,
                    reached,
                    threads
                });
            }
        }
    }

    /// What a program could not do is a limit of its own.
    fn judged(&self, answer: Answer) -> Result<Answer> {
        let Some(said) = &answer.error else {
            return Ok(answer);
        };
        let (_, threads) = usage::glance(self.pid()).unwrap_or_default();
        bail!(Limit {
            // It is printed, and the program is not ours to trust with a terminal.
            cause: format!("the program says: {}", said.escape_debug()),
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
        // It may have ended already; there is nobody to tell anything else.
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
    fn an_answer_is_read_past_what_it_says_on_its_way() {
        let script = r#"read line; echo '{"at":1}'; echo "{\"done\":${line#spawn?},\"ns\":5}""#;
        let answer = ask(script, Duration::from_secs(60)).unwrap();
        assert_eq!((answer.done, answer.ns, answer.sum), (3, 5.0, 0));
    }

    #[test]
    fn one_that_takes_too_long_is_stopped() {
        let limit = limit(ask("exec sleep 60", Duration::ZERO));
        assert_eq!(limit.cause, "time: 0 s");
    }

    #[test]
    fn what_the_program_cannot_do_is_a_limit() {
        let script = r#"read line; echo '{"done":2,"ns":1,"error":"no more\u001b"}'"#;
        let limit = limit(ask(script, Duration::from_secs(60)));
        assert_eq!(limit.cause, "the program says: no more\\u{1b}");
        assert_eq!(limit.reached, Some(2));
    }

    #[test]
    fn odd_answers_and_an_early_end_are_errors() {
        let refused = |script| format!("{:#}", ask(script, Duration::from_secs(60)).unwrap_err());
        assert!(refused("read line; echo hello; read line").contains("answers \"hello\""));
        assert!(refused("read line").contains("ended while it did"));
    }
}
