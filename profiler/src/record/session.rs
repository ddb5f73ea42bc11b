//! A recording with all probes, from attaching them to draining their maps.

mod assembled;
mod checkpoint;
mod ended;
mod initial;
mod later;
pub mod snapshot;

use super::bpf_stats::BpfStats;
use super::call_series::CallSeries;
use super::drain::{self, Drained, Exits};
use super::instrumented::Instrumentation;
use super::memory::{self, Regions, WindowRegions};
use super::open_sockets;
use super::proc_snapshot::ProcSnapshot;
use super::process_code::Processes;
use super::process_tree::ProcessTree;
use super::programs::{ProbeConfig, Programs};
use super::python::Python;
use super::runtime::Watch;
use super::runtime_stats::Visible;
use super::series::Series;
use super::stacks::{Names, Observed, Symbols};
use super::target::{self, Process};
use super::tasks::Tasks;
use super::threads::ThreadIndex;
use super::timeline::Size;
use super::window::{Opening, Span, monotonic_ns};
use super::{
    Options, Recorder, TICKS_PER_POINT, code_samples, memory_stacks, run_queue_blame, runtime,
    syscall_overhead, threads, timeline, wakers,
};
use anyhow::Result;
use aya_log::EbpfLogger;
use checkpoint::Checkpoints;
use ended::EndedThreads;
use profiler_common::thread::ON_CPU;
use recording::{Ended, Recording, Target, Timeline};
use std::collections::BTreeMap;
use std::time::Duration;

/// Ticks in which the kernel measures the programs: half a second is enough to know their cost.
const TICKS_MEASURED: u32 = 5;

/// Programs that saw the window open, or wrote to a half of a table, finish well within this time.
const IN_FLIGHT: Duration = Duration::from_millis(2);

/// A recording under way.
pub struct Session {
    programs: Programs,
    logger: Option<EbpfLogger<&'static dyn log::Log>>,
    ended: EndedThreads,
    tree: ProcessTree,
    target: Target,
    runtime: Watch,
    placement: String,
    opening: Opening,
    regions: Regions,
    processes: Processes,
    python: Python,
    series: Series,
    call_series: CallSeries,
    stats: BpfStats,
    symbols: Symbols,
    syscall_entry_exit_ns: f64,
    visible: Visible,
    instrumentation: Option<Instrumentation>,
    timeline: Option<Size>,
    checkpoints: Option<Checkpoints>,
}

/// State at the end of the window.
struct Closed {
    span: Span,
    after: ProcSnapshot,
    own_cpu_ns: u64,
    drained: Drained,
}

impl Session {
    /// Loads and attaches the programs and opens the window.
    ///
    /// # Errors
    /// The kernel refuses a required program, or a map cannot be filled.
    pub fn begin(processes: Vec<Process>, options: &Options) -> Result<Self> {
        let checkpoints = Checkpoints::of(options)?;
        let tree = ProcessTree::of(processes, options);
        let first = tree.first();
        let runtime = Watch::begin(first.pid, options.runtime, options.program.as_deref());
        let target = target::describe(std::slice::from_ref(first), options, runtime.runtime())?;
        let config = ProbeConfig {
            follow_forks: tree.follows(),
            selects_cgroups: !options.cgroups.is_empty(),
            pairing: runtime::pairing(target.runtime),
            gc_thread_comm: runtime::gc_thread_comm(target.runtime),
            stacks: options.stacks,
            kernel_stack_every: options.kernel_stack_every,
            off_cpu_stacks: options.off_cpu_stacks,
            timeline: options.timeline,
            instruments: options.runtime_symbols.is_some(),
            load_port: options.load_port,
            sample_hz: options.sample_hz,
            ..ProbeConfig::minimal(options.log_programs, &options.hooks)
        };
        // Without this price, time at the edges of system calls counts as time outside of them. The
        // recording holds 0 then; that is no reason to record nothing.
        let calibration = syscall_overhead::measure(&config).unwrap_or_default();
        let mut programs = Programs::attach(&config)?;
        let logger = match options.log_programs {
            true => Some(EbpfLogger::init(&mut programs.bpf)?),
            false => None,
        };
        let visible = Visible::by(&programs, &config);
        let instrumentation = options.runtime_symbols.as_deref();
        let instrumentation = instrumentation
            .map(|dir| Instrumentation::begin(dir, &mut programs.bpf, &target, options));
        programs.attach_to_gc(&target, options);
        let pids = tree.pids();
        let series = Series::new(&pids, config.sample_hz);
        initial::fill_maps(&mut programs.bpf, &pids, calibration)?;
        initial::select_cgroups(&mut programs.bpf, &options.cgroups)?;
        let ended = EndedThreads::new(Exits::new(&mut programs.bpf)?);
        let regions = memory::regions_of_all(&pids, &Tasks::read(&mut programs.bpf));
        let processes = Processes::now(&pids);
        let mut python = Python::default();
        python.tick(&mut programs.bpf, &pids)?;
        // These need privileges that are dropped next.
        let stats = BpfStats::start();
        let symbols = Symbols::read(&options.symbols);
        super::privilege::drop_excess();
        let opening = Opening::now(&pids, &Tasks::read(&mut programs.bpf));
        drain::set_window(&mut programs.bpf, opening.start_ns)?;
        let mut session = Session {
            programs,
            logger,
            ended,
            tree,
            target,
            runtime,
            placement: options.placement.clone(),
            opening,
            regions,
            processes,
            python,
            series,
            call_series: CallSeries::of(&options.followed_calls),
            stats,
            symbols,
            syscall_entry_exit_ns: calibration.syscall_entry_exit_ns,
            visible,
            instrumentation,
            timeline: options.timeline,
            checkpoints,
        };
        session.add_late()?;
        Ok(session)
    }

