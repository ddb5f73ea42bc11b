//! `suite bench probes`: time in each eBPF program, by probe group, under a load that causes the
//! events of all groups.
//!
//! The kernel measures it (`bpf_enable_stats(2)`). A run of a program of `sched_switch`, for
//! instance, may be for any process of the host; on an idle host nearly all are for the load.

mod exchanges;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use clap::Args;
use recording::Recording;
use recording::vocabulary::ProbeGroup;

use super::overhead;
use crate::{process, project};
use exchanges::{Cost, EXCHANGES};

/// A program of Python that collects garbage all the time.
const COLLECTS: &str = "import gc\nprint('ready', flush=True)\nwhile True: gc.collect(0)";

/// Option that records waits.
const WAITS: [&str; 2] = ["--off-cpu-stacks", "on"];
/// Programs that do more with that option, or run with it only.
const OF_WAITS: [&str; 3] = ["sched_waking", "sys_exit", "sys_exit_wait"];

/// Length of the benchmark.
#[derive(Args, Clone)]
pub struct Probes {
    /// Record the load this many times, each in a fresh process.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Record for this many seconds. The kernel measures the programs in half a second of it.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..))]
    seconds: u16,
}

/// Runs a second, and ns a run, of one program in each round, without waits and with them.
type Costs = BTreeMap<(bool, ProbeGroup, String), Vec<(f64, f64)>>;

/// Measures and prints tables in Markdown.
///
/// # Errors
/// Fails if the load or the recorder does.
pub fn run(arguments: &Probes) -> Result<()> {
    let folder = project::cache("bench").join("probes");
    let mut costs = Costs::new();
    let mut exchanges = EXCHANGES.map(|exchange| (exchange, Vec::new())).to_vec();
    let mut last = None;
    let python = Command::new("python3").arg("--version").output().is_ok();
    for round in 1..=arguments.rounds {
        eprint!("\rround {round} of {} ", arguments.rounds);
        for options in [&[][..], &WAITS] {
            let mut load = Command::new(project::binary("every_event"));
            load.arg(project::cache("bench").join("blocks"));
            let recording = record(load, &folder, arguments.seconds, options)?;
            let recording = recording.context("every_event was skipped")?;
            let has_waits = !options.is_empty();
            add(
                &mut costs,
                &recording,
                has_waits,
                |group, program| match has_waits {
                    true => OF_WAITS.contains(&program),
                    false => group != ProbeGroup::GcCalls,
                },
            );
            last = Some(recording);
        }
        if python {
            let mut load = Command::new("python3");
            load.args(["-c", COLLECTS]);
            if let Some(recording) = record(load, &folder, arguments.seconds, &[])? {
                let is_wanted = |group: ProbeGroup, _: &str| group == ProbeGroup::GcCalls;
                add(&mut costs, &recording, false, is_wanted);
            }
        }
        for (exchange, rounds) in &mut exchanges {
            let mut load = Command::new(project::binary("exchange"));
            load.args(exchange.arguments);
            // The other process is a child of it.
            let recording = record(load, &folder, arguments.seconds, &["--no-tree"])?;
            rounds.extend(recording.as_ref().map(Cost::of).transpose()?);
        }
    }
    eprintln!();
    let last = last.context("no round")?;
    print!("{}", table(&costs, &last, arguments)?);
    exchanges.retain(|(_, rounds)| !rounds.is_empty());
    print!("\n{}", exchanges::table(&exchanges)?);
    Ok(())
}

/// Records a load that prints `ready` and ends with its stdin, or when it is killed. Returns
/// nothing, and the load's reason on stderr, if it cannot run on this host.
fn record(
    mut load: Command,
    folder: &Path,
    seconds: u16,
    options: &[&str],
) -> Result<Option<Recording>> {
    overhead::empty(folder)?;
    let name = process::shown(&load);
    let load = load.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let mut load = Load(load.with_context(|| format!("cannot start {name}"))?);
    let stdout = load.0.stdout.take().context("stdout was asked for")?;
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line)?;
    if let Some(reason) = line.strip_prefix("skipped: ") {
        eprintln!("{name} was skipped: {}", reason.trim());
        return Ok(None);
    }
    ensure!(
        line.trim() == "ready",
        "{name} printed {line:?} in place of ready"
    );
    let (pid, length) = (load.0.id().to_string(), format!("{seconds}s"));
    let out = folder.to_string_lossy();
    let binary = project::binary("kontrast");
    let mut arguments = vec!["record", "--pid", &pid, "--duration", &length];
    arguments.extend(["--out", &out]);
    arguments.extend(options);
    let output = process::as_root(&binary.to_string_lossy(), &arguments).output()?;
    // A failed check does not change the cost of programs.
    ensure!(
        [Some(0), Some(3)].contains(&output.status.code()),
        "kontrast record ended with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(Some(recording::io::load_recording(folder)?))
}

