//! The outline of a run: check, build, measure round after round.

mod headline;

use crate::{
    affinity, arms,
    auto::{Decide, Finished},
    cold_start, descendants, guardian,
    interrupt::{Interrupt, Interrupted},
    output,
    placement::Placement,
    plan::{self, Purpose, Step},
    privilege::Access,
    progress::Progress,
    request::{RUN_FILE, Request, RunFile},
    results,
    round::{Bench, Round},
    stub::{Said, Stub},
    target::Arm,
    tools::Tools,
    workload::Play,
};
use anyhow::{Context, bail};
use nix::sys::signal::Signal;
use recording::observer::Mode;
use std::{
    env,
    path::PathBuf,
    time::{Instant, SystemTime},
};

/// Results of a run, and the reason why it ended early.
#[derive(Debug)]
pub struct Measured {
    /// The run's folder, an absolute path.
    pub out: PathBuf,
    /// Finished rounds in order of time, traced and instrumented ones included.
    pub rounds: Vec<Round>,
    /// Number of rounds that were planned to be compared.
    pub planned: usize,
    /// Why it ended early, if it did.
    pub trouble: Option<anyhow::Error>,
    /// Traced and instrumented rounds that failed, by name, each with the reason. Other rounds are
    /// not affected.
    pub failed: Vec<(String, anyhow::Error)>,
}

/// Executes a run, with each round once in each of `modes`. Where the run chooses its number of
/// rounds, `decide` is asked after each. The first Ctrl-C ends it in order, a second one at once.
/// Neither leaves a process behind.
///
/// # Errors
/// Fails with the reason why it cannot be finished, and the remedy.
pub async fn execute(
    request: Request,
    modes: &[Mode],
    tools: Tools,
    decide: &mut Decide<'_>,
) -> anyhow::Result<Measured> {
    let interrupt = Interrupt::listen().context("cannot listen for Ctrl-C")?;
    guardian::start()?;
    tokio::select! {
        biased;
        () = interrupt.asked(2) => {
            // Dropped futures end the processes they own. Blocking work does not.
            descendants::signal(Signal::SIGKILL);
            bail!("interrupted twice, so that nothing was compared; recordings that were finished are kept")
        }
        measured = in_order(&request, modes, &tools, &interrupt, decide) => measured,
    }
}

/// A run that may begin: all inputs are valid, and the arms are built.
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
    decide: &mut Decide<'_>,
) -> anyhow::Result<Measured> {
    let prepared = prepare(request, modes, tools, interrupt).await?;
    prepared.measure(decide).await
}

/// Checks all inputs before anything is built, then builds.
async fn prepare<'a>(
    request: &'a Request,
    modes: &'a [Mode],
    tools: &'a Tools,
    interrupt: &'a Interrupt,
) -> anyhow::Result<Prepared<'a>> {
    request.workload.check(&request.load)?;
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
    /// Measures round after round, until all are done, `decide` ends them, or one fails.
    async fn measure(&self, decide: &mut Decide<'_>) -> anyhow::Result<Measured> {
        let stub = self.stub().await?;
        let plan = plan::interleaved(self.arms.len(), self.modes, self.request.rounds);
        let extra: Vec<Step> = self.extra().collect();
        let steps = plan.len() + extra.len();
        let mut progress = Progress::new(match self.request.auto {
            Some(_) => format!("at most {steps}"),
            None => steps.to_string(),
        });
        progress.say(&self.headline(&[plan.as_slice(), &extra].concat()));
        let mut measured = Measured {
            out: self.out.clone(),
            rounds: Vec::new(),
            planned: plan.len(),
            trouble: None,
            failed: Vec::new(),
        };
        let began = Instant::now();
        let per_round = self.arms.len() * self.modes.len();
        for step in plan {
            if !self.step(step, &stub, &mut progress, &mut measured).await {
                break;
            }
            let done = measured.rounds.len();
            if self.request.auto.is_none() || !done.is_multiple_of(per_round) {
                continue;
            }
            let next = decide(&Finished {
                round: step.round,
                elapsed: began.elapsed(),
                rounds: &measured.rounds,
            });
            progress.say(&next.say);
            if !next.go_on {
                measured.planned = done;
                break;
            }
        }
        for step in extra {
            if measured.trouble.is_some()
                || !self.step(step, &stub, &mut progress, &mut measured).await
            {
                break;
            }
        }
        stub.end().await?;
        Ok(measured)
    }

    /// Measures one step. Returns whether the next one may begin: not after the failure of a round
    /// that is to be compared.
    async fn step(
        &self,
        step: Step,
        stub: &Stub,
        progress: &mut Progress,
        measured: &mut Measured,
    ) -> bool {
        let arm = &self.arms[step.arm];
        let number = measured.rounds.len() + measured.failed.len() + 1;
        progress.begin(number, &step.of(arm.name()));
        let bench = self.bench(stub, progress);
        let round = match self.request.starts {
            Some(starts) => bench.cold_round(arm, step, starts).await,
            None => bench.round(arm, step).await,
        };
        match round {
            Ok(round) => {
                progress.done(&results::of_round(&round));
                measured.rounds.push(round);
                true
            }
            Err(trouble) if step.purpose != Purpose::Measured => {
                let stop = trouble.is::<Interrupted>();
                measured.failed.push((step.of(arm.name()), trouble));
                !stop
            }
            Err(trouble) => {
                measured.trouble = Some(trouble);
                false
            }
        }
    }

    /// Returns traced and instrumented rounds, which come last so that they affect no other. A
    /// process that runs already cannot be started with settings, but a Go program needs none.
    fn extra(&self) -> impl Iterator<Item = Step> {
        let wanted = |arm: &Arm| arm.instrumentation().is_some() || arm.manifest().is_none();
        let arms = self.arms.iter().enumerate();
        let arms = arms.filter(move |(_, arm)| self.request.runtime_symbols && wanted(arm));
        let instrumented = plan::instrumented(arms.map(|(at, _)| at));
        plan::traced(self.arms.len(), self.request.traced_rounds).chain(instrumented)
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
}
