//! Resolves scenario and command line to a plan; the command line takes precedence.

use super::run::Run;
use crate::Error;
use crate::client::{Target, Transport, Trust};
use crate::clock;
use crate::mask::{self, Secrets};
use crate::output::exporter::Exporter;
use crate::plan::Plan;
use crate::scenario::{self, MAX_RATE, Scenario, Shape, Unit};
use crate::trace::Trace;
use recording::load::Origin;
use std::time::Duration;

/// Default limit on concurrent streams in an open loop.
const MAX_STREAMS: u32 = 10_000;
/// Streams per worker thread, for the default of `--threads`.
const STREAMS_A_THREAD: f64 = 500.0;

impl Run {
    /// Returns the validated plan.
    pub(super) fn plan(&self) -> Result<Plan, Error> {
        let default = if self.rate.is_some() || self.replay.is_some() {
            "open"
        } else {
            "baseline"
        };
        let scenario = scenario::find(self.scenario.as_deref().unwrap_or(default))?;
        let trace = self.trace()?;
        let shape = self.shape_or_trace(&scenario, trace.as_deref())?;
        self.check_users_only(&shape)?;
        let urls = self.urls(&scenario)?;
        self.check_trust(&urls)?;
        let transport = self.transport(&urls, self.http2)?;
        let stop_when_crossed = scenario.stop_when_crossed || self.stop_when_crossed;
        let thresholds = match self.thresholds.is_empty() {
            true => scenario.thresholds.clone(),
            false => self.thresholds.clone(),
        };
        if stop_when_crossed && thresholds.is_empty() {
            return Err(Error::Usage(
                "--stop-when-crossed needs a --threshold".into(),
            ));
        }
        let steps = self.steps(&scenario, &urls[0])?;
        self.check_placeholders(&steps)?;
        Ok(Plan {
            origin: self.origin(),
            prompts: self.prompts(trace.as_ref())?,
            conversation: self.conversation,
            think_time: self.think_time()?,
            format: self.format,
            slo: self.goodput.clone(),
            secrets: Secrets::new(self.headers.iter().chain(&scenario.headers), urls.iter()),
            requests: self.requests,
            spacing: scenario.arrivals,
            max_streams: self
                .max_streams
                .or(scenario.max_streams)
                .unwrap_or(MAX_STREAMS) as usize,
            seed: self.seed,
            steps,
            targets: urls
                .iter()
                .map(|url| Target::new(url, &transport))
                .collect::<Result<_, _>>()?,
            thresholds,
            stop_when_crossed,
            graceful_stop: self.graceful_stop,
            timeout: self.timeout,
            threads: self
                .threads
                .map_or_else(|| default_threads(&shape), usize::from),
            scenario: match &self.replay {
                Some(path) => format!("replay of {path}"),
                None => scenario.name,
            },
            trace,
            shape,
        })
    }

    /// Returns the origin of the result.
    fn origin(&self) -> Origin {
        let host = nix::unistd::gethostname().unwrap_or_default();
        Origin {
            run: format!("{:016x}", rand::random::<u64>()),
            version: env!("CARGO_PKG_VERSION").into(),
            command: mask::command(std::env::args()),
            host: host.to_string_lossy().into_owned(),
            start_unix_ns: clock::unix_offset_ns() + clock::now_ns(),
        }
    }

    fn urls(&self, scenario: &Scenario) -> Result<Vec<String>, Error> {
        let urls = if self.urls.is_empty() {
            &scenario.urls
        } else {
            &self.urls
        };
        if urls.is_empty() {
            let text = "no target: give --url http://127.0.0.1:PORT/chat";
            return Err(Error::Usage(text.into()));
        }
        Ok(urls.clone())
    }

    /// Returns the OTLP exporter, if `--otlp` is given.
    pub(super) fn exporter(&self, plan: &Plan) -> Result<Option<Exporter>, Error> {
        let exporter = |url: &String| {
            let transport = self.transport(std::slice::from_ref(url), false)?;
            Exporter::new(url, &transport, &self.otlp_headers, &plan.scenario)
        };
        self.otlp.as_ref().map(exporter).transpose()
    }

    /// Returns the transport for `urls`. Reads certificates only if one of them is `https://`.
    fn transport(&self, urls: &[String], http2: bool) -> Result<Transport, Error> {
        let trust = match &self.ca {
            Some(path) => Trust::Authority(path.clone()),
            None if self.insecure => Trust::Any,
            None => Trust::System,
        };
        match urls.iter().any(|url| is_secure(url)) {
            true => Transport::secured(http2, &trust),
            false => Ok(Transport::plain(http2)),
        }
    }

