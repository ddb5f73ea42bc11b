//! `loadgen run`: offers one load and reports the result.

use super::Outcome;
use super::live::Live;
use crate::drive::{self, Snapshot};
use crate::output::{hdr_log, html, progress::Progress, text};
use crate::plan::Plan;
use crate::slo::Slo;
use crate::sse::Selection;
use crate::summary;
use crate::threshold::Threshold;
use anyhow::Context as _;
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

Exit codes: 0 done; 1 failed, or the server stopped answering; 2 wrong usage; 3 the load generator\nwas the bottleneck; 99 a threshold was crossed.";

/// Offer a load to a server and report its latency
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Run {
    /// Use this built-in scenario (see `loadgen scenarios`) or scenario file [default: baseline, or
    /// open with --rate]
    #[arg(long, value_name = "NAME|FILE")]
    pub scenario: Option<String>,
    /// Send requests to this URL, such as http://127.0.0.1:8080/chat or unix:/run/app.sock:/chat;
    /// users take turns on several
    #[arg(long = "url", value_name = "URL")]
    pub urls: Vec<String>,
    /// Scale the scenario to a peak of N users, each with one request at a time
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "rate")]
    pub users: Option<u32>,
    /// Scale the scenario to a peak of N requests a second, independent of the answers
    #[arg(long, value_name = "N")]
    pub rate: Option<f64>,
    /// Limit open streams, with --rate; requests beyond the limit start late
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub max_streams: Option<u32>,
    /// Scale the scenario to this length
    #[arg(long, value_parser = humantime::parse_duration)]
    pub duration: Option<Duration>,
    /// End after N requests, if that is sooner
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub requests: Option<u64>,
    /// Send this body, or that in FILE [default: a message in the format that the URL's path
    /// suggests]. Fills in {user}, {room} (50 users share one), {turn} (requests this user began
    /// before), {iteration} (of all steps) and {run}, also in the URL's path
    #[arg(long, value_name = "TEXT|@FILE")]
    pub body: Option<String>,
    /// Fill {prompt} with this many words: 200, uniform:50:500, lognormal:200:0.8 or
    /// recorded:FILE
    #[arg(long, value_name = "WORDS", conflicts_with = "prompts")]
    pub prompt_words: Option<String>,
    /// Fill {prompt} with the lines of this file in turn
    #[arg(long, value_name = "FILE")]
    pub prompts: Option<PathBuf>,
    /// Start all prompts with the same N words, which a server may cache
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub shared_words: usize,
    /// Send a growing history for N turns in {messages} or {contents}, then start a new
    /// conversation
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), default_value_t = 1)]
    pub conversation: u64,
    /// Let users wait this long after a good answer: 2s, uniform:1s:3s, lognormal:2s:0.5 or
    /// recorded:FILE
    #[arg(long, value_name = "TIME")]
    pub think_time: Option<String>,
    /// Replay the arrival times and lengths of this trace: Azure (CSV) or Mooncake (JSON lines), or
    /// `sample`. --duration scales its times
    #[arg(long, value_name = "FILE", conflicts_with_all = ["scenario", "users", "rate", "prompts", "prompt_words"])]
    pub replay: Option<String>,
    /// Repeat the requests in this TOML file, in order: [[steps]] with method, path, body, expect
    #[arg(long, value_name = "FILE", conflicts_with = "body")]
    pub steps: Option<String>,
    /// Send this header; repeatable. As with curl, 'Name:' removes a default header
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// Read streams in this format
    #[arg(long, value_enum, default_value_t, value_name = "FORMAT")]
    pub format: Selection,
    /// Speak HTTP/2: by prior knowledge on http://, by ALPN on https://
    #[arg(long)]
    pub http2: bool,
    /// Trust the certificate authorities in this PEM file instead of the system's
    #[arg(long, value_name = "FILE", conflicts_with = "insecure")]
    pub ca: Option<PathBuf>,
    /// Accept any certificate
    #[arg(long)]
    pub insecure: bool,
    /// Check every answer: status=200, tokens=50, min-tokens=1, done=yes (or no)
    #[arg(long = "expect", value_name = "KEY=VALUE")]
    pub expect: Vec<String>,
    /// Fail with exit code 99 if this does not hold for the whole run, in k6's syntax:
    /// 'ttft:p(95)<500ms', 'failed:rate<1%'; repeatable
    #[arg(long = "threshold", value_name = "EXPR")]
    pub thresholds: Vec<Threshold>,
    /// Report the share of requests that meet all of these objectives: 'ttft<500ms,tpot<50ms'
    #[arg(long, value_name = "SLO")]
    pub goodput: Option<Slo>,
    /// End the run when a threshold is crossed, and report the highest load that met all
    #[arg(long)]
    pub stop_when_crossed: bool,
    /// Let open streams finish for this long after the load, then cut them
    #[arg(long, value_parser = humantime::parse_duration, default_value = "3s")]
    pub graceful_stop: Duration,
    /// Fail requests whose answer is not complete after this time, connecting included
    #[arg(long, value_parser = timeout, default_value = "60s")]
    pub timeout: Duration,
    /// Use N worker threads [default: one per 500 streams, up to the number of CPUs]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Set the seed of random due times, lengths and prompts
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Write the result as JSON; - is standard output
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Write the result as an HTML page with tables and charts
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
    /// Write the distributions as an HdrHistogram log
    #[arg(long, value_name = "FILE")]
    pub hdr: Option<PathBuf>,
    /// Serve Prometheus metrics at http://ADDR/metrics during the run, such as 127.0.0.1:9464
    #[arg(long, value_name = "ADDR")]
    pub prometheus: Option<SocketAddr>,
    /// Send metrics to this OpenTelemetry collector (OTLP over HTTP) during the run, such as
    /// http://127.0.0.1:4318
    #[arg(long, value_name = "URL")]
    pub otlp: Option<String>,
    /// Send this header to the collector; repeatable
    #[arg(long = "otlp-header", value_name = "NAME: VALUE", requires = "otlp")]
    pub otlp_headers: Vec<String>,
    /// Show no progress
    #[arg(long, short)]
    pub quiet: bool,
}

