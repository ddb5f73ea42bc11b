//! The load on an arm: our load generator, or a command of the user's.

use super::{
    child::{GRACE, Guarded, Pipes},
    cpus::Cpus,
};
use nix::sys::signal::Signal;
use recording::{LOAD_SCHEMA, LoadSummary};
use serde::Serialize;
use std::{
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};
use tokio::{process::Command, time::timeout};

/// What our load generator may take beyond its duration: for streams in flight, and to write its summary.
const SLACK: Duration = Duration::from_secs(60);
/// Exit code of a load whose result a check makes invalid; the summary says why.
const INVALID: i32 = 3;
/// Exit code of a load that crossed a threshold, k6's too.
const THRESHOLD_CROSSED: i32 = 99;

/// The scenario that looks for the highest load first.
pub const BREAKPOINT: &str = "breakpoint";

/// Who makes the load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// Our load generator.
    Loadgen {
        /// Name of its scenario.
        scenario: &'static str,
        /// Users at once; the scenario's own number if `None`.
        users: Option<u32>,
    },
    /// A command of the user's, in which `{url}` stands for the server's address.
    Command(String),
}

/// How to load one arm.
pub struct Driver<'a> {
    /// Who makes the load.
    pub load: &'a Load,
    /// Our load generator.
    pub loadgen: &'a Path,
    /// Where to send it.
    pub url: String,
    /// Arguments of our load generator that say what it sends; without any it is a chat message.
    pub sent: &'a [String],
    /// What our load generator is to judge the load by.
    pub thresholds: &'a [String],
    /// Where it runs.
    pub cpus: Option<&'a Cpus>,
    /// The round's folder, for logs and the summary.
    pub dir: &'a Path,
}

/// What a load came to.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Our load generator's summary; `None` for a command of the user's.
    pub summary: Option<LoadSummary>,
    /// A threshold was crossed.
    pub threshold_crossed: bool,
}

/// A load that is under way; dropping it ends it.
pub struct Loading {
    process: Guarded,
    limit: Limit,
    /// It is our load generator, not a command of the user's.
    ours: bool,
    /// Where it writes its summary, if it is to write one.
    json: Option<PathBuf>,
}

/// When a load has lasted too long, and what that means.
enum Limit {
    /// It ends by itself.
    None,
    /// It is then ended, which is what was asked for.
    End(Duration),
    /// It should have ended by itself long before.
    Hang(Duration),
}

impl Driver<'_> {
    /// Loads the arm for `duration`. It is no failure if that was too short for an answer to end.
    ///
    /// # Errors
    /// As [`Loading::wait`].
    pub async fn warm_up(&self, duration: Duration) -> anyhow::Result<()> {
        // What is not recorded is not judged.
        let mut loading = self.begin("warmup", Some(duration), &[])?;
        match loading.wait().await {
            Err(_)
                if loading
                    .summary()
                    .is_ok_and(|summary| summary.is_some_and(only_short)) =>
            {
                Ok(())
            }
            ended => ended.map(drop),
        }
    }

    /// Begins the load that is recorded; it lasts `duration`, or without one until the command ends.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, duration: Option<Duration>) -> anyhow::Result<Loading> {
        self.begin("load", duration, self.thresholds)
    }

    /// Begins the search for the highest load that holds the thresholds, which takes at most `duration`.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn search(&self, duration: Option<Duration>) -> anyhow::Result<Loading> {
        self.begin("search", duration, self.thresholds)
    }

    /// Begins a load whose files are called `name`.
    fn begin(
        &self,
        name: &str,
        duration: Option<Duration>,
        thresholds: &[String],
    ) -> anyhow::Result<Loading> {
        let json = Some(self.dir.join(name).with_extension("json"));
        let log = &self.dir.join(name).with_extension("log");
        let (mut command, limit, json) = match self.load {
            Load::Loadgen { scenario, users } => {
                let mut command = self.loadgen(scenario, *users, duration);
                command.arg("--json").args(&json);
                for threshold in thresholds {
                    command.args(["--threshold", threshold]);
                }
                let limit = duration.map_or(Limit::None, |duration| Limit::Hang(duration + SLACK));
                (command, limit, json)
            }
            Load::Command(line) => {
                let mut command = Command::new("sh");
                command.args(["-c", &line.replace("{url}", &self.url)]);
                (command, duration.map_or(Limit::None, Limit::End), None)
            }
        };
        let process = Guarded::spawn("load", &mut command, Pipes::default(), self.cpus, log)?;
        Ok(Loading {
            process,
            limit,
            ours: matches!(self.load, Load::Loadgen { .. }),
            json,
        })
    }

    fn loadgen(&self, scenario: &str, users: Option<u32>, duration: Option<Duration>) -> Command {
        let mut command = Command::new(self.loadgen);
        command.args(["run", "--scenario", scenario, "--url", &self.url]);
        command.args(self.sent);
        if let Some(users) = users {
            command.args(["--users", &users.to_string()]);
        }
        if let Some(duration) = duration {
            command.args(["--duration", &format!("{}us", duration.as_micros())]);
        }
        command
    }
}

impl Loading {
    /// Waits for the load's end.
    ///
    /// # Errors
    /// When it fails or hangs, with its log's end.
    pub async fn wait(&mut self) -> anyhow::Result<Loaded> {
        let ended = match self.limit {
            Limit::None => Some(self.process.wait().await?),
            Limit::End(limit) | Limit::Hang(limit) => {
                match timeout(limit, self.process.wait()).await {
                    Ok(ended) => Some(ended?),
                    Err(_) => None,
                }
            }
        };
        match (ended, &self.limit) {
            (Some(status), _) => self.judge(status),
            (None, Limit::Hang(limit)) => Err(self
                .process
                .trouble(&format!("did not end within {limit:?}"))),
            (None, _) => {
                self.process.end(Signal::SIGTERM, GRACE).await?;
                Ok(Loaded::default())
            }
        }
    }

    /// Ends the load as Ctrl-C does, and gives what it still has to say.
    pub async fn cut(mut self) -> Option<LoadSummary> {
        self.process.end(Signal::SIGINT, GRACE).await.ok()?;
        self.summary().ok().flatten()
    }

    fn judge(&self, status: ExitStatus) -> anyhow::Result<Loaded> {
        let threshold_crossed = match (status.code(), self.ours) {
            (Some(0), _) => false,
            (Some(THRESHOLD_CROSSED), _) => true,
            // Ours alone: what a user's command means by it is not known.
            (Some(INVALID), true) => false,
            _ => return Err(self.process.trouble(&format!("failed ({status})"))),
        };
        Ok(Loaded {
            summary: self.summary()?,
            threshold_crossed,
        })
    }

    /// The summary, if one is written.
    fn summary(&self) -> anyhow::Result<Option<LoadSummary>> {
        let Some(json) = &self.json else {
            return Ok(None);
        };
        Ok(Some(recording::io::load(json, LOAD_SCHEMA)?))
    }
}

/// Whether no request failed; there was only no time for one to end.
fn only_short(summary: LoadSummary) -> bool {
    summary.requests.failed.is_empty() && summary.requests.rejected.is_empty()
}
