//! `loadgen run`: one load.

use super::Outcome;
use super::live::Live;
use crate::drive::{self, Snapshot};
use crate::measure::Totals;
use crate::output::{hdr_log, html, progress::Progress, text};
use crate::plan::Plan;
use crate::summary;
use crate::threshold::Threshold;
use anyhow::Context as _;
use recording::LoadSummary;
use std::net::SocketAddr;
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
  loadgen run --url http://127.0.0.1:8080/history --body '{\"thread\":\"t{user}\",\"message\":\"hello\"}'
  loadgen run --url http://127.0.0.1:8080/ --steps threads.toml
  loadgen run --url https://api.example.com/v1/chat/completions --http2 --header 'Authorization: Bearer …'

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
    /// End after so many requests, if the duration is not over before
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub requests: Option<u64>,
    /// Body of each request, or @FILE; a chat message that suits the URL if not given. In it and in the URL's path
    /// {user}, {room} (of fifty users), {turn} (requests this user began before), {iteration} (of all steps) and {run} are
    /// filled in
    #[arg(long, value_name = "TEXT|@FILE")]
    pub body: Option<String>,
    /// Requests that every user makes in order, again and again, from a TOML file: [[steps]] with method, path, body,
    /// expect
    #[arg(long, value_name = "FILE", conflicts_with = "body")]
    pub steps: Option<String>,
    /// A header to send; may be given several times
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// Speak HTTP/2: at once on http:// (prior knowledge), by agreement (ALPN) on https://
    #[arg(long)]
    pub http2: bool,
    /// Trust the certificate authorities in this PEM file, instead of the system's
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub ca: Option<PathBuf>,
    /// Accept any certificate
    #[arg(long)]
    pub insecure: bool,
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
    /// Write a page with tables and charts
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write the distributions as an HdrHistogram log
    #[arg(long, value_name = "FILE")]
    pub hdr: Option<PathBuf>,
    /// Serve Prometheus metrics at http://ADDR/metrics while the load runs, for instance 127.0.0.1:9464
    #[arg(long, value_name = "ADDR")]
    pub prometheus: Option<SocketAddr>,
    /// Send metrics to this OpenTelemetry collector (OTLP over HTTP) while the load runs, such as http://127.0.0.1:4318
    #[arg(long, value_name = "URL")]
    pub otlp: Option<String>,
    /// A header for the collector; may be given several times
    #[arg(long = "otlp-header", value_name = "NAME: VALUE", requires = "otlp")]
    pub otlp_headers: Vec<String>,
    /// No progress line
    #[arg(long, short)]
    pub quiet: bool,
}

impl Run {
    /// Carries it out.
    pub fn execute(self) -> anyhow::Result<Outcome> {
        let plan = Arc::new(self.plan()?);
        crate::limits::allow_streams(&plan)?;
        let outputs = [&self.json, &self.html, &self.hdr];
        outputs
            .into_iter()
            .flatten()
            .try_for_each(|path| super::check_output(path))?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let outcome = runtime.block_on(self.offer(plan.clone()))?;
        let summary = summary::summarize(&plan, &outcome);
        // Shown before files are written, so that a full disk does not take the result with it, nor a closed pipe
        // the files.
        let shown = text::write(&summary, &mut std::io::stdout().lock());
        self.save(&summary, &outcome.totals)?;
        shown.context("cannot write the summary to standard output")?;
        super::judge(&summary)
    }

    fn save(&self, summary: &LoadSummary, totals: &Totals) -> anyhow::Result<()> {
        if let Some(path) = &self.json {
            recording::io::save(path, summary)?;
        }
        if let Some(path) = &self.html {
            super::write_file(path, |out| Ok(html::write(summary, out)?))?;
        }
        if let Some(path) = &self.hdr {
            super::write_file(path, |out| hdr_log::write(totals, out))?;
        }
        Ok(())
    }

    async fn offer(&self, plan: Arc<Plan>) -> anyhow::Result<drive::Outcome> {
        let live = Live::start(self, self.exporter(&plan)?).await?;
        let mut progress = Progress::new(&plan, self.quiet);
        let mut observe = |snapshot: &Snapshot| {
            progress.show(snapshot);
            live.show(snapshot.totals.clone());
        };
        let outcome = drive::run(plan, interrupts()?, &mut observe).await;
        progress.clear();
        let outcome = outcome?;
        live.end(outcome.totals.clone()).await?;
        Ok(outcome)
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
