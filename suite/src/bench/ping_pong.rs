//! The process that is observed: see `bin/ping_pong.rs`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::project;

/// Work of the observed process, and its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// Two threads pass a byte, each on a CPU.
    BetweenCpus,
    /// Two threads pass a byte on one CPU.
    OneCpu,
    /// One thread runs user code with deep call stacks.
    UserCode,
}

impl Program {
    /// Returns the argument of the program.
    fn argument(self) -> Option<&'static str> {
        match self {
            Self::BetweenCpus => None,
            Self::OneCpu => Some("one-cpu"),
            Self::UserCode => Some("user-code"),
        }
    }

    /// Returns the line above the table.
    pub fn describe(self) -> &'static str {
        match self {
            Self::BetweenCpus => {
                "socket ping-pong between CPUs: 2 switches and 4 system calls a round trip"
            }
            Self::OneCpu => {
                "socket ping-pong on one CPU: 2 switches and 4 system calls a round trip"
            }
            Self::UserCode => "user code, 24 frames deep, without system calls",
        }
    }

    /// Returns the unit of the table.
    pub fn unit(self) -> &'static str {
        match self {
            Self::UserCode => "a call",
            _ => "a round trip",
        }
    }
}

/// A ping-pong that is connected and waits to begin.
pub struct PingPong {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

/// Result of one measurement.
#[derive(Clone, Copy, Debug)]
pub struct Score {
    /// Number of round trips.
    pub round_trips: f64,
    /// Elapsed time.
    pub nanoseconds: f64,
    /// CPU time. On an idle machine it equals elapsed time on one CPU; on a busy one it is the cost
    /// of the round trips.
    pub cpu_nanoseconds: f64,
}

impl PingPong {
    /// Starts a ping-pong of this many seconds.
    ///
    /// # Errors
    /// Fails if it cannot be started.
    pub fn start(seconds: u16, program: Program) -> Result<Self> {
        let mut child = Command::new(project::binary("ping_pong"))
            .arg(seconds.to_string())
            .args(program.argument())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the ping-pong")?;
        let stdin = child.stdin.take().context("stdin was asked for")?;
        let stdout = child.stdout.take().context("stdout was asked for")?;
        let mut started = Self {
            child,
            stdin,
            stdout: BufReader::new(stdout),
        };
        let line = started.line()?;
        ensure!(
            line == "ready",
            "the ping-pong printed {line:?} in place of ready"
        );
        Ok(started)
    }

    /// Returns the process to observe.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Plays to the end. The process stays until this is dropped.
    ///
    /// # Errors
    /// Fails if it ends early, or does not print three numbers.
    pub fn play(&mut self) -> Result<Score> {
        writeln!(self.stdin).context("the ping-pong is gone")?;
        let line = self.line()?;
        let mut numbers = line.split(' ').map(str::parse::<f64>);
        let mut next = || numbers.next().and_then(Result::ok);
        let unreadable = || format!("the ping-pong printed {line:?}");
        Ok(Score {
            round_trips: next().with_context(unreadable)?,
            nanoseconds: next().with_context(unreadable)?,
            cpu_nanoseconds: next().with_context(unreadable)?,
        })
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.stdout
            .read_line(&mut line)
            .context("the ping-pong is gone")?;
        Ok(line.trim().to_owned())
    }
}

impl Drop for PingPong {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
