//! `suite real`: recordings of programs that people run, against other tools.
//!
//! Each program is recorded from idle, through a load, to idle again. The recorder, `perf stat` and
//! bpftrace watch the whole of it, so that their counts are of the same events.

mod programs;
mod reference;
mod report;

use anyhow::{Context, Result, ensure};
use programs::{PROGRAMS, Program, Started};
use recording::Recording;
use reference::Reference;
use report::Row;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use crate::{process, project};

/// Time for connections to close, and for threads to go idle, before the counters stop.
const SETTLE: Duration = Duration::from_millis(500);

/// Arguments of `suite real`.
#[derive(clap::Args)]
pub struct Arguments {
    /// Record these programs only.
    #[arg(long, value_delimiter = ',', value_name = "NAME,…")]
    only: Vec<String>,
    /// Load each program this long.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=60), value_name = "SECONDS")]
    seconds: u64,
    /// Record with this program [default: the one that was built].
    #[arg(long, value_name = "FILE")]
    kontrast: Option<PathBuf>,
    /// Write the tables to this file, too.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Keep the recordings in this folder.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// A program's recording beside the counters of other tools.
struct Outcome {
    name: &'static str,
    status: ExitStatus,
    recording: Recording,
    rows: Vec<Row>,
}

/// Records each program, prints the tables, and fails if one departs from its counters.
///
/// # Errors
/// Fails if a program or a tool is missing, or a row departs by more than its tolerance.
pub fn run(arguments: &Arguments) -> Result<()> {
    let chosen = choose(&arguments.only)?;
    let built = || project::binary("kontrast");
    let kontrast = arguments.kontrast.clone().unwrap_or_else(built);
    let mut outcomes = Vec::new();
    for program in chosen {
        eprintln!("{} …", program.name);
        let outcome = measure(program, &kontrast, arguments.seconds);
        let outcome = outcome.with_context(|| format!("cannot measure {}", program.name))?;
        if let Some(keep) = &arguments.keep {
            let folder = keep.join(program.name);
            fs::create_dir_all(&folder)
                .with_context(|| format!("cannot create {}", folder.display()))?;
            recording::io::save_recording(&folder, &outcome.recording)?;
        }
        print!("{}", report::details(&outcome));
        outcomes.push(outcome);
    }
    let mut text = report::overview(&outcomes);
    print!("\n{text}");
    if let Some(out) = &arguments.out {
        outcomes
            .iter()
            .for_each(|outcome| text += &report::details(outcome));
        fs::write(out, text).with_context(|| format!("cannot write {}", out.display()))?;
    }
    let wrong: Vec<&str> = outcomes
        .iter()
        .filter(|outcome| !report::is_right(outcome))
        .map(|outcome| outcome.name)
        .collect();
    ensure!(
        wrong.is_empty(),
        "these depart from other counters: {}",
        wrong.join(", ")
    );
    Ok(())
}

fn choose(only: &[String]) -> Result<Vec<&'static Program>> {
    for name in only {
        let known = || {
            PROGRAMS
                .iter()
                .map(|program| program.name)
                .collect::<Vec<_>>()
                .join(", ")
        };
        ensure!(
            PROGRAMS.iter().any(|program| program.name == name),
            "{name:?} is not one of {}",
            known()
        );
    }
    let wanted =
        |program: &&Program| only.is_empty() || only.iter().any(|name| name == program.name);
    Ok(PROGRAMS.iter().filter(wanted).collect())
}

fn measure(program: &'static Program, kontrast: &Path, seconds: u64) -> Result<Outcome> {
    let folder = tempfile::tempdir().context("cannot create a temporary folder")?;
    let mut started = (program.start)(folder.path())?;
    // The first second fills caches and starts workers.
    load(&mut started, 1)?;
    thread::sleep(SETTLE);
    let out = folder.path().join("recording");
    let recorder = Recorder::start(kontrast, started.pid, &out)?;
    let reference = Reference::start(started.pid)?;
    load(&mut started, seconds)?;
    thread::sleep(SETTLE);
    let counted = reference.stop()?;
    let status = recorder.stop()?;
    let recording = recording::io::load_recording(&out)?;
    Ok(Outcome {
        name: program.name,
        status,
        rows: report::compare(&recording, &counted),
        recording,
    })
}

/// Loads a program for some seconds.
fn load(started: &mut Started, seconds: u64) -> Result<()> {
    let mut command = (started.load)(seconds);
    let shown = process::shown(&command);
    let output = command.stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("cannot start {shown}"))?;
    // `timeout` ends with 124 where it ended the load.
    let ended = matches!(output.status.code(), Some(0 | 124));
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(
        ended,
        "{shown} failed ({}): {}",
        output.status,
        errors.trim_end()
    );
    Ok(())
}

/// `kontrast record`, which ends when its input is closed.
struct Recorder {
    child: std::process::Child,
    stdin: Option<ChildStdin>,
}

impl Recorder {
    fn start(kontrast: &Path, pid: u32, out: &Path) -> Result<Self> {
        let program = kontrast.to_string_lossy();
        let mut command: Command = process::as_root(&program, &["record", "--until-stdin-closes"]);
        command.args(["--pid", &pid.to_string(), "--out"]).arg(out);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let child = command.spawn();
        let mut child = child.with_context(|| format!("cannot start {program}"))?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().context("its output was asked for")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        ensure!(
            line.trim_end() == "recording",
            "kontrast record printed {line:?}"
        );
        Ok(Recorder { child, stdin })
    }

    fn stop(mut self) -> Result<ExitStatus> {
        let mut stdin = self.stdin.take().context("its input was asked for")?;
        stdin.flush()?;
        drop(stdin);
        self.child.wait().context("cannot wait for kontrast record")
    }
}
