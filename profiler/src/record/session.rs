//! One recording from attach to drain.

use super::activity::{self, Looked};
use super::assemble::{self, Span};
use super::bpf_stats::BpfStats;
use super::checks::{self, Evidence};
use super::detail::Help;
use super::drain::{self, Code, Drained, Exits};
use super::kernel_truth::{self, Truth};
use super::links::SAMPLE_HZ;
use super::memory::{self, Places, Regions};
use super::probe_groups::{PAGE_FAULTS, PROC_STAT, WAKEUPS};
use super::programs::{ProbeConfig, Programs};
use super::target::{self, Process};
use super::{Options, host, others, sites, sockets, stolen, syscall_overhead};
use anyhow::{Context, Result};
use nix::time::{ClockId, clock_gettime};
use profiler_common::thread::ON_CPU;
use profiler_common::{RunQueueBlame, ThreadExit};
use recording::memory::{MemoryPoint, RegionPoint};
use recording::observer::Mode;
use recording::process::{Cpu, CpuPoint};
use recording::{Ended, Recording, Target, Window, observer};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Points of the series between two walks over all pages.
const POINTS_A_WALK: usize = 2;

/// A recording under way.
pub struct Session {
    programs: Programs,
    exits: Exits,
    ended_threads: Vec<ThreadExit>,
    processes: Vec<Process>,
    before: Truth,
    regions: Regions,
    start_ns: u64,
    start_unix_ns: u64,
    own_cpu_ns: u64,
    cpu: Vec<CpuPoint>,
    memory: Vec<MemoryPoint>,
    regions_seen: Vec<RegionPoint>,
    ports: Vec<u16>,
    code: Code,
    last: (u64, u64),
    target: Target,
    stats: BpfStats,
    crossing_ns: f64,
    looked: Looked,
    detail: Option<Help>,
}

impl Session {
    /// Loads and attaches the programs and opens the window.
    pub fn begin(processes: Vec<Process>, options: &Options) -> Result<Self> {
        let target = describe(&processes, options)?;
        let config = ProbeConfig {
            tgids: processes.iter().map(|process| process.pid).collect(),
            pairing: target::pairing_of(&target.runtime),
            gc_thread_comm: target::collector_of(&target.runtime),
            log: options.log_programs,
            kinds: options.hooks.clone(),
        };
        // Without it calls are told as too cheap, which a recording says of itself; it is no reason to record nothing.
        let crossing_ns = syscall_overhead::measure(&config).unwrap_or_default();
        let mut programs = Programs::attach(&config)?;
        let looked = Looked::by(&programs, &config);
        let detail = options.detail.as_deref();
        let detail = detail.map(|dir| Help::begin(dir, &mut programs.bpf, &target));
        let ports: Vec<u16> = config
            .tgids
            .iter()
            .flat_map(|pid| target::listening_ports(*pid))
            .collect();
        drain::fill_set::<u16, u8>(&mut programs.bpf, "LISTENING", &ports)?;
        drain::fill_set::<u32, u32>(&mut programs.bpf, "TARGETS", &config.tgids)?;
        let heap_ends = config.tgids.iter();
        let heap_ends = heap_ends.filter_map(|pid| Some((*pid, memory::heap_end(*pid)?)));
        drain::fill::<u32, u64>(&mut programs.bpf, "HEAP_ENDS", heap_ends)?;
        drain::fill::<u32, RunQueueBlame>(
            &mut programs.bpf,
            "RUN_QUEUE_BLAME",
            [others::late_processes()],
        )?;
        drain::free_slots(&mut programs.bpf)?;
        let exits = Exits::new(&mut programs.bpf)?;
        let regions = memory::regions_of_all(&config.tgids);
        // Asks for a privilege that is given up next, so it cannot be turned on again later.
        let stats = BpfStats::start();
        super::privilege::drop_excess();
        let before = Truth::read(&config.tgids);
        let (start_unix_ns, own_cpu_ns) = (unix_ns(), clock_ns(ClockId::CLOCK_PROCESS_CPUTIME_ID));
        let start_ns = clock_ns(ClockId::CLOCK_MONOTONIC);
        drain::set_window(&mut programs.bpf, start_ns)?;
        Ok(Session {
            programs,
            exits,
            ended_threads: Vec::new(),
            processes,
            before,
            regions,
            start_ns,
            start_unix_ns,
            own_cpu_ns,
            cpu: Vec::new(),
            memory: Vec::new(),
            regions_seen: Vec::new(),
            ports,
            code: Code::new(),
            last: (0, 0),
            target,
            stats,
            crossing_ns,
            looked,
            detail,
        })
    }

    /// The object behind the programs, for what their diagnostics need.
    pub fn bpf(&mut self) -> &mut aya::Ebpf {
        &mut self.programs.bpf
    }

