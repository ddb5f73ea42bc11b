//! The process that is slowed: see `bin/ping_pong.rs`.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, ensure};

use crate::project;

/// A ping-pong that is connected and waits to begin.
pub struct PingPong {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

/// What one measurement gave.
#[derive(Clone, Copy, Debug)]
pub struct Score {
    /// Round trips made.
    pub round_trips: f64,
    /// In this time.
    pub nanoseconds: f64,
    /// On the CPU for this long. Nothing else runs there but what the machine does besides, so that on an idle one
    /// both times are the same, and on a busy one this is what the round trips cost.
    pub cpu_nanoseconds: f64,
}

impl PingPong {
    /// Starts one that will play for so many seconds.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(seconds: u16, one_cpu: bool) -> Result<Self> {
        let mut child = Command::new(project::binary("ping_pong"))
            .arg(seconds.to_string())
            .args(one_cpu.then_some("one-cpu"))
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
            "the ping-pong says {line:?} instead of ready"
        );
        Ok(started)
    }

    /// The process to observe.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Plays to the end; the process stays until it is dropped.
    ///
    /// # Errors
    /// It ends early, or says something else than three numbers.
    pub fn play(&mut self) -> Result<Score> {
        writeln!(self.stdin).context("the ping-pong is gone")?;
        let line = self.line()?;
        let mut numbers = line.split(' ').map(str::parse::<f64>);
        let mut next = || numbers.next().and_then(Result::ok);
        let unreadable = || format!("the ping-pong says {line:?}");
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
        // It may have ended already; there is nobody to tell anything else.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
