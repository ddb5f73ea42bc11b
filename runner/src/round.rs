//! One arm, one round: a fresh process, warmed up, recorded under load, and ended.

use super::{
    bytes::{self, OfService, Peers},
    descendants,
    highest::{self, Highest},
    interrupt::{Interrupt, Interrupted},
    load::Driver,
    output::{arm_folder, round_folder},
    placement::Placement,
    plan::Step,
    privilege::Access,
    progress::Progress,
    recorder::{Recorder, Subject},
    request::Request,
    service::Service,
    stub::{Moved, Stub},
    workload::{Database, Play},
};
use crate::target::{Arm, Instrumentation, Running, StartOptions, SymbolFolder};
use anyhow::{Context, anyhow};
use recording::{
    Ended, LoadSummary, Recording, Workload,
    io::{RECORDING_FILE, save_recording},
    observer::Mode,
    workload as served,
};
use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// What all rounds of a run share.
pub struct Bench<'a> {
    /// What was asked for.
    pub request: &'a Request,
    /// How the workload is played.
    pub play: &'a Play,
    /// The load generator's program.
    pub loadgen: &'a Path,
    /// The recorder's program, and how it gets its privileges.
    pub recorder: (&'a Path, Access),
    /// Where everything runs.
    pub placement: &'a Placement,
    /// The model's stand-in.
    pub stub: &'a Stub,
    /// Whether the user wants to stop.
    pub interrupt: &'a Interrupt,
    /// Where to say what is going on.
    pub progress: &'a Progress,
    /// The run's folder.
    pub out: &'a Path,
}

/// A round that was measured.
#[derive(Debug)]
pub struct Round {
    /// Which arm and round.
    pub step: Step,
    /// Path of the recording, relative to the run's folder.
    pub path: String,
    /// What was recorded.
    pub recording: Recording,
    /// The load crossed one of its thresholds.
    pub threshold_crossed: bool,
}

/// How the runtime helps in a round; not at all in one that is measured.
#[derive(Default)]
struct Helped {
    help: Instrumentation,
    folder: Option<SymbolFolder>,
}

impl Helped {
    fn of(arm: &Arm, dir: &Path, wanted: bool) -> anyhow::Result<Self> {
        if !wanted {
            return Ok(Self::default());
        }
        let folder = SymbolFolder::create(&dir.join("from-runtime"))?;
        Ok(Self {
            help: folder.fill(&arm.instrumentation().unwrap_or_default())?,
            folder: Some(folder),
        })
    }

    fn dir(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.path().to_owned())
    }
}

/// What became of the load of a round.
struct Drive {
    summary: Option<LoadSummary>,
    /// Whether a threshold was crossed, or why the load did not come to its end.
    ended: anyhow::Result<bool>,
}

