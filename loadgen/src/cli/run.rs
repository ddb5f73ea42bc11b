//! `loadgen run`: one load.

use super::Outcome;
use crate::drive;
use crate::output::{progress::Progress, text};
use crate::plan::Plan;
use crate::summary;
use crate::threshold::Threshold;
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
  loadgen run --url http://127.0.0.1:8080/chat --rate 100 --threshold 'ttft:p(95)<500ms'
  loadgen run --url http://127.0.0.1:8080/v1/chat/completions --body @request.json --expect tokens=50

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 the load generator was the bottleneck; 99 a threshold was crossed.";

/// Offer one load and report what came back
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Run {
    /// A built-in scenario (see `loadgen scenarios`) or a scenario file; baseline if not given, open with --rate
    #[arg(long, value_name = "NAME|FILE")]
    pub scenario: Option<String>,
    /// Where to send requests, such as http://127.0.0.1:8080/chat; with several, users take turns
    #[arg(long = "url", value_name = "URL")]
    pub urls: Vec<String>,
    /// Users at the scenario's peak, each with one request at a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "rate")]
    pub users: Option<u32>,
    /// Requests a second at the scenario's peak, whatever the answers do
    #[arg(long, value_name = "N")]
    pub rate: Option<f64>,
    /// Streams open at once at most, with rates; requests beyond them begin late
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_streams: Option<u32>,
    /// How long to offer load; the scenario is stretched or squeezed to it
    #[arg(long, value_parser = humantime::parse_duration)]
    pub duration: Option<Duration>,
    /// Body of each request, or @FILE; a chat message that suits the URL if not given
    #[arg(long, value_name = "TEXT|@FILE")]
    pub body: Option<String>,
    /// A header to send; may be given several times
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// What every answer must be like: status=200, tokens=50, min-tokens=1, done=yes
    #[arg(long = "expect", value_name = "KEY=VALUE")]
    pub expect: Vec<String>,
    /// What must hold of the whole run, as in k6: 'ttft:p(95)<500ms', 'failed:rate<1%'; may be given several times
    #[arg(long = "threshold", value_name = "EXPR")]
    pub thresholds: Vec<Threshold>,
    /// End the run when a threshold is crossed, and tell the highest load that held it
    #[arg(long)]
    pub stop_when_crossed: bool,
    /// How long streams may go on after the last request began; then they are cut
    #[arg(long, value_parser = humantime::parse_duration, default_value = "3s")]
    pub graceful_stop: Duration,
    /// How long one answer may take
    #[arg(long, value_parser = humantime::parse_duration, default_value = "60s")]
    pub timeout: Duration,
    /// Worker threads; one for each 500 streams, up to the CPUs there are, if not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Seed of the random arrival times
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
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
        text::write(&summary, &mut std::io::stdout().lock())
            .context("cannot write the summary to standard output")?;
        judge(&summary)
    }

    async fn offer(&self, plan: Arc<Plan>) -> anyhow::Result<drive::Outcome> {
        let mut progress = Progress::new(&plan, self.quiet);
        let outcome =
            drive::run(plan, interrupts()?, &mut |snapshot| progress.show(snapshot)).await;
        progress.clear();
        Ok(outcome?)
    }
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

/// How the run ended. An invalid run comes before a crossed threshold: its numbers are not the server's.
fn judge(summary: &LoadSummary) -> anyhow::Result<Outcome> {
    let requests = &summary.requests;
    if summary.ttft.count == 0 {
        let bad = requests.failed.iter().chain(&requests.rejected);
        match bad.max_by_key(|(_, count)| **count) {
            Some((reason, _)) => anyhow::bail!(
                "no request succeeded, mostly: {reason}. Is {} the right URL, and is the server up?",
                summary.urls.join(" ")
            ),
            None if summary.ended_early.is_none() => anyhow::bail!(
                "no answer was complete before the load ended; give it a longer --duration or --graceful-stop"
            ),
            None => {}
        }
    }
    // Where the threshold is what ends the run, crossing it is how the run is meant to end.
    let sought = summary.held.as_ref().is_some_and(|held| held.load > 0.0);
    let crossed = summary.thresholds.iter().any(|threshold| !threshold.ok);
    Ok(match (summary.client.saturated, crossed && !sought) {
        (true, _) => Outcome::Invalid,
        (false, true) => Outcome::Crossed,
        (false, false) => Outcome::Done,
    })
}
