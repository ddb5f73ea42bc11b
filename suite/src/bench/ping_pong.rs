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
    /// Two threads pass a byte on one CPU, and compute for some turns after each round trip.
    OneCpu {
        /// Number of turns.
        turns: u32,
    },
    /// One thread runs user code with deep call stacks.
    UserCode,
}

/// Context switches of a round trip.
pub const SWITCHES: f64 = 2.0;
/// Turns of user code by which their length is measured.
const TURNS: u32 = 10_000;

impl Program {
    /// Returns the program that switches this often a second without an observer, by two runs of a
    /// second.
    ///
    /// # Errors
    /// The host cannot switch as often.
    pub fn switching(per_second: u32) -> Result<Self> {
        let length = |turns| -> Result<f64> {
            let score = PingPong::start(1, Self::OneCpu { turns })?.play()?;
            Ok(score.cpu_nanoseconds / score.round_trips)
        };
        let (without, with) = (length(0)?, length(TURNS)?);
        let wanted = SWITCHES * 1e9 / f64::from(per_second);
        ensure!(
            without <= wanted,
            "a round trip takes {without:.0} ns on this host, too long for {per_second} switches/s"
        );
        let turns = (wanted - without) / (with - without) * f64::from(TURNS);
        Ok(Self::OneCpu {
            turns: turns as u32,
        })
    }

    /// Returns the arguments of the program.
    fn arguments(self) -> Vec<String> {
        match self {
            Self::BetweenCpus => Vec::new(),
            Self::OneCpu { turns } => vec!["one-cpu".into(), turns.to_string()],
            Self::UserCode => vec!["user-code".into()],
        }
    }

    /// Returns the line above the table.
    pub fn describe(self) -> &'static str {
        match self {
            Self::BetweenCpus => {
                "socket ping-pong between CPUs: 2 switches and 4 system calls a round trip"
            }
            Self::OneCpu { turns: 0 } => {
                "socket ping-pong on one CPU: 2 switches and 4 system calls a round trip"
            }
            Self::OneCpu { .. } => "socket ping-pong on one CPU, with user code in each round trip",
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
            .args(program.arguments())
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
