//! `suite tasks`: costs of goroutines, workers, threads and other kinds of task.

mod bounds;
mod claims;
mod job;
mod kinds;
mod measure;
mod program;
mod rows;
mod session;
mod table;
mod tree;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::Args;
use procfs::{CpuInfo, Current, Meminfo};
use recording::comparison::Claim;
use recording::vocabulary::Unit;
use serde::Serialize;

use crate::{process, project};
use bounds::Limit;
use job::Job;
use kinds::Kind;
use rows::Row;
use session::Session;

const EXAMPLES: &str = "\
Examples:
  cargo xtask run --workload tasks                                   everything, about ten minutes
  cargo xtask run --workload tasks --counts 1000 --rounds 2          a first look
  cargo xtask run --workload tasks --arms goroutines,tokio-tasks

docs/tasks.md describes the jobs. Exit codes: 0 done; 1 failed; 2 wrong usage.";

/// Compare idle tasks, switches, reading and computing in goroutines, workers, threads and other
/// kinds of task.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Compare these kinds of targets/tasks/tasks.toml; ratios are to the first [default: all].
    #[arg(long, value_delimiter = ',', value_name = "KIND,…")]
    arms: Vec<String>,
    /// Run this many rounds, with a fresh process for each job and kinds taking turns.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Measure these numbers of idle tasks.
    #[arg(long, value_delimiter = ',', default_value = "100,1000,10000,100000,1000000", value_name = "N,…", value_parser = clap::value_parser!(u64).range(1..))]
    counts: Vec<u64>,
    /// Measure idle tasks only.
    #[arg(long)]
    idle_only: bool,
    /// Stop a step after this many seconds.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    step_seconds: u64,
    /// Write the results to this new folder [default: results/tasks-TIME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Content of `tasks.json`.
#[derive(Serialize)]
struct Report {
    schema: &'static str,
    host: String,
    how: String,
    kinds: Vec<About>,
    jobs: Vec<String>,
    rows: Vec<Row>,
    stops: Vec<Stop>,
    claims: Vec<Claim>,
}

/// Name and description of a kind.
#[derive(Serialize)]
struct About {
    name: String,
    is: String,
}

/// A kind that did not finish a job.
#[derive(Serialize)]
struct Stop {
    kind: String,
    job: String,
    #[serde(flatten)]
    limit: Limit,
}

/// Measures, prints and saves.
///
/// # Errors
/// Fails if a kind cannot be built, a program fails, or the result cannot be saved.
pub fn run(arguments: &Arguments) -> Result<()> {
    let kinds = kinds::chosen(&arguments.arms)?;
    let claims = claims::ours()?;
    kinds.iter().try_for_each(Kind::build)?;
    let tree = tree::ensure()?;
    let folder = new_folder(arguments.out.as_deref())?;
    let time = Duration::from_secs(arguments.step_seconds);
    let measure = |kind: &Kind, job| {
        let log = folder.join(format!("{}.log", kind.name));
        measure::measure(kind, job, time, &tree, &log)
    };
    let mut session = Session::new(kinds, jobs(arguments));
    for round in 0..arguments.rounds {
        session.round(round.into(), measure)?;
        // After each round, so that an interrupted run keeps its results.
        save(&session.report(&claims, how()), &folder)?;
    }
    print!("{}", table::text(&session.report(&claims, how())));
    println!("\nSaved: {}", project::short(&folder.join("tasks.json")));
    Ok(())
}

fn jobs(arguments: &Arguments) -> Vec<Job> {
    let mut jobs: Vec<Job> = arguments
        .counts
        .iter()
        .map(|count| Job::Idle(*count))
        .collect();
    jobs.sort();
    jobs.dedup();
    if !arguments.idle_only {
        jobs.extend(Job::WORK);
    }
    jobs
}

/// Describes kernel, CPU and memory.
fn host() -> String {
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease");
    let model = CpuInfo::current()
        .ok()
        .and_then(|info| Some(info.model_name(0)?.to_owned()));
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = Meminfo::current().map_or(0, |meminfo| meminfo.mem_total);
    format!(
        "Linux {}, {cpus} CPUs ({}), {}",
        kernel.unwrap_or_default().trim(),
        model.as_deref().unwrap_or("unknown"),
        recording::format::quantity(memory as f64, Unit::Bytes)
    )
}

/// Returns date and command line.
fn how() -> String {
    let date =
        process::output(std::process::Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]));
    let words: Vec<String> = std::env::args().skip(1).collect();
    format!("{}, suite {}", date.unwrap_or_default(), words.join(" "))
}

/// Creates a folder of `results/` named by the time, as `kontrast run` does.
fn new_folder(out: Option<&Path>) -> Result<PathBuf> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let ours = || project::root().join("results").join(format!("tasks-{now}"));
    let folder = out.map_or_else(ours, Path::to_path_buf);
    let parent = folder
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    parent.map_or(Ok(()), fs::create_dir_all)?;
    fs::create_dir(&folder).with_context(|| {
        format!(
            "cannot create {}; --out must name a new folder",
            folder.display()
        )
    })?;
    Ok(folder)
}

fn save(report: &Report, folder: &Path) -> Result<()> {
    let json = serde_json::to_string_pretty(report)? + "\n";
    fs::write(folder.join("tasks.txt"), table::text(report))
        .and_then(|()| fs::write(folder.join("tasks.json"), json))
        .with_context(|| format!("cannot write to {}", folder.display()))
}

#[cfg(test)]
mod tests;
