//! `kontrast run`.

mod checks;

use super::record::Slow;
use super::rounds::{Rounds, goal};
use super::sample_rate::SampleRate;
use super::scenario::Scenario;
use crate::auto_rounds::AutoRun;
use crate::conclude::conclude;
use crate::fail_if::Gate;
use crate::outcome::Outcome;
use crate::work::{Source, Spec as WorkSpec};
use anyhow::Context;
use profiler::record::privilege;
use recording::host::Noise;
use recording::observer::Mode;
use runner::{
    auto::Finished, cpus::Cpus, load::Load, request::Request, service::Spec, tools::Tools,
    workload::Workload,
};
use std::{path::PathBuf, time::Duration};

const EXAMPLES: &str = "\
Examples:
  kontrast run --arms go,bun                        two targets of ./targets, 4 rounds of 15 s each
  kontrast run --arms old=../v1,new=../v2 --scenario quick
                                                    two builds of a server of yours, each with a target.toml
  kontrast run --arms go,bun --rounds auto --precision 3% --max-time 10m
                                                    as many rounds as an interval of ±3 % takes
  kontrast run --arms go,bun --workload tools-parallel
                                                    an agent that calls four tools at once
  kontrast run --arms go,bun --workload pubsub --users 100
                                                    each answer heard by the 50 users of a room
  kontrast run --arms v1,v2 --workload threads --service postgres=./postgres.sh
                                                    threads in a database that ./postgres.sh starts
  kontrast run --arms go,bun --workload cold-start --starts 20
                                                    from exec to the first token, 20 times a round
  kontrast run --arms go,bun --scenario breakpoint --threshold 'ttft:p(99)<200ms'
                                                    the highest load each holds, recorded
  kontrast run --arms go,bun --observer-cost        the same, and the cost of the probes for each
  kontrast run --arms go,bun --runtime-symbols      the same, and the functions that their runtimes compile
  kontrast run --arms api=pid:4242@http://127.0.0.1:8080/chat
                                                    a server that already runs; it is not started or stopped
  kontrast run --arms go --load-command 'hey -z 10s -m POST -d {\"message\":\"hi\"} {url}'
                                                    the load you already have
  kontrast run --arms a=pid:4242@redis://127.0.0.1:6379,b=pid:4243@redis://127.0.0.1:6380 \\
    --load-command 'redis-benchmark -h {host} -p {port} -n 500000 -t set'
                                                    two servers that do not speak HTTP, by their cost of a command

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 done, but a check makes the result invalid or Ctrl-C made it partial;
99 a load threshold was crossed, or an expression of --fail-if holds.";