    /// Detaches the programs. They stay loaded.
    pub fn detach(&mut self) {
        self.programs.detach();
    }

    /// Attaches the programs again after [`Self::detach`].
    ///
    /// # Errors
    /// The kernel refuses one.
    pub fn attach_again(&mut self) -> Result<()> {
        self.programs.attach_again()
    }

    /// Ends the kernel's measuring of the programs.
    pub fn stop_measuring_programs(&mut self) {
        self.stats.stop();
    }

    /// Takes thread exits out of the ring buffer, so that it does not fill.
    pub fn take_exits(&mut self) {
        self.ended.take();
    }

    /// Adds a point to the series.
    ///
    /// # Errors
    /// A map cannot be read.
    pub fn add_point(&mut self) -> Result<()> {
        self.take_exits();
        let now = monotonic_ns();
        let t_ns = now.saturating_sub(self.opening.start_ns);
        let ended = self.ended.times();
        let pids = self.tree.live_pids();
        if let Some(clocks) = &mut self.programs.clocks {
            clocks.follow(&mut self.programs.bpf, now);
        }
        let bpf = &mut self.programs.bpf;
        self.series.add(bpf, &pids, ended, (now, t_ns))?;
        self.call_series
            .add(bpf, &self.ended.calls_since(0).0, t_ns)?;
        self.python.take(bpf)
    }

    fn close(&mut self) -> Result<Closed> {
        self.stats.stop();
        let closing_ns = monotonic_ns();
        drain::set_window(&mut self.programs.bpf, 0)?;
        open_sockets::count_limited(&mut self.programs.bpf);
        self.add_forked()?;
        self.opening.quotas.update(self.tree.first().pid);
        let live = drain::threads(&self.programs.bpf)?;
        let ids = |thread: &profiler_common::Thread| (thread.tgid, thread.tid);
        let running = live.iter().filter(|thread| thread.state == ON_CPU);
        let running: Vec<_> = running.map(ids).collect();
        let settled = live.iter().filter(|thread| threads::is_settled(thread));
        let settled: Vec<_> = settled.map(ids).collect();
        let tasks = || Tasks::read(&mut self.programs.bpf);
        let pids = self.tree.live_pids();
        let after = ProcSnapshot::after_window(&pids, tasks, &running, &settled);
        let own_cpu_ns = self.opening.own_cpu_ns();
        std::thread::sleep(IN_FLIGHT);
        self.take_exits();
        self.series.stacks.take_all(&mut self.programs.bpf)?;
        self.python.take(&mut self.programs.bpf)?;
        let mut drained = drain::drain(&self.programs.bpf)?;
        let (bpf, waits) = (&mut self.programs.bpf, &mut self.series.stacks.waits);
        waits.close(bpf, &drained.live, closing_ns)?;
        drained.syscalls.extend(self.ended.calls_since(0).0);
        for (place, count) in std::mem::take(&mut self.series.code) {
            *drained.code.entry(place).or_default() += count;
        }
        // On a busy machine events still come between the reading of the clock and the closing. The
        // last of them is the end.
        let latest = drained.live.iter().map(|thread| thread.since_ns);
        let end_ns = latest.fold(closing_ns, u64::max);
        Ok(Closed {
            span: Span {
                start_ns: self.opening.start_ns,
                end_ns,
            },
            after,
            own_cpu_ns,
            drained,
        })
    }
}

