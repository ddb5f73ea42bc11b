//! The outline of a run: refuse, build, measure round after round.

use crate::{
    affinity, arms, cold_start, descendants, guardian,
    interrupt::{Interrupt, Interrupted},
    output,
    placement::Placement,
    plan::{self, Step},
    privilege::Access,
    progress::Progress,
    request::{RUN_FILE, Request, RunFile},
    round::{Bench, Round},
    stub::{Said, Stub},
    target::Arm,
    tools::Tools,
    workload::Play,
};
use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use recording::{LoadSummary, observer::Mode};
use std::{env, path::PathBuf, time::SystemTime};

/// What was measured, and what kept the run from measuring more.
#[derive(Debug)]
pub struct Measured {
    /// The run's folder, an absolute path.
    pub out: PathBuf,
    /// Rounds that were finished, in the order of time; those in which the runtime helped among them.
    pub rounds: Vec<Round>,
    /// How many were to be measured, those in which the runtime helps not counted.
    pub planned: usize,
    /// Why it ended early, if it did.
    pub trouble: Option<anyhow::Error>,
    /// Arms whose runtime could not help, each with the reason. What was measured is none the worse for it.
    pub no_detail: Vec<(String, anyhow::Error)>,
}

/// Carries a run out, each round once in each of `modes`. Ctrl-C ends it in order, a second one at once; neither leaves
/// a process behind.
///
/// # Errors
/// What kept it from being finished, with what to do about it.
pub async fn execute(request: Request, modes: &[Mode], tools: Tools) -> anyhow::Result<Measured> {
    let interrupt = Interrupt::listen().context("cannot listen for Ctrl-C")?;
    guardian::start()?;
    tokio::select! {
        biased;
        () = interrupt.asked(2) => {
            // Futures that are dropped here end what they guard; blocking work does not.
            descendants::signal(Signal::SIGKILL);
            bail!("interrupted twice, so that nothing was compared; recordings that were finished are kept")
        }
        measured = in_order(&request, modes, &tools, &interrupt) => measured,
    }
}

/// A run that may begin: everything was understood, built and allowed.
struct Prepared<'a> {
    request: &'a Request,
    modes: &'a [Mode],
    tools: &'a Tools,
    interrupt: &'a Interrupt,
    arms: Vec<Arm>,
    placement: Placement,
    recorder: PathBuf,
    access: Access,
    play: Play,
    out: PathBuf,
}

async fn in_order(
    request: &Request,
    modes: &[Mode],
    tools: &Tools,
    interrupt: &Interrupt,
) -> anyhow::Result<Measured> {
    let prepared = prepare(request, modes, tools, interrupt).await?;
    prepared.measure().await
}

/// Refuses what can be refused before anything is built, then builds.
async fn prepare<'a>(
    request: &'a Request,
    modes: &'a [Mode],
    tools: &'a Tools,
    interrupt: &'a Interrupt,
) -> anyhow::Result<Prepared<'a>> {
    request.workload.check(&request.load)?;
    if request.starts.is_some() && modes.len() > 1 {
        bail!(
            "--observer-cost cannot be combined with --workload cold-start: it needs a server under load"
        );
    }
    if request.starts.is_some() && request.detail {
        bail!(
            "--runtime-symbols cannot be combined with --workload cold-start: it needs a server under load"
        );
    }
    let arms = arms::resolve(request)?;
    if request.starts.is_some() {
        cold_start::check(&arms)?;
    }
    let cores = affinity::cores()?;
    let placement = Placement::choose(
        &cores,
        request.target_cpus.clone(),
        request.driver_cpus.clone(),
    )?;
    let out = output::choose(request.out.as_deref(), SystemTime::now())?;
    let (recorder, access) = match &tools.recorder {
        Some(recorder) => (recorder.clone(), Access::Enough),
        None => (
            env::current_exe().context("cannot tell where this program is")?,
            Access::obtain(tools.privileged).await?,
        ),
    };
    arms::build(&arms, interrupt).await?;
    let out = output::create(&out)?;
    let play = Play::prepare(request.workload, request.tokens, &out)?;
    recording::io::save(
        &out.join(RUN_FILE),
        &RunFile::now(request, placement.text(false)),
    )?;
    Ok(Prepared {
        request,
        modes,
        tools,
        interrupt,
        arms,
        placement,
        recorder,
        access,
        play,
        out,
    })
}

