//! `kontrast record`.

use crate::outcome::Outcome;
use anyhow::Result;
use profiler::record::probe_groups::HookKind;
use profiler::record::spawn::Held;
use profiler::record::stop::Until;
use profiler::record::target::{self, Process};
use profiler::record::{Options, output, privilege, record};
use recording::{Ended, Recording, observer::Mode};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Arguments of `kontrast record`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sudo kontrast record --pid 4711 --duration 10s
  sudo kontrast record --out before -- ./server --port 8080
  kontrast record --probes none --pid 4711 --duration 10s    CPU and memory only, without privileges")]
pub struct Record {
    /// Process to record, with all its threads; may be given several times.
    #[arg(long = "pid", value_name = "PID", required_unless_present = "command")]
    pub pids: Vec<u32>,
    /// Command to start and record.
    #[arg(last = true, conflicts_with = "pids", value_name = "CMD")]
    pub command: Vec<String>,
    /// How long to record; without it, until Ctrl-C or the target's end.
    #[arg(long, value_parser = humantime::parse_duration)]
    pub duration: Option<Duration>,
    /// Directory to write to; must not exist yet, or be empty [default: kontrast-NAME].
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Name of the arm [default: the executable's name].
    #[arg(long)]
    pub arm: Option<String>,
    /// Runtime family (go, bun, node, …) [default: guessed from the executable].
    #[arg(long)]
    pub runtime: Option<String>,
    /// Version of the runtime.
    #[arg(long, default_value = "")]
    pub runtime_version: String,
    /// How processes were placed on CPUs, in words.
    #[arg(long, default_value = "not controlled")]
    pub placement: String,
    /// How much to observe; less costs the target less, and says less.
    #[arg(long, value_enum, default_value = "all", value_name = "HOW MUCH")]
    pub probes: Probes,
    /// Print the eBPF programs' own diagnostics.
    #[arg(long)]
    pub log_programs: bool,
    /// Use raw tracepoints only, as on kernels that refuse BTF-typed ones.
    #[arg(long, hide = true)]
    pub raw_tracepoints: bool,
    /// The folder that the runtime writes names of its compiled code to: it is made to help, so that the recording is in no
    /// comparison.
    #[arg(long, hide = true, value_name = "DIR")]
    pub detail: Option<PathBuf>,
    /// Print `recording` when attached, and end the recording when standard input is closed.
    #[arg(long, hide = true)]
    pub until_stdin_closes: bool,
    /// Which round of a comparison it is.
    #[arg(long, hide = true, default_value_t = 0)]
    pub round: u32,
}

/// How much to observe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Probes {
    /// No eBPF program: CPU time and memory from /proc; needs no privilege.
    None,
    /// The kernel's own account of each thread, those that begin and end included: nothing runs at a switch or a call.
    Counters,
    /// Every signal that this kernel gives.
    All,
    /// The three above in turns of a second, to tell what each costs the process; nothing else is made of it.
    Turns,
}

impl Probes {
    fn mode(self) -> Mode {
        match self {
            Probes::None => Mode::None,
            Probes::Counters => Mode::Counters,
            Probes::All => Mode::All,
            Probes::Turns => Mode::Turns,
        }
    }
}

impl Record {
    /// Carries it out.
    pub fn execute(self) -> Result<Outcome> {
        let found: Vec<Process> = self
            .pids
            .iter()
            .map(|pid| Process::find(*pid))
            .collect::<Result<_>>()?;
        if self.probes != Probes::None {
            privilege::require()?;
        }
        if self.log_programs {
            super::log_to_stderr();
        }
        let out = output::prepare(self.out.clone(), &self.name())?;
        let held = if self.command.is_empty() {
            None
        } else {
            Some(Held::start(&self.command)?)
        };
        let processes = match &held {
            Some(held) => vec![held.process()?],
            None => found,
        };
        let recording = record(processes, &self.options(), self.until(), || {
            self.attached(&out, held.as_ref())
        })?;
        output::save(&out, &recording)?;
        Ok(self.conclude(&recording, &out))
    }

    fn name(&self) -> String {
        let executable = || {
            Some(
                target::executable(*self.pids.first()?)?
                    .file_name()?
                    .to_string_lossy()
                    .into_owned(),
            )
        };
        let command = || {
            Some(
                Path::new(self.command.first()?)
                    .file_name()?
                    .to_string_lossy()
                    .into_owned(),
            )
        };
        self.arm
            .clone()
            .or_else(command)
            .or_else(executable)
            .unwrap_or_else(|| "recording".into())
    }

    fn options(&self) -> Options {
        let hooks = if self.raw_tracepoints {
            &[HookKind::RawTracepoint][..]
        } else {
            &[HookKind::TpBtf, HookKind::RawTracepoint]
        };
        Options {
            arm: self
                .arm
                .clone()
                .or_else(|| (!self.command.is_empty()).then(|| self.name())),
            runtime: self.runtime.clone(),
            runtime_version: self.runtime_version.clone(),
            placement: self.placement.clone(),
            log_programs: self.log_programs,
            hooks: hooks.to_vec(),
            mode: self.probes.mode(),
            round: self.round,
            detail: self.detail.clone(),
        }
    }

    fn until(&self) -> Until {
        match self.duration {
            Some(duration) => Until::Elapsed(duration),
            None if self.until_stdin_closes => Until::StdinCloses,
            None => Until::Interrupted,
        }
    }

    /// The window is open: tells whoever waits for it, and lets a held command begin.
    fn attached(&self, out: &Path, held: Option<&Held>) {
        if self.until_stdin_closes {
            println!("recording");
            // Whoever drives this waits for the line; if it has gone away, its closed pipe ends the recording.
            let _ = std::io::stdout().flush();
        } else {
            let end = self.duration.map_or("Ctrl-C".into(), |duration| {
                humantime::format_duration(duration).to_string()
            });
            eprintln!(
                "recording into {} until {end} or the target's end …",
                out.display()
            );
        }
        if let Some(held) = held
            && let Err(error) = held.release()
        {
            eprintln!("kontrast: the command could not be let go: {error:#}");
        }
    }

    fn conclude(&self, recording: &Recording, out: &Path) -> Outcome {
        let failed: Vec<_> = recording.checks.iter().filter(|check| !check.ok).collect();
        if !self.until_stdin_closes {
            println!("{}", out.join(recording::io::RECORDING_FILE).display());
        }
        // A command that was started for this ends when it ends: nothing is missing then.
        let to_its_end = !self.command.is_empty() && recording.window.ended == Ended::TargetExited;
        if recording.is_partial() && !to_its_end {
            eprintln!("kontrast: partial: {}", why_partial(recording.window.ended));
        }
        for signal in &recording.observer.signals {
            if !signal.refused.is_empty() {
                eprintln!(
                    "kontrast: {} served by {}, since {}",
                    signal.signal, signal.source, signal.refused
                );
            }
        }
        for check in &failed {
            eprintln!(
                "kontrast: check {} failed: expected {} {}, measured {} (tolerance {}) {}",
                check.name, check.expected, check.unit, check.measured, check.tolerance, check.note
            );
        }
        if failed.is_empty() {
            Outcome::Done
        } else {
            Outcome::Invalid
        }
    }
}

fn why_partial(ended: Ended) -> &'static str {
    match ended {
        Ended::Interrupted => {
            "the recording was interrupted; what was recorded until then is written"
        }
        Ended::TargetExited => "the target ended first; what was recorded until then is written",
        Ended::Duration | Ended::Asked => "",
    }
}