impl Recorder for Session {
    fn tick(&mut self, number: u32) -> Result<bool> {
        if number == TICKS_MEASURED {
            self.stop_measuring_programs();
        }
        self.take_exits();
        self.ended.take_syscalls(&mut self.programs.bpf)?;
        if let Some(logger) = &mut self.logger {
            logger.flush();
        }
        self.add_joined()?;
        self.runtime.look(self.target.pid);
        self.opening.quotas.update(self.tree.first().pid);
        let pids = self.tree.pids();
        self.processes.tick(&pids);
        self.python.tick(&mut self.programs.bpf, &pids)?;
        if number.is_multiple_of(TICKS_PER_POINT) {
            self.add_point()?;
        }
        self.keep_checkpoints(number)?;
        Ok(self.tree.has_ended())
    }

    fn snapshot(&mut self, progress: &mut snapshot::Progress) -> Result<Option<Recording>> {
        Session::snapshot(self, progress).map(Some)
    }

    fn finish(mut self: Box<Self>, ended: Ended) -> Result<Recording> {
        let mut closed = self.close()?;
        let tasks = Tasks::read(&mut self.programs.bpf);
        let end_regions = memory::regions_of_all(&self.tree.live_pids(), &tasks);
        let exits_before = self.exits_before(closed.span.end_ns);
        let mut joined = threads::join(
            &closed.drained.live,
            self.ended.since(exits_before),
            &self.opening.before,
            &closed.after,
            closed.span,
        );
        let mut start = self.cut(&mut closed, &mut joined);
        let pids = self.tree.pids();
        let start_regions = match &mut start {
            Some(start) => std::mem::take(&mut start.regions),
            None => std::mem::take(&mut self.regions),
        };
        let regions = WindowRegions {
            start: &start_regions,
            end: &end_regions,
        };
        let drained = &closed.drained;
        let timeline = self
            .timeline
            .map(|size| timeline::read(&self.programs.bpf, size, closed.span));
        let mut recording = self.assemble(&closed, &joined, regions, ended);
        recording.timeline = timeline.transpose()?;
        recording.observer.timeline = recording.timeline.as_ref().map(Timeline::extent);
        self.add_probed(&mut recording, start)?;
        self.processes.close(&pids);
        let index = ThreadIndex::of(&joined);
        let stacks = &self.series.stacks;
        let found = Observed {
            symbols: &self.symbols,
            processes: &self.processes,
            python: &self.python,
            threads: &recording.threads,
            index: &index,
        };
        let mut compiled = BTreeMap::new();
        if let Some(instrumentation) = self.instrumentation {
            let wanted = match stacks.is_empty() {
                true => code_samples::units(drained),
                false => stacks.compiled_code(pids[0], &found),
            };
            let bpf = &self.programs.bpf;
            let name = |addresses: &mut dyn Iterator<Item = u64>| {
                Names::new(&self.symbols, &self.processes).functions(pids[0], addresses)
            };
            let end_ns = closed.span.end_ns;
            let (instrumented, names) =
                instrumentation.finish(bpf, pids[0], &wanted, end_ns, name)?;
            (recording.instrumented, compiled) = (Some(instrumented), names);
        }
        (recording.stacks, recording.waits) =
            stacks.assemble(&found, (pids[0], &compiled), &drained.counters);
        let debug_files = &self.symbols.debug_files;
        recording.code = match recording.stacks.counts.is_empty() {
            true => {
                let read = (&compiled, debug_files);
                code_samples::code_samples(drained, pids[0], regions, &index, read)
            }
            false => code_samples::of_stacks(&recording.stacks),
        };
        recording.memory_stacks =
            memory_stacks::memory_stacks(drained, pids[0], regions, &index, debug_files);
        recording.wakers = wakers::wakers(drained, &joined, &index);
        recording.run_queue_blame = run_queue_blame::run_queue_blame(&drained.blame, &pids);
        Ok(recording)
    }
}
