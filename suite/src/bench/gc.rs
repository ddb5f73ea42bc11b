//! `suite bench gc`: garbage collection as recordings show it, beside the log of the runtime
//! itself.

mod compared;
mod java;
pub mod log;
mod tail;
mod writing;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use recording::Recording;

use crate::{process, project};
use compared::Compared;
use log::{Format, Logged};
use tail::Line;

/// Exit codes of `kontrast run` with results to compare: done, and done with a failed check.
const COMPARABLE: [Option<i32>; 2] = [Some(0), Some(3)];

/// Arms and length of the benchmark.
#[derive(Args, Clone)]
pub struct Gc {
    /// Record these targets, or a program of Java with java-serial, java-parallel, java-g1 and
    /// java-z.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "bun,bun-1.4,go,node,python",
        value_name = "ARM,…"
    )]
    arms: Vec<String>,
    /// Record for this many seconds.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(2..))]
    seconds: u16,
    /// Record this many rounds, each in a fresh process.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Load with this many users.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
    users: u16,
    /// Send this many tokens in each answer.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
    tokens: u16,
    /// Wait this many milliseconds between two tokens.
    #[arg(long, default_value_t = 20)]
    delay: u16,
    /// Take this many CPU samples a second [default: that of kontrast].
    #[arg(long, value_name = "HZ")]
    sample_rate: Option<u32>,
    /// Compare the recordings of an earlier run with the current analysis.
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
}

/// Records each arm while its runtime writes its log, and prints both as a table.
///
/// # Errors
/// Fails for an arm whose runtime has no log, if a run fails, or if its log has no collection.
pub fn run(arguments: &Gc) -> Result<()> {
    let folder = match &arguments.from {
        Some(folder) => folder.clone(),
        None => new_folder()?,
    };
    let mut rows = Vec::new();
    for (at, arm) in arguments.arms.iter().enumerate() {
        let format = Format::of_arm(arm)?;
        let out = folder.join(arm);
        if arguments.from.is_none() {
            eprintln!("[{}/{}] {arm}", at + 1, arguments.arms.len());
            record(arm, format, &out, arguments)?;
        }
        for of in format.quantities() {
            rows.push(compare(arm, *of, &out).with_context(|| arm.clone())?);
        }
    }
    print!("{}", compared::table(&rows));
    println!("\nSaved: {}", project::short(&folder));
    Ok(())
}

/// Creates a folder of `results/` named by the time, as `kontrast run` does.
fn new_folder() -> Result<PathBuf> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let folder = project::root().join("results");
    let folder = folder.join(format!("gc-{}", now.as_secs()));
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

/// Returns the name of the arm that writes a log, and that of its folder of results.
fn logging_arm(arm: &str, format: Format) -> (String, String) {
    match format.variant() {
        Some(variant) => (format!("{arm}:{variant}"), format!("{arm}-{variant}")),
        None => (arm.into(), arm.into()),
    }
}

/// Runs the rounds of an arm. Logs are read as they are written, since some runtimes write no
/// times.
fn record(arm: &str, format: Format, out: &Path, arguments: &Gc) -> Result<()> {
    let (name, folder) = logging_arm(arm, format);
    let folders: Vec<PathBuf> = (1..=arguments.rounds)
        .map(|round| out.join(&folder).join(round.to_string()))
        .collect();
    if format != Format::Java {
        return recorded(runner(&name, format, out, arguments), &folders);
    }
    folders.iter().try_for_each(|folder| {
        let recorder = java::recorder(arm, folder, arguments.seconds)?;
        recorded(recorder, std::slice::from_ref(folder))
    })
}

/// Runs a command that records into some folders, each with the log of its round.
fn recorded(mut command: Command, folders: &[PathBuf]) -> Result<()> {
    let ended = AtomicBool::new(false);
    let (output, logs) = thread::scope(|scope| {
        let follow = |folder: &PathBuf| {
            let log = folder.join("target.log");
            scope.spawn(|| tail::follow(log, || ended.load(Ordering::Relaxed)))
        };
        let logs: Vec<_> = folders.iter().map(follow).collect();
        let output = command.output().with_context(|| process::shown(&command));
        ended.store(true, Ordering::Relaxed);
        let logs: Vec<_> = logs.into_iter().map(|log| log.join()).collect();
        (output, logs)
    });
    let output = output?;
    if !COMPARABLE.contains(&output.status.code()) {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!(
            "{} failed ({}):\n{said}",
            process::shown(&command),
            output.status
        );
    }
    for (folder, lines) in folders.iter().zip(logs) {
        let lines = lines.map_err(|_| anyhow::anyhow!("the reader of the log panicked"))?;
        tail::save(&stamped(folder), &lines)?;
    }
    Ok(())
}

/// Returns the command that loads and records a target that writes its log.
fn runner(name: &str, format: Format, out: &Path, arguments: &Gc) -> Command {
    let mut command = process::kontrast_run(&project::binary("kontrast"));
    command
        .args(["--arms", name])
        .args(["--rounds", &arguments.rounds.to_string()])
        .args(["--duration", &format!("{}s", arguments.seconds)])
        .args(["--users", &arguments.users.to_string()])
        .args(["--tokens", &arguments.tokens.to_string()])
        .args(["--delay", &format!("{}ms", arguments.delay)])
        .arg("--out")
        .arg(out)
        .envs(format.env());
    let rate = arguments.sample_rate.map(|rate| rate.to_string());
    command.args(rate.iter().flat_map(|rate| ["--sample-rate", rate]));
    command
}

/// The log of a round with the time of each line.
fn stamped(folder: &Path) -> PathBuf {
    folder.join("log.tsv")
}

fn compare(arm: &str, format: Format, out: &Path) -> Result<Compared> {
    let (_, folder) = logging_arm(arm, format);
    let folders = (1..).map(|round: u32| out.join(&folder).join(round.to_string()));
    let folders: Vec<PathBuf> = folders.take_while(|folder| folder.is_dir()).collect();
    let mut rounds = Vec::new();
    for folder in &folders {
        let recording = recording::io::load_recording(&match format {
            Format::Java | Format::Safepoints => folder.join(java::RECORDING),
            _ => folder.clone(),
        })?;
        rounds.push((folder.display().to_string(), recording));
    }
    // That in the files is of the binary that recorded, and of each round alone.
    analysis::annotate_all(&mut rounds);
    let mut logs = Vec::new();
    for (folder, (_, recording)) in folders.iter().zip(&rounds) {
        let lines = tail::load(&stamped(folder))?;
        logs.push(format.read(&inside(&lines, format, recording)?));
    }
    let logged = Logged::sum(&logs);
    ensure!(
        logged.collections > 0,
        "the log has no collection inside the window; give more --users or --seconds"
    );
    Compared::new(arm, format, logged, &rounds)
}

/// Returns the lines that were written inside the window.
fn inside<'a>(lines: &'a [Line], format: Format, recording: &Recording) -> Result<Vec<&'a str>> {
    let start = recording.window.start_unix_ns;
    let window = start..=start + recording.window.duration_ns;
    let began = tail::began_unix_ns(recording.target.start_time_ticks)?;
    let inside = lines.iter().filter(|line| {
        let own_time = format.own_time_ns(&line.text).map(|ns| began + ns);
        window.contains(&own_time.unwrap_or(line.unix_ns))
    });
    Ok(inside.map(|line| line.text.as_str()).collect())
}
