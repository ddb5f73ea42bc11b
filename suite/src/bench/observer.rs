//! Observers of the ping-pong: none, kontrast, or another tool.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;

use crate::{process, project};

/// libbpf-tools do not print when they have attached, which takes a tenth of this.
const SETTLE: Duration = Duration::from_secs(2);

/// An observer of the ping-pong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Observer {
    /// No observer, the baseline.
    Bare,
    /// `kontrast record`.
    Kontrast,
    /// `kontrast record --stacks none`.
    KontrastWithoutStacks,
    /// `kontrast record --off-cpu-stacks on`.
    KontrastWaits,
    /// `kontrast record` of the binary that `--beside` names, such as an earlier version.
    KontrastBeside,
    /// `runqlat`, `cpudist` and `syscount` together, which is part of the data that kontrast
    /// records.
    LibbpfTools,
    /// A bpftrace script that tracks the data that kontrast records.
    Bpftrace,
    /// `perf record` with call stacks at the rate of kontrast's.
    PerfStacks,
    /// `offcputime` of libbpf-tools: off-CPU time by call stack.
    Offcputime,
}

impl Observer {
    /// Returns the name for the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Kontrast => "kontrast record",
            Self::KontrastWithoutStacks => "kontrast, --stacks none",
            Self::KontrastWaits => "kontrast, --off-cpu-stacks",
            Self::KontrastBeside => "kontrast record, --beside",
            Self::LibbpfTools => "runqlat + cpudist + syscount",
            Self::Bpftrace => "bpftrace, same tracking",
            Self::PerfStacks => "perf record -F 499 -g",
            Self::Offcputime => "offcputime",
        }
    }

    /// Starts to observe the process and returns once attached; output goes to `folder`.
    ///
    /// # Errors
    /// Fails if a tool cannot be started or ends at once.
    pub fn start(self, pid: u32, folder: &Path, beside: Option<&Path>) -> Result<Watch> {
        let pid = pid.to_string();
        let mut watch = Watch {
            tools: Vec::new(),
            proof: self.proof(),
        };
        match self {
            Self::Bare => {}
            Self::Kontrast
            | Self::KontrastWithoutStacks
            | Self::KontrastWaits
            | Self::KontrastBeside => {
                let mut command = self.kontrast(&pid, folder, beside)?;
                watch.add_until(&mut command, folder, "recording")?;
            }
            Self::PerfStacks => {
                let output = folder.join("perf.data");
                let output = output.to_string_lossy();
                let arguments = ["record", "-F", "499", "-g", "-p", &pid, "-o", &output];
                watch.add(&mut process::as_root("perf", &arguments), folder)?;
                thread::sleep(SETTLE);
            }
            Self::Offcputime => {
                let arguments = ["-p", &pid];
                watch.add(&mut process::as_root("offcputime", &arguments), folder)?;
                thread::sleep(SETTLE);
            }
            Self::LibbpfTools => {
                watch.add(&mut process::as_root("runqlat", &["-p", &pid]), folder)?;
                watch.add(&mut process::as_root("cpudist", &["-p", &pid]), folder)?;
                watch.add(&mut process::as_root("syscount", &["-p", &pid]), folder)?;
                thread::sleep(SETTLE);
            }
            Self::Bpftrace => {
                let script = project::root().join("suite/src/bench/tracking.bt");
                let arguments = [&*script.to_string_lossy(), &pid];
                watch.add_until(
                    &mut process::as_root("bpftrace", &arguments),
                    folder,
                    "attached",
                )?;
            }
        }
        Ok(watch)
    }

    /// Returns a word for each tool that its output contains only if it saw the ping-pong.
    fn proof(self) -> &'static [&'static str] {
        match self {
            Self::Bare
            | Self::Kontrast
            | Self::KontrastWithoutStacks
            | Self::KontrastWaits
            | Self::KontrastBeside => &[],
            Self::LibbpfTools => &["*", "*", "sendto"],
            Self::Bpftrace => &["@send_calls: "],
            Self::PerfStacks => &[" samples)"],
            // The thread of a stack.
            Self::Offcputime => &["    -    "],
        }
    }

    fn kontrast(self, pid: &str, folder: &Path, beside: Option<&Path>) -> Result<Command> {
        let binary = match self {
            Self::KontrastBeside => beside.context("--beside FILE is missing")?.to_owned(),
            _ => project::binary("kontrast"),
        };
        let mut command = process::as_root(&binary.to_string_lossy(), &["record", "--pid", pid]);
        match self {
            Self::KontrastWithoutStacks => command.args(["--stacks", "none"]),
            Self::KontrastWaits => command.args(["--off-cpu-stacks", "on"]),
            _ => &mut command,
        };
        command
            .args(["--arm", "ping-pong", "--until-stdin-closes", "--out"])
            .arg(folder.join("recording"));
        Ok(command)
    }
}

/// Tools that observe the ping-pong.
pub struct Watch {
    tools: Vec<Tool>,
    proof: &'static [&'static str],
}

struct Tool {
    name: String,
    child: Child,
    output: PathBuf,
}

impl Watch {
    fn add(&mut self, command: &mut Command, folder: &Path) -> Result<()> {
        let output = folder.join(format!("tool-{}", self.tools.len()));
        let file =
            File::create(&output).with_context(|| format!("cannot write {}", output.display()))?;
        let name = process::shown(command);
        let child = command
            .stdin(Stdio::piped())
            .stderr(file.try_clone()?)
            .stdout(file)
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        self.tools.push(Tool {
            name,
            child,
            output,
        });
        Ok(())
    }

    /// Adds a tool that prints `line` when it has attached.
    fn add_until(&mut self, command: &mut Command, folder: &Path, line: &str) -> Result<()> {
        self.add(command, folder)?;
        let tool = self.tools.last_mut().context("just added")?;
        for _ in 0..600 {
            if has_line(&tool.output, line)? {
                return Ok(());
            }
            if let Some(status) = tool.child.try_wait()? {
                bail!("{} ended at once ({status})", tool.name);
            }
            thread::sleep(Duration::from_millis(50));
        }
        bail!("{} did not print {line:?} within 30 s", tool.name)
    }

    /// Ends the tools in order, and checks that each saw the ping-pong.
    ///
    /// # Errors
    /// Fails if one did not, as its cost then means nothing.
    pub fn stop(mut self) -> Result<()> {
        self.tools.iter_mut().for_each(Tool::end);
        for (at, mut tool) in self.tools.drain(..).enumerate() {
            let status = tool.child.wait()?;
            let text = fs::read_to_string(&tool.output).unwrap_or_default();
            let proof = self.proof.get(at).copied().unwrap_or_default();
            ensure!(
                text.contains(proof),
                "{} saw nothing ({status}): {text}",
                tool.name
            );
        }
        Ok(())
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        for tool in &mut self.tools {
            tool.end();
            // Its exit code is not needed.
            let _ = tool.child.wait();
        }
    }
}

impl Tool {
    /// Ends kontrast by closing its stdin, and the others by SIGINT, which for root's tools must
    /// come from root.
    fn end(&mut self) {
        drop(self.child.stdin.take());
        if !self.name.contains("--until-stdin-closes") {
            let pid = self.child.id().to_string();
            // It may have ended already.
            let _ = process::output(&mut process::as_root("kill", &["-INT", &pid]));
        }
    }
}

fn has_line(path: &Path, wanted: &str) -> Result<bool> {
    let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(BufReader::new(file)
        .lines()
        .map_while(Result::ok)
        .any(|line| line.trim() == wanted))
}