/// Arguments of `kontrast run`.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES, args_override_self = true)]
pub struct Run {
    /// Compare these arms: a folder of --targets-dir or its name, with :VARIANT if needed;
    /// NAME=FOLDER; or NAME=pid:PID@URL for a process that already runs.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "go,bun,bun-1.4",
        value_name = "ARM,…"
    )]
    arms: Vec<String>,
    /// Find targets that are given by name in this directory.
    #[arg(long, default_value = "targets", value_name = "DIR")]
    targets_dir: PathBuf,
    /// Serve this workload; docs/workloads.md describes the requests.
    #[arg(long, value_enum, default_value = "chat")]
    workload: Workload,
    /// Start a service before each round, such as a database, and end it afterwards. CMD prints the
    /// variables that the arm needs as NAME=VALUE, then `ready`, and runs until its input is closed
    /// [default: SQLite for history and threads].
    #[arg(long, value_name = "NAME=CMD")]
    service: Option<Spec>,
    /// Load the arms like this: baseline is 4 rounds of 15 s, quick 4 rounds of 2 s. --users is the
    /// maximum; breakpoint ends there at the latest.
    #[arg(long, value_enum, default_value = "baseline")]
    scenario: Scenario,
    #[command(flatten)]
    rounds: Rounds,
    /// Start the arm this often in each round of cold-start.
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=100), value_name = "N")]
    starts: u32,
    /// Record this long in each round [default: the scenario's, or until --load-command ends].
    #[arg(long, value_parser = positive_duration, value_name = "TIME")]
    duration: Option<Duration>,
    /// Load with this many users at once, for pubsub a multiple of 50 [default: the scenario's; for
    /// pubsub 50].
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    users: Option<u32>,
    /// Require this of each load, as in 'ttft:p(99)<200ms' or 'failed:rate<1%'. breakpoint searches
    /// for the maximum load that keeps it [default: for breakpoint ttft:p(99)<500ms and
    /// failed:rate<1%, else none].
    #[arg(
        long = "threshold",
        conflicts_with = "load_command",
        value_name = "EXPR"
    )]
    thresholds: Vec<String>,
    /// Load this long before each recording, without recording it; 0s for not at all.
    #[arg(long, value_parser = humantime::parse_duration, default_value = "1s", value_name = "TIME")]
    warmup: Duration,
    /// Measure the cost of the probes for each arm. Adds a recording to each round, four times as
    /// long, in which the probes alternate every second. No other number uses it. To resolve a few
    /// per cent, take about 8 --rounds.
    #[arg(long, conflicts_with = "load_command")]
    observer_cost: bool,
    /// Add an instrumented round of each arm at the end: names of compiled functions (Bun, Node,
    /// Deno), goroutines and allocations (Go). No other number uses it.
    #[arg(long, alias = "detail")]
    runtime_symbols: bool,
    /// Take this many CPU samples a second on each CPU. More make shares of code more precise, and
    /// cost the targets more.
    #[arg(long, default_value_t, value_name = "HZ")]
    sample_rate: SampleRate,
    /// Keep single tokens with their paths through threads, and the slowest above a proxy latency,
    /// for instance 'proxy_latency>5ms'. It costs the targets more; see `kontrast record`.
    #[arg(long, value_name = "EXPR")]
    slow: Option<Slow>,
    /// Add this many traced rounds of 5 s of each arm at the end: the path of each token through
    /// threads, waits with their stacks, and who ends them. No other number uses them. Differences
    /// of waits have intervals from two rounds on [default: 1 for the scenario baseline, else 0].
    #[arg(long, alias = "traced-round", value_parser = checks::traced_rounds, conflicts_with = "slow", value_name = "N")]
    traced_rounds: Option<u32>,
    /// Look for separate debug files in this folder first; may be given several times.
    #[arg(long, value_name = "DIR", value_parser = super::folder)]
    symbols: Vec<PathBuf>,
    /// Load the arms with this command in place of the load generator; {url}, or {host} and {port},
    /// are filled in. The count of its summary is the unit of work: wrk, oha, hey, ab, k6,
    /// redis-benchmark and pgbench are known.
    #[arg(long, value_parser = load_command, conflicts_with_all = ["scenario", "users"], value_name = "CMD")]
    load_command: Option<String>,
    /// Divide costs by this unit of work; SOURCE as in record --help, load for the count of
    /// --load-command [default: that of the load, else kernel:requests].
    #[arg(long, value_name = "NAME=SOURCE")]
    work: Option<WorkSpec>,
    /// Run the servers under test on these CPUs, as in 0-3,8 [default: half of the cores with 4 or
    /// more CPUs, else not pinned].
    #[arg(long, value_name = "CPUS")]
    target_cpus: Option<Cpus>,
    /// Run stub, load generator and recorder on these CPUs [default: the remaining ones].
    #[arg(long, value_name = "CPUS")]
    driver_cpus: Option<Cpus>,
    /// Send this many tokens in each answer of the stub.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..), value_name = "N")]
    tokens: u32,
    /// Wait this long between two tokens of the stub.
    #[arg(long, value_parser = humantime::parse_duration, default_value = "20ms", value_name = "TIME")]
    delay: Duration,
    /// Write the results to this folder, which must be new or empty [default:
    /// results/YYYYMMDD-HHMMSS, in UTC].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Read the noise of this host from FILE, as `cargo xtask bench noise` saves it, for the
    /// fingerprint of the host.
    #[arg(long, value_parser = noise, value_name = "FILE")]
    noise: Option<Noise>,
    /// Record with this program in place of `kontrast record`, for tests of this command.
    #[arg(long, hide = true)]
    recorder: Option<PathBuf>,
    #[command(flatten)]
    gate: Gate,
}

