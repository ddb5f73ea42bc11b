//! Who observes: nobody, kontrast, or a tool people know.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::{process, project};

/// libbpf-tools do not say when they have attached; they take a tenth of this.
const SETTLE: Duration = Duration::from_secs(2);

/// Somebody who may look at the ping-pong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observer {
    /// Nobody: what the others are held against.
    Bare,
    /// `kontrast record`.
    Kontrast,
    /// `runqlat`, `cpudist` and `syscount` together, which is part of what kontrast tracks.
    LibbpfTools,
    /// What kontrast tracks, as a bpftrace script.
    Bpftrace,
}

impl Observer {
    /// Everybody, in the order of the table.
    pub const ALL: [Self; 4] = [
        Self::Bare,
        Self::Kontrast,
        Self::LibbpfTools,
        Self::Bpftrace,
    ];

    /// For the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Kontrast => "kontrast record",
            Self::LibbpfTools => "runqlat + cpudist + syscount",
            Self::Bpftrace => "bpftrace, same tracking",
        }
    }

    /// Starts to look at the process and returns once attached; what is seen goes to `folder`.
    ///
    /// # Errors
    /// A tool cannot be started or ends at once.
    pub fn start(self, pid: u32, folder: &Path) -> Result<Watch> {
        let pid = pid.to_string();
        let mut watch = Watch {
            tools: Vec::new(),
            proof: self.proof(),
        };
        match self {
            Self::Bare => {}
            Self::Kontrast => watch.add_until(&mut kontrast(&pid, folder), folder, "recording")?,
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

    /// A word that each tool's output holds only if it saw the ping-pong.
    fn proof(self) -> &'static [&'static str] {
        match self {
            Self::Bare | Self::Kontrast => &[],
            Self::LibbpfTools => &["*", "*", "sendto"],
            Self::Bpftrace => &["@send_calls: "],
        }
    }
}

fn kontrast(pid: &str, folder: &Path) -> Command {
    let binary = project::binary("kontrast");
    let mut command = process::as_root(&binary.to_string_lossy(), &["record", "--pid", pid]);
    command
        .args(["--arm", "ping-pong", "--until-stdin-closes", "--out"])
        .arg(folder.join("recording"));
    command
}

/// Tools that look at the ping-pong now.
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

    /// Adds one that says on a line of its own when it is there.
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
        bail!("{} did not say {line:?} within 30 s", tool.name)
    }

    /// Ends the tools in order, and makes sure that each saw something.
    ///
    /// # Errors
    /// One failed, or saw nothing: then its cost means nothing.
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
            // There is nobody to tell how it ended.
            let _ = tool.child.wait();
        }
    }
}

impl Tool {
    /// kontrast ends with its stdin; the others take Ctrl-C, which must come from root if they are root's.
    fn end(&mut self) {
        drop(self.child.stdin.take());
        if !self.name.contains("--until-stdin-closes") {
            let pid = self.child.id().to_string();
            // One that ended already is what we want.
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
