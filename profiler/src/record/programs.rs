//! The loaded eBPF programs, and which source served each probe group.

mod map_sizes;
#[cfg(test)]
mod stack_depth;
mod stack_table;

use super::Options;
use super::arch::READS_CALL_SITES;
use super::attach;
use super::cpu_clocks::CpuClocks;
use super::links::{self, Link, SAMPLE_HZ};
use super::offsets::Layout;
use super::open_sockets;
use super::privilege;
use super::probe_groups::{HookKind, Hooks, NO_SOURCE, PROBE_GROUPS, Source};
use super::runtime::GcProbes;
use super::tasks;
use super::timeline::Size;
use anyhow::{Context, Result, bail};
use aya::programs::Program;
use aya::{Btf, Ebpf, EbpfLoader};
pub use map_sizes::SMALL;
use profiler_common::Pairing;
use profiler_common::call_stack::KERNEL_STACK_EVERY;
use recording::Target;
use recording::observer::Mode;
use recording::observer::{ProbeGroupStatus, ProgramCost};
use recording::runtime_stats::{GcCalls, Safepoints};
use recording::vocabulary::ProbeGroup;
use std::os::fd::{AsFd, AsRawFd};

/// The object that `cargo xtask build` compiled; empty if this binary was built without it.
static OBJECT: &[u8] = aya::include_bytes_aligned!(env!("KONTRAST_BPF"));

/// Configuration of the programs.
#[derive(Clone, Debug)]
pub struct ProbeConfig {
    /// Whether a process that a tracked one forks is tracked too.
    pub follow_forks: bool,
    /// Whether processes that join a cgroup are tracked too.
    pub selects_cgroups: bool,
    /// How receives are paired with sends.
    pub pairing: Pairing,
    /// The first eight bytes of the name of gc threads; 0 where they have no name of their own.
    pub gc_thread_comm: u64,
    /// Which call stacks CPU samples keep.
    pub stacks: Stacks,
    /// Of so many samples in the kernel one keeps the callers in the kernel.
    pub kernel_stack_every: u32,
    /// Whether waits keep call stacks too.
    pub off_cpu_stacks: bool,
    /// Whether events go to a timeline.
    pub timeline: Option<Size>,
    /// Whether functions of the runtime carry probes.
    pub instruments: bool,
    /// TCP port that the load connects to, if known.
    pub load_port: Option<u16>,
    /// CPU samples a second on each CPU.
    pub sample_hz: u32,
    /// Whether the programs write diagnostics.
    pub log: bool,
    /// Kinds of hook that may be used, best first.
    pub kinds: Vec<HookKind>,
    /// Whether the large maps have room for a few entries only: the kernel clears them before they
    /// are used, and frees them afterwards, on CPUs that the target needs.
    pub has_small_maps: bool,
}

impl ProbeConfig {
    /// Tracks threads, and pairs no receives.
    pub fn minimal(log: bool, kinds: &[HookKind]) -> Self {
        ProbeConfig {
            follow_forks: false,
            selects_cgroups: false,
            pairing: Pairing::Pool,
            gc_thread_comm: 0,
            stacks: Stacks::NONE,
            kernel_stack_every: KERNEL_STACK_EVERY,
            off_cpu_stacks: false,
            timeline: None,
            instruments: false,
            load_port: None,
            sample_hz: SAMPLE_HZ,
            log,
            kinds: kinds.to_vec(),
            has_small_maps: false,
        }
    }
}

/// Which call stacks CPU samples keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stacks {
    /// Those of user code.
    pub user: bool,
    /// Those of the kernel.
    pub kernel: bool,
}

impl Stacks {
    /// No call stack.
    pub const NONE: Self = Stacks {
        user: false,
        kernel: false,
    };
    /// User code and kernel.
    pub const ALL: Self = Stacks {
        user: true,
        kernel: true,
    };

    fn bits(self) -> u8 {
        u8::from(self.user) | u8::from(self.kernel) << 1
    }
}

/// Loaded and attached programs.
pub struct Programs {
    /// The loaded object, with its maps.
    pub bpf: Ebpf,
    /// Each probe group with the source that served it.
    pub sources: Vec<Source>,
    /// Holds the programs to their hooks.
    links: Vec<Link>,
    /// Holds the sampler to the CPUs.
    pub clocks: Option<CpuClocks>,
    sample_hz: u32,
    gc_probes: Option<GcProbes>,
}

impl Programs {
    /// Loads and attaches every probe group, each with the best source that works.
    ///
    /// # Errors
    /// The kernel refuses the maps, or every kind of hook for a required group.
    pub fn attach(config: &ProbeConfig) -> Result<Self> {
        let wanted =
            |hooks: &&Hooks| config.selects_cgroups || hooks.group != ProbeGroup::CgroupJoins;
        Self::attach_with_samples(config, PROBE_GROUPS.iter().filter(wanted))
    }