    /// Takes the programs off their hooks,
    pub fn detach(&mut self) {
        self.programs.detach();
    }

    /// or puts them back.
    pub fn attach_again(&mut self) -> Result<()> {
        self.programs.attach_again()
    }

    /// Whether the (first) process is gone.
    pub fn target_ended(&self) -> bool {
        let first = &self.processes[0];
        kernel_truth::has_ended(first.pid, first.start_time)
    }

    /// Ends the kernel's measuring of the programs.
    pub fn stop_measuring_programs(&mut self) {
        self.stats.stop();
    }

    /// Takes thread ends out of the ring buffer; often enough, it never fills.
    pub fn take_exits(&mut self) {
        self.ended_threads.extend(self.exits.take());
    }

    /// Adds a point to the series of CPU time and resident memory.
    pub fn tick(&mut self) -> Result<()> {
        self.take_exits();
        let now = clock_ns(ClockId::CLOCK_MONOTONIC);
        let t_ns = now.saturating_sub(self.start_ns);
        let live = drain::threads(&self.programs.bpf)?;
        let ended = self.ended_threads.iter().map(|exit| exit.thread);
        let (on_cpu, kernel) = live
            .iter()
            .copied()
            .chain(ended)
            .fold((0, 0), |sum, thread| {
                let on_cpu = if thread.state == ON_CPU {
                    thread.on_cpu_at(now)
                } else {
                    thread.on_cpu_ns
                };
                (sum.0 + on_cpu, sum.1 + thread.syscall_ns)
            });
        let on_cpu_ns = on_cpu.saturating_sub(self.last.0);
        let kernel_ns = kernel.saturating_sub(self.last.1).min(on_cpu_ns);
        self.cpu.push(CpuPoint {
            t_ns,
            on_cpu_ns,
            user_ns: on_cpu_ns - kernel_ns,
            kernel_ns,
        });
        self.last = (on_cpu, kernel);
        self.memory.push(memory_point(&self.processes, t_ns));
        if self.memory.len().is_multiple_of(POINTS_A_WALK) {
            let pid = self.processes[0].pid;
            self.regions_seen
                .push(memory::region_point(pid, &self.ports, t_ns));
        }
        if self.memory.len().is_multiple_of(points_between_takes()) {
            drain::take_code(&mut self.programs.bpf, &mut self.code)?;
        }
        Ok(())
    }

    /// Closes the window and assembles the recording.
    pub fn end(mut self, ended: Ended, options: &Options) -> Result<Recording> {
        /// Programs that saw the window open a moment ago finish well within this.
        const IN_FLIGHT: Duration = Duration::from_millis(2);
        self.stats.stop();
        let closing_ns = clock_ns(ClockId::CLOCK_MONOTONIC);
        drain::set_window(&mut self.programs.bpf, 0)?;
        let pids: Vec<u32> = self.processes.iter().map(|process| process.pid).collect();
        let after = Truth::read(&pids);
        let own_cpu_ns = clock_ns(ClockId::CLOCK_PROCESS_CPUTIME_ID) - self.own_cpu_ns;
        std::thread::sleep(IN_FLIGHT);
        self.take_exits();
        let mut drained = drain::drain(&self.programs.bpf)?;
        for (place, count) in std::mem::take(&mut self.code) {
            *drained.code.entry(place).or_default() += count;
        }
        // On a busy machine events still come between reading the clock and closing: the last of them is the end.
        let latest = drained.live.iter().map(|thread| thread.since_ns);
        let end_ns = latest.fold(closing_ns, u64::max);
        let span = Span {
            start_ns: self.start_ns,
            end_ns,
        };
        let end_regions = memory::regions_of_all(&pids);
        let places = Places {
            start: &self.regions,
            end: &end_regions,
        };
        let mut recording = self.assemble(&drained, &after, places, span, ended);
        recording.observer.cpu_ns = own_cpu_ns;
        recording.host =
            host::fingerprint(pids[0], after.steal_since(&self.before), &options.placement);
        analysis::runtime::assign_roles(&mut recording);
        let mut names = BTreeMap::new();
        if let Some(help) = self.detail {
            let detail = help.end(&self.programs.bpf, pids[0], &drained.code)?;
            (recording.detail, names) = (Some(detail.0), detail.1);
        }
        let roles = others::Roles::of(&drained, &self.ended_threads, &recording);
        let memory_sites = sites::memory_sites(&drained, pids[0], places, &roles);
        let code = others::code(&drained, pids[0], places, &roles, &names);
        recording.wakers = others::wakers(&drained, &roles);
        recording.memory_sites = memory_sites;
        recording.code = code;
        recording.waited_for = others::waited_for(&drained.blame, &pids);
        Ok(recording)
    }