impl Run {
    /// Executes the verb.
    ///
    /// # Errors
    /// Fails with the reason why the run cannot be finished.
    pub fn execute(self) -> anyhow::Result<Outcome> {
        self.check_work()?;
        self.check_cold_start()?;
        self.rounds.check(&self.gate)?;
        let tools = Tools::find(self.recorder.clone(), privilege::missing().is_empty())?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        let runtime = runtime.context("cannot start the asynchronous runtime")?;
        let modes = self.modes();
        let gate = self.gate.clone();
        let request = self.request();
        let auto = request.auto.as_ref();
        let goal = auto.map(|auto| goal(auto, request.rounds, &gate));
        let mut auto = AutoRun::new(goal);
        let mut decide = |finished: &Finished<'_>| auto.next(finished);
        let measured = runtime.block_on(runner::execute(request, modes, tools, &mut decide));
        // After a second Ctrl-C another thread may still wait for a build, whose processes were
        // killed.
        runtime.shutdown_background();
        conclude(measured?, auto.ended(), &gate)
    }

    fn modes(&self) -> &'static [Mode] {
        match self.observer_cost {
            true => &[Mode::All, Mode::Overhead],
            false => &[Mode::All],
        }
    }

    fn request(self) -> Request {
        let traced_rounds = self.traced_rounds();
        let (rounds, duration) = self.scenario.rounds();
        let (rounds, auto) = self.rounds.plan(rounds, &self.gate);
        let (load, duration) = match self.load_command {
            Some(command) => (Load::Command(command), self.duration),
            None => {
                let load = Load::Loadgen {
                    scenario: self.scenario.name(),
                    users: self.users.or(self.workload.users()),
                };
                (load, Some(self.duration.unwrap_or(duration)))
            }
        };
        let cold = self.workload == Workload::ColdStart;
        let (work, load_unit) = match self.work {
            Some(spec) if spec.source == Source::Load => (None, Some(spec.name)),
            spec => (spec.map(|spec| spec.to_string()), None),
        };
        Request {
            arms: self.arms,
            targets_dir: self.targets_dir,
            workload: self.workload,
            service: self.service,
            load,
            work,
            load_unit,
            thresholds: self.thresholds,
            traced_rounds,
            runtime_symbols: self.runtime_symbols,
            symbols: self.symbols,
            sample_hz: self.sample_rate.0,
            slow: self.slow.map(|slow| slow.to_string()),
            rounds,
            auto,
            starts: cold.then_some(self.starts),
            duration,
            warmup: self.warmup,
            // The model's latency is no part of a start.
            tokens: if cold { 1 } else { self.tokens },
            delay: if cold { Duration::ZERO } else { self.delay },
            target_cpus: self.target_cpus,
            driver_cpus: self.driver_cpus,
            noise: self.noise,
            out: self.out,
        }
    }
}

/// Parses a duration that is not zero.
pub(super) fn positive_duration(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(Duration::ZERO) => Err("must be longer than 0s, as in 15s".into()),
        Ok(duration) => Ok(duration),
        Err(error) => Err(format!("{error}: write it as in 15s")),
    }
}

fn noise(path: &str) -> Result<Noise, String> {
    let text = std::fs::read_to_string(path).map_err(|error| error.to_string())?;
    serde_json::from_str(&text).map_err(|error| format!("not a file of bench noise: {error}"))
}

/// Parses a command that contains `{url}` or `{port}`: without them the command would load
/// something else.
fn load_command(text: &str) -> Result<String, String> {
    match text.contains("{url}") || text.contains("{port}") {
        true => Ok(text.into()),
        false => Err(
            "must contain {url}, or {port} and {host}, which stand for the server's address".into(),
        ),
    }
}

#[cfg(test)]
mod tests;
