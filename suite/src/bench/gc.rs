//! `suite bench gc`: garbage collection as recordings show it, beside the log of the runtime
//! itself.

mod compared;
mod log;
mod tail;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use recording::Recording;

use crate::{process, project};
use compared::Compared;
use log::Format;
use tail::Line;

/// Exit codes of `kontrast run` with results to compare: done, and done with a failed check.
const COMPARABLE: [Option<i32>; 2] = [Some(0), Some(3)];

/// Arms and length of the benchmark.
#[derive(Args, Clone)]
pub struct Gc {
    /// Record these targets.
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
    /// Load with this many users.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
    users: u16,
    /// Send this many tokens in each answer.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..))]
    tokens: u16,
    /// Wait this many milliseconds between two tokens.
    #[arg(long, default_value_t = 20)]
    delay: u16,
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
        rows.push(compare(arm, format, &out).with_context(|| arm.clone())?);
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

/// Runs one round. The log is read as it is written, since some runtimes write no times.
fn record(arm: &str, format: Format, out: &Path, arguments: &Gc) -> Result<()> {
    let (name, folder) = logging_arm(arm, format);
    let mut command = process::kontrast_run(&project::binary("kontrast"));
    command
        .args(["--arms", &name, "--rounds", "1"])
        .args(["--duration", &format!("{}s", arguments.seconds)])
        .args(["--users", &arguments.users.to_string()])
        .args(["--tokens", &arguments.tokens.to_string()])
        .args(["--delay", &format!("{}ms", arguments.delay)])
        .arg("--out")
        .arg(out)
        .envs(format.env());
    let log = out.join(folder).join("1").join("target.log");
    let ended = AtomicBool::new(false);
    let (output, lines) = thread::scope(|scope| {
        let lines = scope.spawn(|| tail::follow(&log, || ended.load(Ordering::Relaxed)));
        let output = command.output().with_context(|| process::shown(&command));
        ended.store(true, Ordering::Relaxed);
        (output, lines.join())
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
    let lines = lines.map_err(|_| anyhow::anyhow!("the reader of the log panicked"))?;
    tail::save(&stamped(out), &lines)
}

/// The log with the time of each line.
fn stamped(out: &Path) -> PathBuf {
    out.join("log.tsv")
}

fn compare(arm: &str, format: Format, out: &Path) -> Result<Compared> {
    let lines = tail::load(&stamped(out))?;
    let (_, folder) = logging_arm(arm, format);
    let mut recording = recording::io::load_recording(&out.join(folder).join("1"))?;
    // That in the file is of the binary that recorded.
    analysis::annotate(&mut recording);
    let logged = format.read(&inside(&lines, format, &recording)?);
    ensure!(
        logged.collections > 0,
        "the log has no collection inside the window; give more --users or --seconds"
    );
    Compared::new(arm, format, logged, &recording)
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
