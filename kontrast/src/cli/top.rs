//! `kontrast top`.

mod batch;
mod targets;

use super::selection::Selection;
use crate::outcome::Outcome;
use anyhow::{Context, Result, bail};
use batch::Format;
use clap::Parser;
use profiler::record::launcher::Launcher;
use profiler::record::privilege;
use profiler::record::target::pids;
use runner::Interrupt;
use std::ffi::OsString;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Duration;
use targets::{Observed, Targets};
use top::View;
use top::column::Column;
use top::rows::{Choice, Grouping};

/// Snapshots of the screen's targets lie this far apart.
const PACE: Duration = Duration::from_millis(200);

/// Time that the view has for its end after a signal, a recording that is being written included.
const PATIENCE: Duration = Duration::from_secs(10);

/// Arguments of `kontrast top`.
#[derive(clap::Args)]
#[command(after_help = "Examples:
  sudo kontrast top --pid 4711
  sudo kontrast top --port 8080 --by threads --sort switches
  sudo kontrast top --pid 4711 --versus --pid 4712           two targets side by side
  sudo kontrast top --name bun --batch -n 10                 ten tables, one a second
  sudo kontrast top --pid 4711 --batch --format json | jq .total

docs/top.md explains the columns and the keys.")]
pub struct Top {
    #[command(flatten)]
    target: One,
    /// Show a second target beside it, selected by the options that follow; this option comes last.
    #[arg(
        long,
        value_name = "OPTIONS",
        num_args = 1..,
        allow_hyphen_values = true
    )]
    versus: Vec<OsString>,
    /// Average over this time, from 200ms on; with --batch also the time between tables.
    #[arg(long, default_value = "1s", value_parser = interval, value_name = "DURATION")]
    interval: Duration,
    /// Sort rows by this column, largest first.
    #[arg(long, value_enum, default_value = "cpu", value_name = "COLUMN")]
    sort: Column,
    /// Show a row for each role, or for each thread.
    #[arg(long = "by", value_enum, default_value = "roles", value_name = "ROWS")]
    grouping: Grouping,
    /// Show the threads whose role, name or id contains this text.
    #[arg(long, default_value = "", value_name = "TEXT")]
    filter: String,
    /// Print text for scripts instead of drawing on the terminal.
    #[arg(long)]
    batch: bool,
    /// Print so many tables, then end [default: until Ctrl-C or the end of the targets].
    #[arg(short = 'n', long, value_name = "COUNT", requires = "batch",
          value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    /// Print tables as text, or one line of JSON for each target and interval.
    #[arg(long, value_enum, default_value = "text", requires = "batch")]
    format: Format,
    /// Let the key r record this much of the past, from 1s to 10m.
    #[arg(long, default_value = "1m", value_parser = last, value_name = "DURATION")]
    last: Duration,
    /// Write the recordings of the key r below this folder [default: the current one].
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Options that select one target.
#[derive(clap::Args, Clone, Debug)]
struct One {
    /// Observe this process, with all its threads; may be given several times.
    #[arg(
        long = "pid",
        value_name = "PID",
        required_unless_present = "selection"
    )]
    pids: Vec<u32>,
    #[command(flatten)]
    selection: Selection,
    /// Observe only the selected processes, not the ones that they start.
    #[arg(long)]
    no_tree: bool,
}

/// The options after `--versus`.
#[derive(Parser)]
#[command(name = "kontrast top … --versus", no_binary_name = true)]
struct Versus {
    #[command(flatten)]
    target: One,
}

impl Top {
    /// Executes the verb.
    pub fn execute(self) -> Result<Outcome> {
        if !self.batch && !std::io::stdout().is_terminal() {
            bail!(
                "top draws on a terminal, and standard output is not a terminal: give --batch for text, or --batch --format json"
            );
        }
        let observed = self.find()?;
        privilege::require()?;
        let launcher = Launcher::start_and_drop_excess()?;
        let pace = if self.batch { self.interval } else { PACE };
        let view = self.view(&observed, pace);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let interrupt = {
            let _entered = runtime.enter();
            Interrupt::listen().context("cannot listen for signals")?
        };
        // Reading a terminal that was closed does not return, so that the view cannot end itself.
        let closed = interrupt.clone();
        runtime.spawn(async move {
            closed.asked(1).await;
            tokio::time::sleep(PATIENCE).await;
            std::process::exit(0);
        });
        let targets = Targets::begin(launcher, observed, pace, self.out.clone(), interrupt)?;
        match self.batch {
            true => batch::run(view, targets, self.format, self.count),
            false => draw(view, targets),
        }
    }

