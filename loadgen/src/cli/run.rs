//! `loadgen run`: one load.

use super::Outcome;
use crate::checks::Checks;
use crate::client::{Request, Target};
use crate::drive;
use crate::output::{progress::Progress, text};
use crate::plan::Plan;
use crate::scenario::{self, Shape, Unit};
use crate::{Error, clock, summary};
use anyhow::Context as _;
use recording::LoadSummary;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

const EXAMPLES: &str = "\
Examples:
  loadgen run --scenario quick --url http://127.0.0.1:8080/chat
  loadgen run --url http://127.0.0.1:8080/chat --users 50 --duration 30s --json load.json
  loadgen run --url http://127.0.0.1:8080/v1/chat/completions --body @request.json

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 the load generator was the bottleneck; 99 a threshold was crossed.";

/// Offer one load and report what came back
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Run {
    /// A built-in scenario (see `loadgen scenarios`) or a scenario file
    #[arg(long, value_name = "NAME|FILE", default_value = "baseline")]
    pub scenario: String,
    /// Where to send requests, such as http://127.0.0.1:8080/chat
    #[arg(long)]
    pub url: String,
    /// Users at the scenario's peak, each with one request at a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub users: Option<u32>,
    /// How long to offer load; the scenario is stretched or squeezed to it
    #[arg(long, value_parser = humantime::parse_duration)]
    pub duration: Option<Duration>,
    /// Body of each request, or @FILE; a chat message that suits the URL if not given
    #[arg(long, value_name = "TEXT|@FILE")]
    pub body: Option<String>,
    /// A header to send; may be given several times
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// How long streams may go on after the last request began; then they are cut
    #[arg(long, value_parser = humantime::parse_duration, default_value = "3s")]
    pub graceful_stop: Duration,
    /// How long one answer may take
    #[arg(long, value_parser = humantime::parse_duration, default_value = "60s")]
    pub timeout: Duration,
    /// Worker threads; one for each 500 users, up to the CPUs there are, if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Write the result as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// No progress line
    #[arg(long, short)]
    pub quiet: bool,
}

impl Run {
    /// Carries it out.
    pub fn execute(self) -> anyhow::Result<Outcome> {
        let plan = Arc::new(self.plan()?);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let outcome = runtime.block_on(self.offer(plan.clone()))?;
        let summary = summary::summarize(&plan, &outcome);
        if let Some(path) = &self.json {
            recording::io::save(path, &summary)?;
        }
        text::write(&summary, &plan.target.url, &mut std::io::stdout().lock())
            .context("cannot write the summary to standard output")?;
        judge(&summary, &plan.target.url)
    }

    async fn offer(&self, plan: Arc<Plan>) -> anyhow::Result<drive::Outcome> {
        let mut progress = Progress::new(&plan, self.quiet);
        let outcome =
            drive::run(plan, interrupts()?, &mut |snapshot| progress.show(snapshot)).await;
        progress.clear();
        Ok(outcome?)
    }

    fn plan(&self) -> Result<Plan, Error> {
        let scenario = scenario::find(&self.scenario)?;
        let shape = self.shape(scenario.shape().map_err(Error::Usage)?)?;
        let threads = self
            .threads
            .map_or_else(|| default_threads(&shape), usize::from);
        Ok(Plan {
            scenario: scenario.name,
            target: Target::new(&self.url)?,
            request: Request::new(self.body()?, &self.headers)?,
            checks: Checks::default(),
            graceful_stop: self.graceful_stop,
            timeout: self.timeout,
            shape,
            threads,
        })
    }

    fn shape(&self, mut shape: Shape) -> Result<Shape, Error> {
        if let Some(users) = self.users {
            if shape.unit != Unit::Users {
                return Err(Error::Usage(
                    "--users does not suit a scenario of rates".into(),
                ));
            }
            shape = shape.with_peak(users.into());
        }
        match self.duration {
            Some(Duration::ZERO) => {
                Err(Error::Usage("--duration must be more than nothing".into()))
            }
            Some(duration) => Ok(shape.with_length(clock::nanos(duration))),
            None => Ok(shape),
        }
    }

    fn body(&self) -> Result<Vec<u8>, Error> {
        match self.body.as_deref() {
            None => Ok(default_body(&self.url).into()),
            Some(text) => match text.strip_prefix('@') {
                None => Ok(text.into()),
                Some(path) => std::fs::read(path).map_err(|source| Error::Read {
                    path: path.into(),
                    source,
                }),
            },
        }
    }
}

fn default_body(url: &str) -> &'static str {
    if url.contains("/chat/completions") {
        r#"{"model":"stub","stream":true,"messages":[{"role":"user","content":"hello"}]}"#
    } else {
        r#"{"message":"hello"}"#
    }
}

fn default_threads(shape: &Shape) -> usize {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    (shape.peak() / 500.0).ceil().clamp(1.0, cpus as f64) as usize
}

/// Ctrl-C and requests to terminate.
fn interrupts() -> std::io::Result<mpsc::Receiver<()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (sender, receiver) = mpsc::channel(2);
    tokio::spawn(async move {
        loop {
            tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            if sender.send(()).await.is_err() {
                break;
            }
        }
    });
    Ok(receiver)
}

fn judge(summary: &LoadSummary, url: &str) -> anyhow::Result<Outcome> {
    let requests = &summary.requests;
    let bad = requests.failed.iter().chain(&requests.rejected);
    if summary.ttft.count == 0
        && let Some((reason, _)) = bad.max_by_key(|(_, count)| **count)
    {
        anyhow::bail!(
            "no request succeeded, mostly: {reason}. Is {url} the right URL, and is the server up?"
        );
    }
    if requests.started == 0 || (summary.ttft.count == 0 && summary.ended_early.is_none()) {
        anyhow::bail!(
            "no answer was complete before the load ended; give it a longer --duration or --graceful-stop"
        );
    }
    Ok(if summary.client.saturated {
        Outcome::Invalid
    } else {
        Outcome::Done
    })
}
