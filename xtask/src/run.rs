//! `cargo xtask run`: set-up and build, then `kontrast run` in our place.

use std::convert::Infallible;
use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, ValueEnum};

use crate::options::Known;
use crate::setup::{self, Need};
use crate::{build, process, project, tasks};

/// Printed after the help of `cargo xtask run`.
pub const HELP: &str = "\
`cargo xtask run --help` describes the options of this command; all others are those of `kontrast run`.";

const EXAMPLES: &str = "\
Examples:
  cargo xtask run                                     go, bun and bun-1.4 under the baseline load
  cargo xtask run --arms go,rust --scenario quick     other options are those of `kontrast run`
  cargo xtask run --workload threads --db postgres
  cargo xtask run --workload tasks --rounds 2         other options are those of `suite tasks`";

/// Compared when no arms are named.
pub const DEFAULT_ARMS: &str = "go,bun,bun-1.4";

/// The workload that compares kinds of task, not servers.
const TASKS: &str = "tasks";

/// Set up and build all that a comparison needs, then run it.
#[derive(Parser)]
#[command(bin_name = "cargo xtask run", after_help = EXAMPLES, args_override_self = true)]
struct Options {
    /// Compare these targets, separated by commas [default: go,bun,bun-1.4; all kinds of task].
    #[arg(long, value_name = "ARM,…")]
    arms: Option<String>,
    /// Serve this workload; `tasks` compares goroutines, workers and threads [default: chat].
    #[arg(long)]
    workload: Option<String>,
    /// Keep history and threads in this database, new for each round.
    #[arg(long, value_enum, default_value = "sqlite")]
    db: Database,
    /// Connect the members of a room by this, new for each round.
    #[arg(long, value_enum, default_value = "memory")]
    bus: Bus,
    /// Read the noise of this host from FILE [default: the result of `bench noise`].
    #[arg(long, value_name = "FILE")]
    noise: Option<PathBuf>,
    /// Further options of `kontrast run`, or of `suite tasks`.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<OsString>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Database {
    Sqlite,
    Postgres,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Bus {
    Memory,
    Redis,
}

impl Known for Options {
    fn rest(&mut self) -> &mut Vec<OsString> {
        &mut self.rest
    }
}

/// Sets up and builds all that these arguments need, then becomes `kontrast run` with them, so that
/// signals and the exit code are its own.
pub fn run(words: Vec<OsString>) -> Result<Infallible> {
    let (options, passed) = Options::split(words).unwrap_or_else(|error| error.exit());
    if options.workload.as_deref() == Some(TASKS) {
        return tasks::run(options.arms.as_deref(), passed);
    }
    let arms = options.arms.as_deref().unwrap_or(DEFAULT_ARMS);
    let mut needs = vec![Need::Ebpf, Need::Targets(own_targets(arms))];
    needs.extend((options.bus == Bus::Redis).then_some(Need::Redis));
    needs.extend((options.db == Database::Postgres).then_some(Need::Postgres));
    announce_first_build();
    setup::ensure(&needs)?;
    let service = service(&options);
    build::programs_of_run(service.is_some())?;
    let mut kontrast = process::kontrast_run(&project::binary("kontrast"));
    kontrast.args(["--arms", arms]).args(passed);
    if let Some(workload) = &options.workload {
        kontrast.args(["--workload", workload]);
    }
    if let Some(service) = service {
        kontrast.args(["--service", &service]);
    }
    let kept = project::noise();
    if let Some(noise) = options.noise.or_else(|| kept.is_file().then_some(kept)) {
        kontrast.arg("--noise").arg(noise);
    }
    process::become_program(kontrast)
}

/// Says how long a first run takes: nothing has been built yet. Measured on a fast and on a slow
/// host.
fn announce_first_build() {
    if !project::binary("kontrast").is_file() {
        eprintln!("first run: set-up and builds take 7 to 18 minutes with 2 CPUs …");
    }
}

/// Returns the value of `--service` that stands for `--db` or `--bus`.
fn service(options: &Options) -> Option<String> {
    let name = match (options.db, options.bus) {
        (Database::Postgres, _) => "postgres",
        (_, Bus::Redis) => "redis",
        _ => return None,
    };
    // Quoted for the shell that runs it.
    let suite = project::binary("suite").display().to_string();
    Some(format!(
        "{name}='{}' service {name}",
        suite.replace('\'', r"'\''")
    ))
}

/// Returns the targets of the default arms.
pub fn targets() -> Vec<String> {
    own_targets(DEFAULT_ARMS)
}

/// Returns the folders under targets/ among the arms, each once and without variants. Users' own
/// folders and processes need no set-up.
pub fn own_targets(arms: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for arm in arms.split(',').filter(|arm| !arm.contains(['/', '=', '@'])) {
        let name = arm.split(':').next().unwrap_or(arm).trim().to_owned();
        let is_ours = project::root().join("targets").join(&name).is_dir();
        if is_ours && !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> (Options, Vec<OsString>) {
        Options::split(line.split(' ').map(OsString::from).collect()).unwrap()
    }

    #[test]
    fn passes_unknown_options_on() {
        let (options, passed) = options("--rounds 2 --workload=tasks --idle-only");
        assert_eq!(options.workload.as_deref(), Some(TASKS));
        assert_eq!(passed, ["--rounds", "2", "--idle-only"]);
    }

    #[test]
    fn turns_databases_and_buses_into_services() {
        let of = |line| service(&options(line).0);
        assert_eq!(of("--rounds 2"), None);
        let postgres = of("--workload threads --db postgres").unwrap();
        assert!(postgres.starts_with("postgres='/"), "{postgres}");
        assert!(postgres.ends_with("/suite' service postgres"), "{postgres}");
        assert!(of("--bus=redis").unwrap().ends_with(" service redis"));
    }

    #[test]
    fn sets_up_only_targets_of_this_repository() {
        let arms = "go:gomaxprocs1,go,../mine,api=pid:7@http://127.0.0.1:1/chat,bun,unknown";
        assert_eq!(own_targets(arms), ["go", "bun"]);
    }
}