    /// Returns the load over time: the constant mean rate of a trace, or the scenario's shape.
    fn shape_or_trace(&self, scenario: &Scenario, trace: Option<&Trace>) -> Result<Shape, Error> {
        match trace {
            // A moment longer than the trace, so that its last request is due before the end.
            Some(trace) => {
                let length_ns = trace.length_ns() + clock::MILLISECOND;
                Ok(Shape::constant_rate(trace.entries.len(), length_ns))
            }
            None => self.shape(scenario.shape().map_err(Error::Usage)?),
        }
    }

    fn check_trust(&self, urls: &[String]) -> Result<(), Error> {
        let asked = self.ca.is_some() || self.insecure;
        match asked && !urls.iter().chain(&self.otlp).any(|url| is_secure(url)) {
            true => Err(Error::Usage(
                "--ca and --insecure apply to https:// URLs, and none is given".into(),
            )),
            false => Ok(()),
        }
    }

    fn shape(&self, mut shape: Shape) -> Result<Shape, Error> {
        let refuse = |text: &str| Err(Error::Usage(text.into()));
        let peak = match (self.users.map(f64::from), self.rate, shape.unit) {
            (None, None, _) => None,
            (Some(users), _, Unit::Users) => Some(users),
            (_, Some(rate), Unit::Rate) if rate > 0.0 && rate <= MAX_RATE => Some(rate),
            (_, Some(_), Unit::Rate) => {
                return refuse(&format!("--rate must be above 0 and at most {MAX_RATE}"));
            }
            (_, _, Unit::Rate) => {
                return refuse("the scenario has rates (requests/s): use --rate, not --users");
            }
            (_, _, Unit::Users) => {
                return refuse("the scenario has users: use --users, not --rate");
            }
        };
        if let Some(peak) = peak {
            shape = shape.with_peak(peak);
        }
        match self.duration {
            Some(Duration::ZERO) => refuse("--duration must be greater than 0"),
            Some(duration) => Ok(shape.with_length(clock::nanos(duration))),
            None => Ok(shape),
        }
    }
}

fn is_secure(url: &str) -> bool {
    url.to_ascii_lowercase().starts_with("https:")
}

fn default_threads(shape: &Shape) -> usize {
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    (shape.peak() / STREAMS_A_THREAD)
        .ceil()
        .clamp(1.0, cpus as f64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Template;
    use clap::Parser as _;

    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        run: Run,
    }

    fn plan(arguments: &str) -> Result<Plan, Error> {
        let all = format!("run --url http://127.0.0.1:1/chat {arguments}");
        Command::try_parse_from(all.split_whitespace())
            .unwrap()
            .run
            .plan()
    }

    #[test]
    fn prefers_the_command_line_over_the_scenario() {
        let plan =
            plan("--users 3 --duration 2s --threads 2 --threshold ttft:max<1s --expect tokens=5")
                .unwrap();
        assert_eq!(
            (plan.scenario.as_str(), plan.shape.peak(), plan.threads),
            ("baseline", 3.0, 2)
        );
        assert_eq!(plan.shape.length_ns(), 2 * clock::SECOND);
        let (step, _) = plan.steps.at(0, 0);
        assert_eq!((plan.thresholds.len(), step.checks.tokens), (1, Some(5)));
        let body = Template::parse(r#"{"message":"hello"}"#);
        assert_eq!(step.request.body, body);
    }

    #[test]
    fn selects_the_open_loop_for_a_rate() {
        let plan = plan("--rate 50 --max-streams 7").unwrap();
        assert_eq!(
            (plan.scenario.as_str(), plan.shape.unit),
            ("open", Unit::Rate)
        );
        assert_eq!((plan.shape.peak(), plan.max_streams), (50.0, 7));
    }

    #[test]
    fn accepts_a_completions_url() {
        let plan = plan("--url http://127.0.0.1:1/v1/chat/completions").unwrap();
        assert_eq!(plan.targets.len(), 2);
    }

    #[test]
    fn replaces_scenario_thresholds() {
        assert_eq!(plan("--scenario breakpoint").unwrap().thresholds.len(), 2);
        let plan = plan("--scenario breakpoint --threshold ttft:max<9s").unwrap();
        assert_eq!(plan.thresholds[0].expr, "ttft:max<9s");
    }

    #[test]
    fn rejects_contradicting_options() {
        for arguments in [
            "--scenario open --users 5",
            "--scenario quick --rate 5",
            "--rate 0",
            "--rate NaN",
            "--rate 1000001",
            "--duration 0s",
            "--stop-when-crossed",
            "--expect colour=red",
            "--insecure",
            "--ca ca.pem",
            "--url https://127.0.0.1:1/ --ca /no/such/file",
        ] {
            assert!(
                matches!(plan(arguments), Err(Error::Usage(_))),
                "{arguments}"
            );
        }
    }
}
