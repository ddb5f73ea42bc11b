//! The recorders behind the view.
//!
//! A recorder keeps the sums of the last minute, so that `r` can write it. Another takes its place
//! when it is written, and now and then: the programs' maps fill with threads and addresses of the
//! past.

use crate::recording_folder;
use anyhow::{Context, Result};
use profiler::record::launcher::Launcher;
use profiler::record::live::{Event, LiveRecorder};
use profiler::record::probe_groups::HookKind;
use profiler::record::programs::Stacks;
use profiler::record::select::Cgroup;
use profiler::record::target::{Process, executable_name};
use profiler::record::{KERNEL_STACK_EVERY, Options, SAMPLE_HZ};
use recording::observer::Mode;
use recording::{Recording, format};
use runner::Interrupt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use top::screen::{News, Source};
use top::view::State;

/// Age at which a recorder is replaced, unless its maps fill.
const OLDEST: Duration = Duration::from_secs(3600);

/// Age from which on a recorder is replaced whose maps fill.
const OLD: Duration = Duration::from_secs(600);

/// The processes of one target.
#[derive(Clone, Debug)]
pub struct Observed {
    pub processes: Vec<Process>,
    pub cgroups: Vec<Cgroup>,
    pub follow_forks: bool,
    /// How much of the past a recording covers.
    pub last: Duration,
}

impl Observed {
    /// Returns the name of the executable.
    pub fn name(&self) -> String {
        let pid = self.processes[0].pid;
        executable_name(pid).unwrap_or_else(|| format!("pid {pid}"))
    }

    fn begin(&self, launcher: &Launcher, pace: Duration) -> Result<LiveRecorder> {
        let options = Options {
            arm: None,
            runtime: None,
            program: None,
            runtime_version: String::new(),
            placement: "not controlled".into(),
            log_programs: false,
            hooks: HookKind::ALL.to_vec(),
            stacks: Stacks {
                user: true,
                kernel: true,
            },
            kernel_stack_every: KERNEL_STACK_EVERY,
            off_cpu_stacks: false,
            timeline: None,
            load_port: None,
            followed_calls: Vec::new(),
            sample_hz: SAMPLE_HZ,
            mode: Mode::All,
            round: 0,
            follow_forks: self.follow_forks,
            cgroups: self.cgroups.clone(),
            runtime_symbols: None,
            symbols: Vec::new(),
            last: Some(self.last),
        };
        LiveRecorder::begin(launcher, self.processes.clone(), options, pace)
    }
}

/// One target and its recorders.
struct Target {
    launcher: Arc<Launcher>,
    observed: Observed,
    current: Option<LiveRecorder>,
    since: Instant,
    /// The recorder that takes its place once it is attached, and whether to write the current one.
    next: Option<(LiveRecorder, bool)>,
    has_ended: bool,
    failure: Option<String>,
    written: Vec<JoinHandle<Result<String>>>,
}

/// All targets.
pub struct Targets {
    targets: Vec<Target>,
    pace: Duration,
    out: Option<PathBuf>,
    interrupt: Interrupt,
}

impl Targets {
    /// Begins to attach the programs to each target. Recordings go below `out`.
    pub fn begin(
        launcher: Launcher,
        observed: Vec<Observed>,
        pace: Duration,
        out: Option<PathBuf>,
        interrupt: Interrupt,
    ) -> Result<Self> {
        let launcher = Arc::new(launcher);
        let target = |observed: Observed| {
            Ok(Target {
                current: Some(observed.begin(&launcher, pace)?),
                launcher: Arc::clone(&launcher),
                observed,
                since: Instant::now(),
                next: None,
                has_ended: false,
                failure: None,
                written: Vec::new(),
            })
        };
        Ok(Targets {
            targets: observed.into_iter().map(target).collect::<Result<_>>()?,
            pace,
            out,
            interrupt,
        })
    }

    /// Whether the user asked for the end by a signal, or closed the terminal.
    pub fn is_interrupted(&self) -> bool {
        self.interrupt.is_asked()
    }

    /// Whether no target is observed any more.
    pub fn have_ended(&self) -> bool {
        self.targets.iter().all(|target| target.has_ended)
    }

    /// Returns why no target can be observed any more, unless one can, or has ended.
    pub fn failure(&self) -> Option<&str> {
        let failures = self.targets.iter().map(|target| target.failure.as_deref());
        let failures: Option<Vec<&str>> = failures.collect();
        failures?.first().copied()
    }

    /// Waits for the recordings that are being written, and prints where they are.
    pub fn end(&mut self) -> Result<()> {
        for target in &mut self.targets {
            target.current = None;
            target.next = None;
            for written in target.written.drain(..) {
                println!("{}", joined(written)?);
            }
        }
        Ok(())
    }
}