impl Prepared<'_> {
    /// Measures round after round, until all are done or something is in the way.
    async fn measure(&self) -> anyhow::Result<Measured> {
        let stub = self.stub().await?;
        let mut plan = plan::interleaved(self.arms.len(), self.modes, self.request.rounds);
        let planned = plan.len();
        plan.extend(self.detail());
        let mut progress = Progress::new(plan.len());
        progress.say(&self.headline(&plan));
        let mut measured = Measured {
            out: self.out.clone(),
            rounds: Vec::new(),
            planned,
            trouble: None,
            no_detail: Vec::new(),
        };
        for (at, step) in plan.into_iter().enumerate() {
            let arm = &self.arms[step.arm];
            progress.begin(at + 1, &step.of(arm.name()));
            let bench = self.bench(&stub, &progress);
            let round = match self.request.starts {
                Some(starts) => bench.cold_round(arm, step, starts).await,
                None => bench.round(arm, step).await,
            };
            match round {
                Ok(round) => {
                    progress.done(&came_to(&round));
                    measured.rounds.push(round);
                }
                Err(trouble) if step.detail => {
                    let stop = trouble.is::<Interrupted>();
                    measured.no_detail.push((arm.name().into(), trouble));
                    if stop {
                        break;
                    }
                }
                Err(trouble) => {
                    measured.trouble = Some(trouble);
                    break;
                }
            }
        }
        stub.end().await?;
        Ok(measured)
    }

    /// After everything that is measured, so that nothing of it weighs on that. What runs already cannot be helped, but
    /// may be a Go program, which needs no help.
    fn detail(&self) -> impl Iterator<Item = Step> {
        let wanted = |arm: &Arm| arm.instrumentation().is_some() || arm.manifest().is_none();
        let arms = self.arms.iter().enumerate();
        let arms = arms.filter(move |(_, arm)| self.request.detail && wanted(arm));
        plan::detail(arms.map(|(at, _)| at))
    }

    async fn stub(&self) -> anyhow::Result<Stub> {
        let said = Said {
            script: self.play.script.as_deref(),
            tokens: self.request.tokens,
            delay: self.request.delay,
        };
        let log = self.out.join("stub.log");
        let starting = Stub::start(
            &self.tools.stub,
            &said,
            self.placement.driver.as_ref(),
            &log,
        );
        self.interrupt.unless(starting).await?
    }

    fn bench<'a>(&'a self, stub: &'a Stub, progress: &'a Progress) -> Bench<'a> {
        Bench {
            request: self.request,
            play: &self.play,
            loadgen: &self.tools.loadgen,
            recorder: (&self.recorder, self.access),
            placement: &self.placement,
            stub,
            interrupt: self.interrupt,
            progress,
            out: &self.out,
        }
    }

    /// What is going to happen, in one line.
    fn headline(&self, plan: &[Step]) -> String {
        /// Longer plans go on as they begin.
        const SHOWN: usize = 24;
        let name = |step: &Step| match step.mode {
            _ if step.detail => format!("{}(instrumented)", self.arms[step.arm].name()),
            Mode::All => self.arms[step.arm].name().to_owned(),
            mode => format!("{}({})", self.arms[step.arm].name(), mode.name()),
        };
        let mut order: Vec<String> = plan.iter().take(SHOWN).map(name).collect();
        if plan.len() > SHOWN {
            order.push("…".into());
        }
        let each = match (self.request.starts, self.request.duration) {
            (Some(starts), _) => format!("of {starts} starts"),
            (None, Some(duration)) => {
                let overhead = plan.iter().any(|step| step.mode == Mode::Overhead);
                let longer = match overhead {
                    true => ", rounds of overhead four times as long",
                    false => "",
                };
                format!("of {}{longer}", humantime::format_duration(duration))
            }
            (None, None) => "as long as the load command takes".into(),
        };
        let (count, order, place) = (plan.len(), order.join(" "), self.placement.text(false));
        format!(
            "{count} recordings {each}: {order}; {place}; results in {}",
            self.out.display()
        )
    }
}

/// What a load came to; not every workload has tokens.
fn answered(load: &LoadSummary) -> String {
    let held = match &load.held {
        Some(held) => format!("held {:.0} {}: ", held.load, held.unit),
        None => String::new(),
    };
    let tokens = match load.tokens {
        0 => String::new(),
        tokens => format!(", {tokens} tokens"),
    };
    format!("{held}{} requests{tokens}", load.requests.completed)
}

/// A finished round in a few words.
fn came_to(round: &Round) -> String {
    let recording = &round.recording;
    let seconds = recording.window.duration_ns as f64 / 1e9;
    let starts = &recording.starts;
    if !starts.is_empty() {
        let sum: u64 = starts.iter().map(|start| start.first_token_ns).sum();
        let mean = sum as f64 / starts.len() as f64 / 1e6;
        return format!("{} starts, first token after {mean:.1} ms", starts.len());
    }
    match &recording.load {
        Some(load) => format!("{} in {seconds:.1} s", answered(load)),
        None => format!("recorded for {seconds:.1} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::load::{Held, Requests};

    #[test]
    fn only_what_was_counted_is_told() {
        let requests = Requests {
            completed: 12,
            ..Requests::default()
        };
        let mut load = LoadSummary {
            requests,
            ..LoadSummary::default()
        };
        assert_eq!(answered(&load), "12 requests");
        load.tokens = 600;
        load.held = Some(Held {
            load: 420.0,
            unit: "users".into(),
            ..Held::default()
        });
        assert_eq!(answered(&load), "held 420 users: 12 requests, 600 tokens");
    }
}