fn timeout(text: &str) -> Result<Duration, String> {
    let timeout = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    match timeout.is_zero() {
        true => Err("it must be longer than zero".into()),
        false => Ok(timeout),
    }
}

impl Run {
    /// Runs the load, writes the outputs and judges the result.
    pub fn execute(self) -> anyhow::Result<Outcome> {
        let plan = Arc::new(self.plan()?);
        crate::rlimit::raise(&plan)?;
        let outputs = super::open_outputs([&self.json, &self.html, &self.hdr])?;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let outcome = runtime.block_on(self.offer(plan.clone()))?;
        let summary = summary::summarize(&plan, &outcome);
        // Printed before files are written, so that a full disk does not lose the summary. Each
        // output is written, whether or not another one fails.
        let shown = text::write(&summary, &mut super::summary_stream(&outputs));
        let [json, page, hdr] = outputs;
        super::all_written(vec![
            json.map_or(Ok(()), |output| {
                output.write(|out| super::write_json(&summary, out))
            }),
            page.map_or(Ok(()), |output| {
                output.write(|out| Ok(html::write(&summary, out)?))
            }),
            hdr.map_or(Ok(()), |output| {
                output.write(|out| hdr_log::write(&outcome.totals, out))
            }),
            shown.context("cannot print the summary"),
        ])?;
        super::judge(&summary)
    }

    async fn offer(&self, plan: Arc<Plan>) -> anyhow::Result<drive::Outcome> {
        let live = Live::start(self.prometheus, self.exporter(&plan)?).await?;
        let mut progress = Progress::new(&plan, self.quiet);
        let mut observe = |snapshot: &Snapshot| {
            progress.show(snapshot);
            live.publish(snapshot.totals.clone());
        };
        let outcome = drive::run(plan, interrupts()?, &mut observe).await;
        progress.clear();
        let outcome = outcome?;
        live.finish(outcome.totals.clone()).await?;
        Ok(outcome)
    }
}

/// Returns a channel with one message per SIGINT, SIGTERM or SIGHUP.
fn interrupts() -> std::io::Result<mpsc::Receiver<()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (sender, receiver) = mpsc::channel(2);
    let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
    // `nohup` lets a program outlive its terminal.
    if !is_ignored(SignalKind::hangup()) {
        kinds.push(SignalKind::hangup());
    }
    for kind in kinds {
        let (mut signals, sender) = (signal(kind)?, sender.clone());
        tokio::spawn(async move {
            while signals.recv().await.is_some() && sender.send(()).await.is_ok() {}
        });
    }
    Ok(receiver)
}

/// Returns whether this process was started with a signal ignored (`SigIgn` in proc(5)).
fn is_ignored(kind: tokio::signal::unix::SignalKind) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (kind.as_raw_value() - 1) & 1 == 1)
}