    /// Finds the processes of one target or two.
    fn find(&self) -> Result<Vec<Observed>> {
        let mut observed = vec![self.target.find(self.last)?];
        if !self.versus.is_empty() {
            let versus = Versus::try_parse_from(&self.versus).unwrap_or_else(|error| error.exit());
            observed.push(versus.target.find(self.last)?);
        }
        Ok(observed)
    }

    fn view(&self, observed: &[Observed], pace: Duration) -> View {
        let names: Vec<(String, u32)> = observed
            .iter()
            .map(|target| (target.name(), target.processes[0].pid))
            .collect();
        let choice = Choice {
            grouping: self.grouping,
            sort: self.sort,
            ascending: false,
            filter: self.filter.to_lowercase(),
        };
        let per_frame = (self.interval.as_millis() / pace.as_millis()).max(1) as usize;
        let frame_ns = pace.as_nanos() as u64 * per_frame as u64;
        View::new(&names, choice, frame_ns, per_frame)
    }
}

impl One {
    fn find(&self, last: Duration) -> Result<Observed> {
        let (processes, cgroups) = self.selection.find(&self.pids)?;
        if pids(&processes).is_empty() {
            bail!("the options select no process");
        }
        Ok(Observed {
            processes,
            cgroups,
            follow_forks: !self.no_tree,
            last,
        })
    }
}

/// Reads an interval of whole tenths of a second.
fn interval(text: &str) -> Result<Duration, String> {
    let given = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    let tenths = given.as_millis().div_ceil(100);
    match tenths {
        0 | 1 => Err("must be 200ms at least: fewer samples split no time".into()),
        tenths if tenths > 600 => Err("must be 60s at most".into()),
        tenths => Ok(Duration::from_millis(tenths as u64 * 100)),
    }
}

/// Reads how much of the past a recording covers.
fn last(text: &str) -> Result<Duration, String> {
    let given = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    match given.as_secs() {
        1..600 => Ok(given),
        600 if given.subsec_nanos() == 0 => Ok(given),
        _ => Err("must be 1s to 10m".into()),
    }
}

/// Draws until the user quits.
fn draw(mut view: View, mut targets: Targets) -> Result<Outcome> {
    let mut terminal = ratatui::try_init().context("cannot draw on this terminal")?;
    let drawn = top::screen::run(&mut terminal, &mut view, &mut targets);
    // A terminal that was closed has no screen to restore.
    let _ = ratatui::try_restore();
    let written = targets.end();
    if let (Err(error), false) = (drawn, targets.is_interrupted()) {
        return Err(error).context("cannot draw on the terminal");
    }
    if let Some(failure) = targets.failure() {
        bail!("{failure}");
    }
    written.map(|()| Outcome::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        top: Top,
    }

    fn parsed(arguments: &[&str]) -> Result<Top, clap::Error> {
        let arguments = ["top"].iter().chain(arguments);
        Command::try_parse_from(arguments).map(|command| command.top)
    }

    #[test]
    fn reads_the_options_of_a_second_target() {
        let top = parsed(&[
            "--pid",
            "1",
            "--by",
            "threads",
            "--versus",
            "--pid",
            "2",
            "--no-tree",
        ]);
        let top = top.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(top.target.pids, [1]);
        assert!(!top.target.no_tree);
        let versus = Versus::try_parse_from(&top.versus).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((versus.target.pids, versus.target.no_tree), (vec![2], true));
    }

    #[test]
    fn rejects_wrong_usage() {
        assert!(parsed(&[]).is_err(), "no target");
        assert!(parsed(&["--pid", "1", "-n", "3"]).is_err(), "no batch");
        assert!(parsed(&["--pid", "1", "--interval", "100ms"]).is_err());
        assert!(Versus::try_parse_from(["--by", "threads"]).is_err());
    }

    #[test]
    fn rounds_intervals_up_to_ticks() {
        assert_eq!(interval("1s"), Ok(Duration::from_secs(1)));
        assert_eq!(interval("250ms"), Ok(Duration::from_millis(300)));
        assert!(interval("61s").is_err());
    }

    #[test]
    fn bounds_the_length_of_recordings() {
        assert_eq!(last("2500ms"), Ok(Duration::from_millis(2500)));
        assert_eq!(last("10m"), Ok(Duration::from_secs(600)));
        assert!(last("900ms").is_err() && last("601s").is_err());
    }
}
