//! The load on an arm: this repository's load generator, or a command of the user's.

use super::{
    child::{GRACE, Guarded, Pipes},
    cpus::Cpus,
    load_output::{self, LoadCount},
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

/// Time that the load generator has beyond its duration: for open streams, and to write its
/// summary.
const SLACK: Duration = Duration::from_secs(60);
/// Exit code of a load that a check makes invalid; the summary has the reason.
const INVALID: i32 = 3;
/// Exit code of a load that crossed a threshold, as k6's.
const THRESHOLD_CROSSED: i32 = 99;

/// The scenario that searches for the maximum load before recording.
pub const BREAKPOINT: &str = "breakpoint";

/// The source of the load.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    /// This repository's load generator.
    Loadgen {
        /// Name of its scenario.
        scenario: &'static str,
        /// Users at once; `None` for the scenario's number.
        users: Option<u32>,
    },
    /// A command of the user's, in which `{url}` stands for the server's address.
    Command(String),
}

/// Parameters of a load on one arm.
pub struct Driver<'a> {
    /// The source of the load.
    pub load: &'a Load,
    /// Program of the load generator.
    pub loadgen: &'a Path,
    /// URL of the requests.
    pub url: String,
    /// Arguments of the load generator for its requests; none for a chat message.
    pub sent: &'a [String],
    /// Thresholds of the load generator.
    pub thresholds: &'a [String],
    /// CPUs of the load.
    pub cpus: Option<&'a Cpus>,
    /// The round's folder, for logs and the summary.
    pub dir: &'a Path,
}

/// Result of a load.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Summary of the load generator; `None` for a command of the user's.
    pub summary: Option<LoadSummary>,
    /// Count in the output of a command of the user's, if that is known.
    pub count: Option<LoadCount>,
    /// Whether a threshold was crossed.
    pub threshold_crossed: bool,
}

/// A running load; dropping it ends it.
pub struct Loading {
    process: Guarded,
    limit: Limit,
    /// Whether it is the load generator, not a command of the user's.
    ours: bool,
    /// The file of its summary, if it writes one.
    json: Option<PathBuf>,
    /// The file of its output.
    log: PathBuf,
}

/// When and how a load is ended.
enum Limit {
    /// It ends by itself.
    None,
    /// It is ended at its requested duration.
    End(Duration),
    /// It should have ended long before this, so it hangs.
    Hang(Duration),
}

impl Driver<'_> {
    /// Loads the arm for `duration`. It is no failure if no answer ended in that time.
    ///
    /// # Errors
    /// Fails as [`Loading::wait`].
    pub async fn warm_up(&self, duration: Duration) -> anyhow::Result<()> {
        // Thresholds are for the recorded load only.
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

    /// Starts the recorded load. It lasts `duration`, or without one until the command ends.
    ///
    /// # Errors
    /// Fails if it cannot be started.
    pub fn start(&self, duration: Option<Duration>) -> anyhow::Result<Loading> {
        self.begin("load", duration, self.thresholds)
    }

    /// Starts the search for the maximum load that keeps the thresholds; it takes at most
    /// `duration`.
    ///
    /// # Errors
    /// Fails if it cannot be started.
    pub fn search(&self, duration: Option<Duration>) -> anyhow::Result<Loading> {
        self.begin("search", duration, self.thresholds)
    }

    /// Starts a load whose files have this name.
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
                command.args(["-c", &filled(line, &self.url)]);
                (command, duration.map_or(Limit::None, Limit::End), None)
            }
        };
        let process = Guarded::spawn("load", &mut command, Pipes::default(), self.cpus, log)?;
        Ok(Loading {
            process,
            limit,
            ours: matches!(self.load, Load::Loadgen { .. }),
            json,
            log: log.into(),
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
    /// Fails if the load does or hangs, with the end of its log.
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
                // Most load generators print their summary when they are interrupted.
                self.process.end(Signal::SIGINT, GRACE).await?;
                Ok(Loaded {
                    count: self.count(),
                    ..Loaded::default()
                })
            }
        }
    }

    /// Ends the load as Ctrl-C does, and returns its summary so far.
    pub async fn cut(mut self) -> Option<LoadSummary> {
        self.process.end(Signal::SIGINT, GRACE).await.ok()?;
        self.summary().ok().flatten()
    }

    fn judge(&self, status: ExitStatus) -> anyhow::Result<Loaded> {
        let threshold_crossed = match (status.code(), self.ours) {
            (Some(0), _) => false,
            (Some(THRESHOLD_CROSSED), _) => true,
            // The exit code of a user's command has no known meaning.
            (Some(INVALID), true) => false,
            _ => return Err(self.process.trouble(&format!("failed ({status})"))),
        };
        Ok(Loaded {
            summary: self.summary()?,
            count: self.count(),
            threshold_crossed,
        })
    }

    /// Returns the count in the output of a command of the user's.
    fn count(&self) -> Option<LoadCount> {
        let output = std::fs::read(&self.log).ok().filter(|_| !self.ours)?;
        load_output::count(&String::from_utf8_lossy(&output))
    }

    /// Returns the summary, if one is written.
    fn summary(&self) -> anyhow::Result<Option<LoadSummary>> {
        let Some(json) = &self.json else {
            return Ok(None);
        };
        Ok(Some(recording::io::load(json, LOAD_SCHEMA)?))
    }
}

/// Fills in the server's address: `{url}`, or `{host}` and `{port}` of it.
fn filled(line: &str, url: &str) -> String {
    let after = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = after.split('/').next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (authority, "80"),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let line = line.replace("{host}", host).replace("{port}", port);
    line.replace("{url}", url)
}

/// Whether no request failed, and none had the time to end.
fn only_short(summary: LoadSummary) -> bool {
    summary.requests.failed.is_empty() && summary.requests.rejected.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fills_in_the_parts_of_an_address() {
        let line = "hit {url} at {host} {port}";
        let filled = |url: &str| filled(line, url);
        assert_eq!(filled("http://h:81/x"), "hit http://h:81/x at h 81");
        assert_eq!(
            filled("redis://127.0.0.1:6379"),
            "hit redis://127.0.0.1:6379 at 127.0.0.1 6379"
        );
        assert_eq!(filled("http://[::1]:9/"), "hit http://[::1]:9/ at ::1 9");
        assert_eq!(filled("http://h"), "hit http://h at h 80");
    }
}