/// A load that ends when this is dropped.
struct Load(Child);

impl Drop for Load {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn add(
    costs: &mut Costs,
    recording: &Recording,
    has_waits: bool,
    is_wanted: impl Fn(ProbeGroup, &str) -> bool,
) {
    let seconds = recording.window.duration_ns as f64 / 1e9;
    for group in &recording.observer.probe_groups {
        let ran = group.costs.iter().filter(|cost| cost.runs > 0);
        for cost in ran.filter(|cost| is_wanted(group.group, &cost.program)) {
            let key = (has_waits, group.group, cost.program.clone());
            let ns = cost.run_ns as f64 / cost.runs as f64;
            costs
                .entry(key)
                .or_default()
                .push((cost.runs as f64 / seconds, ns));
        }
    }
}

fn table(costs: &Costs, recording: &Recording, arguments: &Probes) -> Result<String> {
    let host = &recording.host;
    let began = UNIX_EPOCH + Duration::from_nanos(recording.window.start_unix_ns);
    let date = humantime::format_rfc3339_seconds(began).to_string();
    let mut text = format!(
        "{}, {}, {} CPUs, Linux {}, {} rounds of {} s\n\n",
        date.split('T').next().unwrap_or_default(),
        host.cpu_model,
        host.cpus,
        host.kernel,
        arguments.rounds,
        arguments.seconds
    );
    text += "| group | program | runs/s | ns a run, median (lowest–highest round) |\n|---|---|---|---|\n";
    for ((has_waits, group, program), rounds) in costs {
        let (runs, _, _) = spread(rounds.iter().map(|round| round.0));
        let (ns, low, high) = spread(rounds.iter().map(|round| round.1));
        let group = group.name();
        let with = if *has_waits { " with waits" } else { "" };
        writeln!(
            text,
            "| `{group}`{with} | `{program}` | {runs:.0} | {ns:.0} ({low:.0}–{high:.0}) |"
        )?;
    }
    Ok(text)
}

/// Returns the median, the lowest and the highest of some values.
fn spread(values: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let last = values.len() - 1;
    let median = (values[last / 2] + values[last.div_ceil(2)]) / 2.0;
    (median, values[0], values[last])
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::observer::{ProbeGroupStatus, ProgramCost};

    fn recording(run_ns: u64) -> Recording {
        let mut recording = Recording::default();
        recording.window.duration_ns = 2_000_000_000;
        recording.window.start_unix_ns = 1_796_000_000_000_000_000;
        recording.host.cpu_model = "EPYC".into();
        let program = |name: &str, runs| ProgramCost {
            program: name.into(),
            runs,
            run_ns,
        };
        recording.observer.probe_groups = vec![ProbeGroupStatus {
            group: ProbeGroup::Scheduler,
            source: "tp_btf".into(),
            fallback_reason: String::new(),
            programs: Vec::new(),
            hits: 0,
            bpf_ns: 0,
            costs: vec![program("sched_switch", 1_000), program("never", 0)],
            skipped: 0,
        }];
        recording
    }

    #[test]
    fn prints_runs_and_cost_of_each_program_that_ran() {
        let mut costs = Costs::new();
        for run_ns in [200_000, 900_000, 300_000] {
            add(&mut costs, &recording(run_ns), false, |_, _| true);
        }
        add(&mut costs, &recording(1), false, |group, _| {
            group == ProbeGroup::GcCalls
        });
        add(&mut costs, &recording(700_000), true, |_, program| {
            program == "sched_switch"
        });
        let arguments = Probes {
            rounds: 3,
            seconds: 2,
        };
        let text = table(&costs, &recording(1), &arguments).unwrap();
        assert!(text.starts_with("2026-11-30, EPYC, "), "{text}");
        let row = "\n| `scheduler` | `sched_switch` | 500 | 300 (200–900) |\n";
        assert!(text.contains(row), "{text}");
        let row = "\n| `scheduler` with waits | `sched_switch` | 500 | 700 (700–700) |\n";
        assert!(text.ends_with(row), "{text}");
    }
}