impl Source for Targets {
    fn news(&mut self) -> Vec<(usize, News)> {
        let mut news = Vec::new();
        for (index, target) in self.targets.iter_mut().enumerate() {
            let found = target.news(self.pace, self.out.as_deref());
            news.extend(found.into_iter().map(|found| (index, found)));
        }
        news
    }

    fn record(&mut self) -> String {
        let mut errors = Vec::new();
        for target in &mut self.targets {
            if let Err(error) = target.ask_to_write(self.pace, self.out.as_deref()) {
                errors.push(format!("{error:#}"));
            }
        }
        match errors.first() {
            None => "writing a recording …".into(),
            Some(error) => format!("cannot write: {error}"),
        }
    }

    fn is_over(&self) -> bool {
        self.is_interrupted() || self.failure().is_some()
    }
}

impl Target {
    fn news(&mut self, pace: Duration, out: Option<&Path>) -> Vec<News> {
        let mut news = Vec::new();
        while let Some(event) = self.current.as_ref().and_then(LiveRecorder::event) {
            news.push(self.of_current(event));
        }
        if let Some(event) = self.next.as_ref().and_then(|(next, _)| next.event()) {
            news.extend(self.of_next(event, out));
        }
        let (written, unfinished) = std::mem::take(&mut self.written)
            .into_iter()
            .partition(JoinHandle::is_finished);
        self.written = unfinished;
        news.extend(written.into_iter().map(|written| {
            let text = joined(written).unwrap_or_else(|error| format!("cannot write: {error:#}"));
            News::Message(text)
        }));
        if self.is_old() && self.next.is_none() && !self.has_ended {
            // Without one the current recorder stays.
            let next = self.observed.begin(&self.launcher, pace);
            self.next = next.ok().map(|next| (next, false));
            self.since = Instant::now();
        }
        news
    }

    /// Returns whether another recorder is to take the place of the current one.
    fn is_old(&self) -> bool {
        let current = self.current.as_ref();
        let fills = current.is_some_and(LiveRecorder::has_filling_maps);
        self.since.elapsed() > if fills { OLD } else { OLDEST }
    }

    fn of_current(&mut self, event: Event) -> News {
        match event {
            Event::Snapshot(snapshot) => News::Snapshot(snapshot),
            Event::TargetExited => {
                self.has_ended = true;
                News::State(State::Ended)
            }
            Event::Failed(error) => {
                self.has_ended = true;
                let error = format!("{error:#}");
                self.failure = Some(error.clone());
                News::State(State::Failed(error))
            }
        }
    }

    /// Lets the next recorder take the place of the current one with its first snapshot.
    fn of_next(&mut self, event: Event, out: Option<&Path>) -> Vec<News> {
        let Some((next, writes)) = self.next.take() else {
            return Vec::new();
        };
        match event {
            Event::Snapshot(snapshot) => {
                if let Some(old) = self.current.replace(next)
                    && writes
                {
                    self.write(old, out);
                }
                self.since = Instant::now();
                vec![News::BeginsAgain, News::Snapshot(snapshot)]
            }
            Event::TargetExited => Vec::new(),
            Event::Failed(error) => vec![News::Message(format!("cannot write: {error:#}"))],
        }
    }

    /// Begins to write what the current recorder saw. A target that has ended needs no other.
    fn ask_to_write(&mut self, pace: Duration, out: Option<&Path>) -> Result<()> {
        if !self.written.is_empty() {
            anyhow::bail!("a recording is still being written");
        }
        if let Some((_, writes)) = &mut self.next {
            *writes = true;
            return Ok(());
        }
        if !self.has_ended {
            let next = self.observed.begin(&self.launcher, pace)?;
            self.next = Some((next, true));
            return Ok(());
        }
        let old = self.current.take();
        let old = old.context("the recording of this target was written already")?;
        self.write(old, out);
        Ok(())
    }

    fn write(&mut self, recorder: LiveRecorder, out: Option<&Path>) {
        let (out, name) = (out.map(Path::to_owned), self.observed.name());
        let write = move || save(recorder.finish()?, out.as_deref(), &name);
        self.written.push(std::thread::spawn(write));
    }
}

fn joined(written: JoinHandle<Result<String>>) -> Result<String> {
    let panicked = |_| Err(anyhow::anyhow!("the thread that writes it failed"));
    written.join().unwrap_or_else(panicked)
}

/// Saves a recording in a new folder. Returns a note for the user.
fn save(mut recording: Recording, below: Option<&Path>, name: &str) -> Result<String> {
    let out = recording_folder::create(below.unwrap_or(Path::new("")), name)?;
    analysis::annotate(&mut recording);
    recording_folder::save(&out, &recording)?;
    let length = format::duration(recording.window.duration_ns);
    Ok(format!(
        "wrote a recording of the last {length} to {}",
        out.display()
    ))
}
