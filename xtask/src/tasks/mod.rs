//! `cargo xtask run --workload tasks`: what goroutines, workers, threads and other kinds of task cost, beside each other.

mod bounds;
mod claims;
mod job;
mod kinds;
mod measure;
mod program;
mod rows;
mod table;
mod tree;
mod usage;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use clap::Parser;
use recording::comparison::Claim;
use serde::Serialize;

use crate::bench::turns::order;
use crate::setup::{self, Need};
use crate::{process, project};
use bounds::Limit;
use job::Job;
use kinds::Kind;
use rows::{Rounds, Row};

const EXAMPLES: &str = "\
Examples:
  cargo xtask run --workload tasks                                   everything, about ten minutes
  cargo xtask run --workload tasks --counts 1000 --rounds 2          a first look
  cargo xtask run --workload tasks --arms goroutines,tokio-tasks

docs/tasks.md says what is measured. Exit codes: 0 done; 1 failed; 2 wrong usage.";

/// Idle tasks by the thousand, hand-overs, reading and computing, in goroutines, workers, threads and other kinds of task.
#[derive(Parser)]
#[command(bin_name = "cargo xtask run --workload tasks", after_help = EXAMPLES)]
struct Arguments {
    /// Always `tasks` here.
    #[arg(long, hide = true)]
    workload: String,
    /// Kinds of task, of targets/tasks/tasks.toml; ratios are to the first [default: all].
    #[arg(long, value_delimiter = ',', value_name = "KIND,…")]
    arms: Vec<String>,
    /// Rounds, a fresh process for each job, kinds taking turns.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// How many idle tasks there are at once; none leaves them out.
    #[arg(long, value_delimiter = ',', default_value = "1000,10000,100000,1000000", value_name = "N,…", value_parser = clap::value_parser!(u64).range(1..))]
    counts: Vec<u64>,
    /// Leave out hand-overs, reading and computing.
    #[arg(long)]
    idle_only: bool,
    /// Seconds after which one step is stopped.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    step_seconds: u64,
    /// Folder for the results, which must be new [default: results/tasks-TIME].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// What is written to `tasks.json`.
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

/// A kind, for people.
#[derive(Serialize)]
struct About {
    name: String,
    is: String,
}

/// A kind that did not get to the end of a job.
#[derive(Serialize)]
struct Stop {
    kind: String,
    job: String,
    #[serde(flatten)]
    limit: Limit,
}

/// Whether these arguments of `run` are for us.
pub fn are_asked_for(arguments: &[OsString]) -> bool {
    let words: Vec<_> = arguments
        .iter()
        .map(|word| word.to_string_lossy())
        .collect();
    let apart = |pair: &[_]| pair[0] == "--workload" && pair[1] == "tasks";
    words.windows(2).any(apart) || words.iter().any(|word| word == "--workload=tasks")
}

/// Measures, prints and saves.
///
/// # Errors
/// A kind cannot be built, a program fails, or the result cannot be saved.
pub fn run(arguments: &[OsString]) -> Result<()> {
    let words = std::iter::once(OsString::from("run")).chain(arguments.iter().cloned());
    let arguments = Arguments::parse_from(words);
    let kinds = kinds::chosen(&arguments.arms)?;
    let claims = claims::ours()?;
    prepare(&kinds)?;
    let tree = tree::ensure()?;
    let folder = new_folder(arguments.out.as_deref())?;
    let jobs = jobs(&arguments);
    let time = Duration::from_secs(arguments.step_seconds);
    let (rounds, stops) = all_rounds(&kinds, &jobs, &arguments, |kind, job| {
        measure::measure(
            kind,
            job,
            time,
            &tree,
            &folder.join(format!("{}.log", kind.name)),
        )
    })?;
    let names: Vec<String> = kinds.iter().map(|kind| kind.name.clone()).collect();
    let rows = rounds.rows(&names);
    let report = Report {
        schema: "kontrast.tasks/1",
        host: host(),
        how: how(&arguments),
        kinds: kinds.iter().map(about).collect(),
        jobs: jobs.iter().map(Job::to_string).collect(),
        claims: claims::judge(&claims, &rows),
        rows,
        stops,
    };
    save(&report, &folder)
}

/// Each runtime through its package client, each program by its compiler.
fn prepare(kinds: &[Kind]) -> Result<()> {
    let targets = kinds.iter().filter_map(|kind| kind.needs.clone()).collect();
    setup::ensure(&[Need::Targets(targets)])?;
    kinds.iter().try_for_each(Kind::build)
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

/// A kind that was stopped is not asked for the same or more of it again.
fn all_rounds(
    kinds: &[Kind],
    jobs: &[Job],
    arguments: &Arguments,
    mut measure: impl FnMut(&Kind, Job) -> Result<measure::Values>,
) -> Result<(Rounds, Vec<Stop>)> {
    let (mut rounds, mut stopped) = (Rounds::default(), Vec::<(usize, Job, Limit)>::new());
    for round in 0..usize::from(arguments.rounds) {
        for &job in jobs {
            for at in order(kinds.len(), round) {
                let is_more =
                    |(kind, limit, _): &(usize, Job, _)| *kind == at && is_as_much(job, *limit);
                if stopped.iter().any(is_more) {
                    continue;
                }
                let kind = &kinds[at];
                eprintln!("[{}/{}] {job}: {}", round + 1, arguments.rounds, kind.name);
                match measure(kind, job) {
                    Ok(values) => rounds.add(at, job, values),
                    Err(error) => {
                        let limit: Limit = error
                            .downcast()
                            .with_context(|| format!("{}, {job}", kind.name))?;
                        eprintln!("      stopped: {limit}");
                        stopped.push((at, job, limit));
                    }
                }
            }
        }
    }
    let stop = |(kind, job, limit): (usize, Job, Limit)| Stop {
        kind: kinds[kind].name.clone(),
        job: job.to_string(),
        limit,
    };
    Ok((rounds, stopped.into_iter().map(stop).collect()))
}

fn is_as_much(job: Job, limit: Job) -> bool {
    match (job, limit) {
        (Job::Idle(count), Job::Idle(most)) => count >= most,
        _ => job == limit,
    }
}

fn about(kind: &Kind) -> About {
    About {
        name: kind.name.clone(),
        is: kind.is.clone(),
    }
}

/// Kernel, CPU and memory.
fn host() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = usage::kibibytes(&read("/proc/meminfo"), "MemTotal:").unwrap_or_default();
    format!(
        "Linux {}, {cpus} CPUs ({}), {}",
        read("/proc/sys/kernel/osrelease").trim(),
        model.map_or("unknown", |(_, model)| model),
        analysis::quantity::text(memory, "bytes")
    )
}

/// When and by which command.
fn how(arguments: &Arguments) -> String {
    let date =
        process::output(std::process::Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]));
    let words: Vec<String> = std::env::args().skip(1).collect();
    format!(
        "{}, cargo xtask {}; {} rounds, ratios with 95 % intervals",
        date.unwrap_or_default(),
        words.join(" "),
        arguments.rounds
    )
}

/// A folder of `results/` that is named by the time, as those of `kontrast run` are.
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
            "cannot create {}; name a folder that is not there yet",
            folder.display()
        )
    })?;
    Ok(folder)
}

fn save(report: &Report, folder: &Path) -> Result<()> {
    let text = table::text(report);
    print!("{text}");
    fs::write(folder.join("tasks.txt"), text)?;
    fs::write(
        folder.join("tasks.json"),
        serde_json::to_string_pretty(report)? + "\n",
    )?;
    println!("\nSaved: {}", project::short(&folder.join("tasks.json")));
    Ok(())
}

#[cfg(test)]
mod tests;