    /// Loads and attaches some probe groups, and CPU samples.
    ///
    /// # Errors
    /// As [`Programs::attach`].
    pub fn attach_with_samples<'a>(
        config: &ProbeConfig,
        groups: impl Iterator<Item = &'a Hooks>,
    ) -> Result<Self> {
        let mut programs = Self::attach_some(config, groups)?;
        let (source, clocks) = attach::samples(&mut programs.bpf, config.sample_hz);
        programs.sources.push(source);
        programs.clocks = clocks;
        if config.off_cpu_stacks
            && let Err(error) = programs.attach_wait_return()
        {
            log::warn!("waits have no call stacks of sleepers: {error:#}");
        }
        Ok(programs)
    }

    /// Attaches the second program of `sys_exit`, which reads the stacks of sleepers. It must come
    /// after the first, in the order of calls.
    fn attach_wait_return(&mut self) -> Result<()> {
        let mut sources = self.sources.iter_mut();
        let syscalls = sources.find(|source| source.group == ProbeGroup::Syscalls);
        let syscalls = syscalls.context("no program serves system calls")?;
        let mut kinds = [HookKind::TpBtf, HookKind::RawTracepoint].into_iter();
        let kind = kinds.find(|kind| syscalls.source == kind.name());
        let name = kind.context("unknown kind")?.program("sys_exit_wait");
        self.links
            .push(attach::second(&mut self.bpf, &name, "sys_exit")?);
        syscalls.programs.push(name);
        Ok(())
    }

    /// Loads and attaches some probe groups only, and no CPU samples.
    ///
    /// # Errors
    /// As [`Programs::attach`].
    pub fn attach_some<'a>(
        config: &ProbeConfig,
        groups: impl Iterator<Item = &'a Hooks>,
    ) -> Result<Self> {
        if OBJECT.is_empty() {
            bail!(
                "this kontrast was built without its eBPF programs; build it with `cargo xtask build`"
            );
        }
        let layout = Layout::of_this_kernel()?;
        let mut bpf = load(config, &layout)?;
        let btf = Btf::from_sys_fs().context("cannot read the kernel's BTF")?;
        let (mut sources, mut links) = (Vec::new(), Vec::new());
        for group in groups {
            let (source, attached) = attach::group(&mut bpf, &btf, group, &config.kinds)?;
            sources.push(source);
            links.extend(attached);
        }
        if let Err(error) = tasks::load(&mut bpf, &btf) {
            // /proc has the same, and takes longer.
            log::debug!("no iterator over tasks: {error:#}");
        }
        if let Err(error) = open_sockets::load(&mut bpf, &btf) {
            log::debug!("no iterator over files: {error:#}");
        }
        Ok(Programs {
            bpf,
            sources,
            links,
            clocks: None,
            sample_hz: config.sample_hz,
            gc_probes: None,
        })
    }

    /// Attaches to the function that collects garbage, if it has a name. An instrumented round
    /// counts collections with other events, and the cost of the probes is measured without these.
    pub fn attach_to_gc(&mut self, target: &Target, options: &Options) {
        if options.mode == Mode::All && options.runtime_symbols.is_none() {
            self.gc_probes = GcProbes::attach(&mut self.bpf, target, options.program.as_deref());
        }
        self.sources
            .extend(self.gc_probes.iter().map(GcProbes::source));
    }

    /// Returns the collections that the probes counted, if they are attached.
    ///
    /// # Errors
    /// The map cannot be read.
    pub fn gc_calls(&self) -> Result<Option<GcCalls>> {
        let probes = self.gc_probes.as_ref();
        probes.map(|probes| probes.read(&self.bpf)).transpose()
    }

    /// Returns the safepoints that the probes counted, if they are attached.
    ///
    /// # Errors
    /// The map cannot be read.
    pub fn safepoints(&self) -> Result<Option<Safepoints>> {
        let probes = self.gc_probes.as_ref();
        let counted = probes.map(|probes| probes.safepoints(&self.bpf));
        Ok(counted.transpose()?.flatten())
    }

    /// Detaches every program. They stay loaded.
    pub fn detach(&mut self) {
        self.links.clear();
        self.clocks = None;
    }

    /// Attaches every program again.
    ///
    /// # Errors
    /// The kernel refuses one.
    pub fn attach_again(&mut self) -> Result<()> {
        for name in self.sources.iter().flat_map(|source| &source.programs) {
            let program = self.bpf.program_mut(name);
            let program = program.with_context(|| format!("the object has no program {name}"))?;
            match program {
                Program::PerfEvent(sampler) => {
                    self.clocks = Some(CpuClocks::attach(sampler, name, self.sample_hz)?);
                }
                program => self.links.push(links::attach(program, name)?),
            }
        }
        Ok(())
    }

    /// Returns whether programs serve a probe group.
    pub fn serve(&self, group: ProbeGroup) -> bool {
        let mut served = self
            .sources
            .iter()
            .filter(|source| source.source != NO_SOURCE);
        served.any(|source| source.group == group)
    }

    /// Returns the cost of each group's programs so far; zero unless the kernel's BPF statistics
    /// are on.
    pub fn costs(&self) -> Vec<ProbeGroupStatus> {
        self.sources
            .iter()
            .map(|source| self.cost(source))
            .collect()
    }

    fn cost(&self, source: &Source) -> ProbeGroupStatus {
        let mut cost = ProbeGroupStatus {
            group: source.group,
            source: source.source.clone(),
            fallback_reason: source.fallback_reason.clone(),
            programs: source.programs.clone(),
            hits: 0,
            bpf_ns: 0,
            costs: Vec::new(),
            skipped: 0,
        };
        for name in &source.programs {
            let program = self.bpf.program(name);
            cost.skipped += program.and_then(skipped_runs).unwrap_or(0);
            let info = program.and_then(|program| program.info().ok());
            let Some(info) = info.filter(|info| info.run_count() > 0) else {
                continue;
            };
            let found = ProgramCost {
                program: name.clone(),
                runs: info.run_count(),
                run_ns: u64::try_from(info.run_time().as_nanos()).unwrap_or(u64::MAX),
            };
            cost.hits += found.runs;
            cost.bpf_ns += found.run_ns;
            cost.costs.push(found);
        }
        cost
    }
}