    fn assemble(
        &self,
        drained: &Drained,
        after: &Truth,
        places: Places,
        span: Span,
        ended: Ended,
    ) -> Recording {
        let known = assemble::known_threads(
            &drained.live,
            &self.ended_threads,
            &self.before,
            after,
            span,
        );
        let pid = self.processes[0].pid;
        let mut threads = assemble::threads(&known, drained, places, span);
        let signals = self
            .stats
            .scaled(self.programs.costs(), span.end_ns - span.start_ns);
        let faults_counted = signals
            .iter()
            .any(|signal| signal.signal == PAGE_FAULTS && signal.source != PROC_STAT);
        let faults = if faults_counted {
            assemble::faults(&known, &drained.faults, places)
        } else {
            after.faults_since(&self.before)
        };
        let wakeups_seen = signals
            .iter()
            .any(|signal| signal.signal == WAKEUPS && !signal.programs.is_empty());
        let checks = checks::all(&Evidence {
            threads: &threads,
            known: &known,
            span,
            before: &self.before,
            after,
            faults: &faults,
            faults_counted,
            wakeups_seen,
            counters: &drained.counters,
            exits_consumed: self.ended_threads.len() as u64,
            alive: !self.target_ended(),
        });
        // The checks are of times as they were seen.
        stolen::set_apart(&mut threads, &known, after.steal_since(&self.before));
        let syscalls = assemble::syscalls(&threads, &drained.errors);
        let mut process = assemble::process(&threads);
        process.cpu_clock_ns = after.cpu_clock_since(&self.before);
        Recording {
            schema: recording::RECORDING_SCHEMA.into(),
            target: target::now(&self.target),
            window: Window {
                start_unix_ns: self.start_unix_ns,
                duration_ns: span.end_ns - span.start_ns,
                ended,
            },
            process,
            sockets: sockets::sockets(drained, &syscalls),
            syscalls,
            faults,
            memory: recording::memory::Memory {
                series: self.memory.clone(),
                region_series: self.regions_seen.clone(),
                ..memory::memory_of(pid)
            },
            cpu: Cpu {
                series: self.cpu.clone(),
            },
            latency: sockets::latency(drained),
            forwards: sockets::forwards(drained),
            activity: activity::activity(drained, self.looked),
            observer: observer::Observer {
                signals,
                lost_events: drained.counters.lost(),
                sampled_ns: self.stats.sampled_ns(),
                rss_bytes: memory::memory_of(std::process::id()).peak_rss_bytes,
                mode: Mode::All,
                crossing_ns: self.crossing_ns,
                ..observer::Observer::default()
            },
            threads,
            checks,
            ..Recording::default()
        }
    }
}

/// How many points of the series may pass before the map of code could be half full, were every sample of every CPU of
/// another place.
fn points_between_takes() -> usize {
    const HALF: usize = 16_384;
    let cpus = aya::util::online_cpus().map_or(1, |cpus| cpus.len());
    (HALF / (SAMPLE_HZ as usize * cpus)).max(1)
}

/// Resident memory of the processes now.
pub fn memory_point(processes: &[Process], t_ns: u64) -> MemoryPoint {
    let each = processes.iter().map(|process| memory::rss_of(process.pid));
    MemoryPoint {
        t_ns,
        rss_bytes: each.sum(),
    }
}

/// What is recorded, in words.
pub fn describe(processes: &[Process], options: &Options) -> Result<Target> {
    let first = processes.first().context("no process to record")?;
    let executable = target::executable(first.pid);
    let guessed = || {
        executable
            .as_deref()
            .map_or("unknown", target::guess_runtime)
            .to_owned()
    };
    let file_name = || {
        Some(
            executable
                .as_deref()?
                .file_name()?
                .to_string_lossy()
                .into_owned(),
        )
    };
    Ok(Target {
        arm: options
            .arm
            .clone()
            .or_else(file_name)
            .unwrap_or_else(|| format!("pid {}", first.pid)),
        pid: first.pid,
        start_time_ticks: first.start_time,
        other_pids: processes[1..].iter().map(|process| process.pid).collect(),
        runtime: options.runtime.clone().unwrap_or_else(guessed),
        runtime_version: options.runtime_version.clone(),
        cmdline: target::cmdline(first.pid),
        binary_bytes: target::executable_bytes(first.pid),
        installed_bytes: None,
    })
}

/// A clock now, ns; 0 where it cannot be read.
pub fn clock_ns(clock: ClockId) -> u64 {
    clock_gettime(clock).map_or(0, |time| {
        u64::try_from(Duration::from(time).as_nanos()).unwrap_or(0)
    })
}

/// Wall-clock time, ns.
pub fn unix_ns() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
