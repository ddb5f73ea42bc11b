//! One round of one arm: a fresh process, warmed up, recorded under load, and ended.

mod drive;
mod work;

use super::{
    bytes::{self, OfService, Peers},
    descendants,
    interrupt::{Interrupt, Interrupted},
    output::{arm_folder, round_folder},
    placement::Placement,
    plan::{Purpose, Step},
    privilege::Access,
    progress::Progress,
    recorder::{Recorder, Subject, slow},
    request::Request,
    service::Service,
    stub::{Moved, Stub},
    workload::{Database, Play},
};
use crate::target::{Arm, Instrumentation, Running, StartOptions, SymbolFolder};
use anyhow::Context;
use drive::Drive;
use recording::observer::Mode;
use recording::{
    Ended, Recording, Workload,
    io::{RECORDING_FILE, save_recording},
    workload as served,
};
use std::{
    fs,
    path::{Path, PathBuf},
};

/// Inputs that all rounds of a run share.
pub struct Bench<'a> {
    /// The request of the user.
    pub request: &'a Request,
    /// Inputs of stub and load generator.
    pub play: &'a Play,
    /// Program of the load generator.
    pub loadgen: &'a Path,
    /// Program of the recorder, and its access to privileges.
    pub recorder: (&'a Path, Access),
    /// CPUs of all processes.
    pub placement: &'a Placement,
    /// The stand-in for the model.
    pub stub: &'a Stub,
    /// Interruption by the user.
    pub interrupt: &'a Interrupt,
    /// Display of progress.
    pub progress: &'a Progress,
    /// The run's folder.
    pub out: &'a Path,
}

/// A finished round.
#[derive(Debug)]
pub struct Round {
    /// Arm, round and mode.
    pub step: Step,
    /// Path of the recording, relative to the run's folder.
    pub path: String,
    /// The recording.
    pub recording: Recording,
    /// Whether the load crossed one of its thresholds.
    pub threshold_crossed: bool,
}

/// Settings and folder of an instrumented runtime; empty in other rounds.
#[derive(Default)]
struct Symbols {
    settings: Instrumentation,
    folder: Option<SymbolFolder>,
}

impl Symbols {
    fn of(arm: &Arm, dir: &Path, wanted: bool) -> anyhow::Result<Self> {
        if !wanted {
            return Ok(Self::default());
        }
        let folder = SymbolFolder::create(&dir.join("from-runtime"))?;
        Ok(Self {
            settings: folder.fill(&arm.instrumentation().unwrap_or_default())?,
            folder: Some(folder),
        })
    }

    fn dir(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.path().to_owned())
    }
}

impl Bench<'_> {
    /// Measures one round of `arm`.
    ///
    /// # Errors
    /// Fails with [`Interrupted`], or with the reason. A recording that had begun is on disk in
    /// either case, marked as partial.
    pub async fn round(&self, arm: &Arm, step: Step) -> anyhow::Result<Round> {
        let folder = PathBuf::from(arm_folder(arm.name())).join(round_folder(&step));
        let dir = self.out.join(&folder);
        fs::create_dir_all(&dir).with_context(|| format!("cannot create {}", dir.display()))?;
        self.progress.step("starting");
        // They have to outlive the server that uses them.
        let database = self.database()?;
        let mut service = self.service(&dir).await?;
        let mut env: Vec<_> = database.iter().map(Database::variable).collect();
        env.extend(service.iter().flat_map(Service::env).cloned());
        // The runtime's files are removed when the server has ended, however the round ends.
        let symbols = Symbols::of(arm, &dir, step.purpose == Purpose::Instrumented)?;
        let target = self.start(arm, &dir, env, &symbols).await?;
        let subject = self.subject(arm, &target, step, &symbols);
        let measured = self
            .measure(arm, (&target, step), &dir, &subject, service.as_mut())
            .await;
        // A target that died explains any other failure.
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
        symbols: &Symbols,
    ) -> anyhow::Result<Running> {
        let mut options = StartOptions::new(self.stub.url(), dir.join("target.log"));
        options.cpus.clone_from(&self.placement.target);
        options.env = env;
        options.instrumentation = symbols.settings.clone();
        let arm = arm.clone();
        Ok(descendants::ended_with(self.interrupt, move || arm.start(&options)).await??)
    }

    /// Warms up, then loads and records at once. The recording is saved even if the load fails.
    async fn measure(
        &self,
        arm: &Arm,
        (target, step): (&Running, Step),
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
        let length = self.length(step);
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
        let settings = service.as_ref().map_or(&[][..], |service| service.env());
        let given = settings.iter().map(|(_, value)| value.as_str());
        let given = given.chain([self.stub.url()]);
        bytes::mark_upstream(&mut recording.peers, given);
        let version = service.map_or("", |service| service.version());
        recording.workload = Some(self.workload(arm, version));
        recording.traced = step.purpose == Purpose::Traced;
        complete(&mut recording, &drive, counted.copied(), of_service);
        work::add(&mut recording, &drive, self.request);
        if let (Some(load), Some(highest)) = (&mut recording.load, highest) {
            load.max_sustained = Some(highest.held);
        }
        let noise = self.request.noise.clone();
        recording.host.noise = noise.filter(|noise| noise.is_of(&recording.host));
        save_recording(dir, &recording)?;
        let threshold_crossed = drive.ended?;
        model?;
        Ok((recording, threshold_crossed))
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

    fn subject(&self, arm: &Arm, target: &Running, step: Step, symbols: &Symbols) -> Subject {
        Subject {
            pids: vec![target.pid()],
            arm: arm.name().into(),
            runtime: arm.runtime(),
            placement: self.placement.text(arm.manifest().is_none()),
            mode: step.mode,
            round: step.round,
            runtime_symbols: symbols.dir(),
            symbols: self.request.symbols.clone(),
            sample_hz: self.request.sample_hz,
            slow: slow(step, self.request.slow.as_ref()),
            off_cpu_stacks: step.purpose == Purpose::Traced,
            work: self.request.work.clone().filter(|_| step.mode == Mode::All),
            // A server that runs already may be behind a forwarded port.
            load_port: arm.manifest().and_then(|_| port_of(target.url())),
        }
    }
}

/// Returns the port of a URL that names one.
fn port_of(url: &str) -> Option<u16> {
    let authority = url.split("://").nth(1)?.split('/').next()?;
    authority.rsplit_once(':')?.1.parse().ok()
}

/// Returns the bytes that a service has sent and received; `None` without a service that counts
/// them.
async fn moved(service: Option<&mut Service>) -> anyhow::Result<Option<Moved>> {
    match service {
        Some(service) => service.moved().await,
        None => Ok(None),
    }
}

/// Adds to the recording: the load, the counters of its peers, and whether it is partial.
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
        // The recorder does not know why it was ended.
        recording.window.ended = Ended::Interrupted;
    }
}

#[cfg(test)]
mod tests;