/// Returns how many runs of a program the kernel has skipped, if it counts them: the line
/// `recursion_misses` in `fdinfo` (Linux 5.12).
fn skipped_runs(program: &Program) -> Option<u64> {
    let fd = program.fd().ok()?.as_fd().as_raw_fd();
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).ok()?;
    let mut lines = text.lines();
    let skipped = lines.find_map(|line| line.strip_prefix("recursion_misses:"))?;
    skipped.trim().parse().ok()
}

fn load(config: &ProbeConfig, layout: &Layout) -> Result<Ebpf> {
    let follow_forks = u8::from(config.follow_forks);
    let selects_cgroups = u8::from(config.selects_cgroups);
    let own = std::process::id();
    let pairing = config.pairing as u32;
    let load_port = u32::from(config.load_port.unwrap_or(0));
    let walks_stacks = u8::from(READS_CALL_SITES);
    let has_state = u8::from(layout.switch_has_state);
    let namespace = privilege::pid_namespace();
    let splice_sends = u8::from(layout.splice_sends);
    let tcp_recvmsg_parameters = layout.tcp_recvmsg_parameters;
    let stacks = config.stacks.bits();
    let cpus = aya::util::nr_cpus().unwrap_or(1) as u32;
    let stack_slots = match config.has_small_maps {
        true => SMALL / 2,
        false => stack_table::slots(config.sample_hz, cpus),
    };
    let stack_mask = stack_slots - 1;
    let off_cpu_stacks = u8::from(config.off_cpu_stacks);
    let reads_registers = u8::from(layout.reads_registers);
    let reads_task_stacks = u8::from(layout.reads_task_stacks);
    let timeline = u8::from(config.timeline.is_some());
    let entries = config.timeline.map_or(1, Size::entries);
    let log_level: u8 = if config.log { u8::MAX } else { 0 };
    let mut loader = EbpfLoader::new();
    loader
        .override_global("FOLLOW_FORKS", &follow_forks, true)
        .override_global("SELECTS_CGROUPS", &selects_cgroups, true)
        .override_global("OWN_TGID", &own, true)
        .override_global("PID_NAMESPACE", &namespace, true)
        .override_global("PAIRING", &pairing, true)
        .override_global("LOAD_PORT", &load_port, true)
        .override_global("GC_THREAD_COMM", &config.gc_thread_comm, true)
        .override_global("KEEPS_STACKS", &stacks, true)
        .override_global("KERNEL_STACK_EVERY", &config.kernel_stack_every, true)
        .override_global("STACK_MASK", &stack_mask, true)
        .override_global("OFF_CPU_STACKS", &off_cpu_stacks, true)
        .override_global("TIMELINE", &timeline, true)
        .override_global("TIMELINE_ENTRIES", &entries, true)
        .override_global("READS_REGISTERS", &reads_registers, true)
        .override_global("READS_TASK_STACKS", &reads_task_stacks, true)
        .override_global("WALKS_STACKS", &walks_stacks, true)
        .override_global("TCP_RECVMSG_PARAMETERS", &tcp_recvmsg_parameters, true)
        .override_global("SPLICE_SENDS", &splice_sends, true)
        .override_global("SWITCH_HAS_STATE", &has_state, true)
        .override_global(aya_log::LEVEL, &log_level, true);
    for (global, offset) in &layout.offsets {
        loader.override_global(global, offset, true);
    }
    map_sizes::give(&mut loader, config, stack_slots, entries * cpus);
    loader
        .load(OBJECT)
        .context("the kernel refused the eBPF maps")
}