impl Bench<'_> {
    /// Measures one round of `arm`.
    ///
    /// # Errors
    /// [`Interrupted`], or what failed. A recording that had begun is on disk in either case, marked as partial.
    pub async fn round(&self, arm: &Arm, step: Step) -> anyhow::Result<Round> {
        let folder = PathBuf::from(arm_folder(arm.name())).join(round_folder(&step));
        let dir = self.out.join(&folder);
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        self.progress.step("starting");
        // It has to outlive the server that uses it.
        let database = self.database()?;
        let mut service = self.service(&dir).await?;
        let mut env: Vec<_> = database.iter().map(Database::variable).collect();
        env.extend(service.iter().flat_map(Service::env).cloned());
        // So that what the runtime writes is removed when the server has ended, however the round does.
        let help = Helped::of(arm, &dir, step.detail)?;
        let target = self.start(arm, &dir, env, &help).await?;
        let subject = self.subject(arm, &target, step, &help);
        let measured = self
            .measure(arm, &target, &dir, &subject, service.as_mut())
            .await;
        // A target that died explains whatever else went wrong.
        let survived = target.check();
        self.progress.step("stopping");
        target.stop();
        if let Some(service) = service {
            service.end().await?;
        }
        let (recording, threshold_crossed) = match (measured, survived) {
            (Err(error), _) if error.is::<Interrupted>() => return Err(error),
            (_, Err(died)) => return Err(died.into()),
            (measured, Ok(())) => measured?,
        };
        let path = folder.join(RECORDING_FILE).display().to_string();
        Ok(Round {
            step,
            path,
            recording,
            threshold_crossed,
        })
    }

    /// Starts the service that the arm needs; it has to outlive the server.
    async fn service(&self, dir: &Path) -> anyhow::Result<Option<Service>> {
        let Some(spec) = &self.request.service else {
            return Ok(None);
        };
        self.progress.step(&format!("starting {}", spec.name));
        let starting = Service::start(spec, self.placement.driver.as_ref(), dir);
        self.interrupt.unless(starting).await?.map(Some)
    }

    /// Creates the database that the workload needs, unless a service takes its place.
    fn database(&self) -> anyhow::Result<Option<Database>> {
        let wanted = self.request.workload.needs_database() && self.request.service.is_none();
        wanted.then(Database::create).transpose()
    }

    async fn start(
        &self,
        arm: &Arm,
        dir: &Path,
        env: Vec<(String, String)>,
        help: &Helped,
    ) -> anyhow::Result<Running> {
        let mut options = StartOptions::new(self.stub.url(), dir.join("target.log"));
        options.cpus.clone_from(&self.placement.target);
        options.env = env;
        options.instrumentation = help.help.clone();
        let arm = arm.clone();
        Ok(descendants::ended_with(self.interrupt, move || arm.start(&options)).await??)
    }

    /// Warms up, then loads and records at once. What was recorded is saved whatever the load came to.
    async fn measure(
        &self,
        arm: &Arm,
        target: &Running,
        dir: &Path,
        subject: &Subject,
        mut service: Option<&mut Service>,
    ) -> anyhow::Result<(Recording, bool)> {
        let mut driver = self.driver(target, dir);
        let highest = self.prepare(&driver).await?;
        if let Some(highest) = &highest {
            (driver.load, driver.thresholds) = (&highest.load, &[]);
        }
        let mark = self.interrupt.unless(self.stub.mark()).await??;
        let before = self
            .interrupt
            .unless(moved(service.as_deref_mut()))
            .await??;
        self.progress.step("attaching the recorder");
        let recorder = Recorder::start(self.recorder, subject, self.placement.driver.as_ref(), dir);
        let mut recorder = self.interrupt.unless(recorder).await??;
        self.progress.step("recording under load");
        let length = self.length(subject.mode);
        let drive = self.drive(&driver, length, &mut recorder).await;
        self.progress.step("writing the recording");
        let mut recording = recorder.finish().await?;
        let model = self.stub.moved_since(&mark).await;
        let counted = model.as_ref().ok().filter(|_| arm.manifest().is_some());
        let after = moved(service.as_deref_mut()).await?;
        let of_service = match (service.as_ref(), before.zip(after)) {
            (None, _) => OfService::None,
            (Some(_), None) => OfService::Uncounted,
            (Some(_), Some((before, after))) => OfService::Counted(after.since(before)),
        };
        let version = service.map_or("", |service| service.version());
        recording.workload = Some(self.workload(arm, version));
        complete(&mut recording, &drive, counted.copied(), of_service);
        if let (Some(load), Some(highest)) = (&mut recording.load, highest) {
            load.held = Some(highest.held);
        }
        let noise = self.request.noise.clone();
        recording.host.noise = noise.filter(|noise| noise.is_of(&recording.host));
        save_recording(dir, &recording)?;
        let threshold_crossed = drive.ended?;
        model?;
        Ok((recording, threshold_crossed))
    }

    /// Warms the target up, and finds the load to be recorded if that is not known yet.
    async fn prepare(&self, driver: &Driver<'_>) -> anyhow::Result<Option<Highest>> {
        if highest::is_sought(driver.load) {
            self.progress.step(&highest::step(self.request.duration));
            return highest::find(driver, self.request.duration, self.interrupt).await;
        }
        if !self.request.warmup.is_zero() {
            self.progress.step("warming up");
            let warm_up = driver.warm_up(self.request.warmup);
            self.interrupt
                .unless(warm_up)
                .await?
                .context("warming up failed (--warmup says for how long)")?;
        }
        Ok(None)
    }

    fn driver<'a>(&'a self, target: &Running, dir: &'a Path) -> Driver<'a> {
        Driver {
            load: &self.request.load,
            sent: &self.play.sent,
            thresholds: &self.request.thresholds,
            loadgen: self.loadgen,
            url: target.endpoint(self.request.workload.path()),
            cpus: self.placement.driver.as_ref(),
            dir,
        }
    }

    /// Describes the workload. The database of a process that already runs is not known.
    fn workload(&self, arm: &Arm, version: &str) -> Workload {
        let Request {
            workload, service, ..
        } = self.request;
        let named = workload.needs_database() || service.is_some();
        let backend = workload.backend(service.as_ref());
        let backend = backend.filter(|_| named && arm.manifest().is_some());
        Workload {
            name: workload.name().into(),
            database: backend.map(|engine| served::Database {
                engine: engine.into(),
                version: version.into(),
            }),
        }
    }

    fn subject(&self, arm: &Arm, target: &Running, step: Step, help: &Helped) -> Subject {
        Subject {
            pids: vec![target.pid()],
            arm: arm.name().into(),
            runtime: arm.runtime(),
            placement: self.placement.text(arm.manifest().is_none()),
            mode: step.mode,
            round: step.round,
            detail: help.dir(),
        }
    }

    /// Returns the length of the load. Rounds that alternate four modes take four times as long.
    fn length(&self, mode: Mode) -> Option<Duration> {
        let times = match mode {
            Mode::Overhead => Mode::ALTERNATING.len() as u32,
            _ => 1,
        };
        self.request.duration.map(|duration| duration * times)
    }

    /// Loads the arm until the load ends, the recorder does, or the user wants to stop.
    async fn drive(
        &self,
        driver: &Driver<'_>,
        length: Option<Duration>,
        recorder: &mut Recorder,
    ) -> Drive {
        let mut loading = match driver.start(length) {
            Ok(loading) => loading,
            Err(error) => {
                return Drive {
                    summary: None,
                    ended: Err(error),
                };
            }
        };
        let ended = tokio::select! {
            biased;
            () = self.interrupt.asked(1) => Err(Interrupted.into()),
            loaded = loading.wait() => loaded,
            _ = recorder.ended() => Err(anyhow!("the recording ended before the load did")),
        };
        match ended {
            Ok(loaded) => Drive {
                summary: loaded.summary,
                ended: Ok(loaded.threshold_crossed),
            },
            Err(error) => Drive {
                summary: loading.cut().await,
                ended: Err(error),
            },
        }
    }
}

/// Returns the bytes that a service has sent and received; `None` without a service that counts them.
async fn moved(service: Option<&mut Service>) -> anyhow::Result<Option<Moved>> {
    match service {
        Some(service) => service.moved().await,
        None => Ok(None),
    }
}

/// Puts into the recording what only we know: the load, what its peers counted, and that it is partial if it is.
fn complete(recording: &mut Recording, drive: &Drive, stub: Option<Moved>, service: OfService) {
    recording.load = drive.summary.clone();
    recording.model_tokens = stub.map(|moved| moved.tokens_sent);
    recording.model_cpu_ns = stub.map(|moved| moved.cpu_ns);
    if drive.ended.is_ok() {
        let peers = Peers {
            load: drive.summary.as_ref(),
            stub,
            service,
        };
        let check = bytes::check(recording, &peers);
        recording.checks.push(check);
    } else if !recording.is_partial() {
        // The recorder cannot know why it was asked to end.
        recording.window.ended = Ended::Interrupted;
    }
}

#[cfg(test)]
mod tests;
