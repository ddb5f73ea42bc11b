//! Places that evidence can cite: lists, parts and fields of a recording, rows of a comparison.

/// A list of a recording whose entries can be cited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    /// `threads`.
    Threads,
    /// `syscalls`.
    Syscalls,
    /// `wakers`.
    Wakers,
    /// `run_queue_blame`.
    RunQueueBlame,
    /// `code`.
    Code,
    /// `memory_stacks`.
    MemoryStacks,
    /// `memory/regions`.
    MemoryRegions,
    /// `memory/region_series`.
    RegionSeries,
    /// `faults/regions`.
    FaultRegions,
    /// `waits/rows`.
    Waits,
    /// `peers`.
    Peers,
    /// `relays`.
    Relays,
    /// `starts`.
    Starts,
    /// `checks`.
    Checks,
    /// `observer/overhead`.
    Overhead,
}

impl List {
    pub(super) fn keys(self) -> &'static [&'static str] {
        match self {
            List::Threads => &["threads"],
            List::Syscalls => &["syscalls"],
            List::Wakers => &["wakers"],
            List::RunQueueBlame => &["run_queue_blame"],
            List::Code => &["code"],
            List::MemoryStacks => &["memory_stacks"],
            List::MemoryRegions => &["memory", "regions"],
            List::RegionSeries => &["memory", "region_series"],
            List::FaultRegions => &["faults", "regions"],
            List::Waits => &["waits", "rows"],
            List::Peers => &["peers"],
            List::Relays => &["relays"],
            List::Starts => &["starts"],
            List::Checks => &["checks"],
            List::Overhead => &["observer", "overhead"],
        }
    }
}

/// A part of a recording that can be cited as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `process`.
    Process,
    /// `host`.
    Host,
    /// `window`.
    Window,
    /// `target`.
    Target,
    /// `sockets`.
    Sockets,
    /// `faults`.
    Faults,
    /// `memory`.
    Memory,
    /// `load`.
    Load,
    /// `runtime_stats`.
    RuntimeStats,
    /// `instrumented`.
    Instrumented,
    /// `observer`.
    Observer,
    /// `latency`.
    Latency,
    /// `cpu`.
    Cpu,
    /// `stacks`.
    Stacks,
    /// `gc`.
    Gc,
}

impl Part {
    pub(super) fn key(self) -> &'static str {
        match self {
            Part::Process => "process",
            Part::Host => "host",
            Part::Window => "window",
            Part::Target => "target",
            Part::Sockets => "sockets",
            Part::Faults => "faults",
            Part::Memory => "memory",
            Part::Load => "load",
            Part::RuntimeStats => "runtime_stats",
            Part::Instrumented => "instrumented",
            Part::Observer => "observer",
            Part::Latency => "latency",
            Part::Cpu => "cpu",
            Part::Stacks => "stacks",
            Part::Gc => "gc",
        }
    }
}

/// A number of an entry or part. Not every part has every field; a test resolves each reference
/// that is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `on_cpu_ns`.
    OnCpuNs,
    /// `syscall_ns`.
    SyscallNs,
    /// `steal_ns`.
    StealNs,
    /// `run_queue_ns`.
    RunQueueNs,
    /// `throttled_ns`.
    ThrottledNs,
    /// `pause_ns`.
    PauseNs,
    /// `preempted_ns`.
    PreemptedNs,
    /// `off_cpu_ns`.
    OffCpuNs,
    /// `answer_ns`.
    AnswerNs,
    /// `blocked_ns`.
    BlockedNs,
    /// `wait_ns`.
    WaitNs,
    /// `cpu_clock_ns`.
    CpuClockNs,
    /// `count`.
    Count,
    /// `samples`.
    Samples,
    /// `voluntary_switches`.
    VoluntarySwitches,
    /// `involuntary_switches`.
    InvoluntarySwitches,
    /// `wakeups`.
    Wakeups,
    /// `faults`.
    Faults,
    /// `rss_bytes`.
    RssBytes,
    /// `peak_rss_bytes`.
    PeakRssBytes,
    /// `event_loop`.
    EventLoop,
    /// `gc_bursts`.
    GcBursts,
    /// `goroutines`.
    Goroutines,
    /// `nagle_delayed_sends`.
    NagleDelayedSends,
    /// `max_sustained`.
    MaxSustained,
    /// `series`.
    Series,
}

impl Field {
    pub(super) fn key(self) -> &'static str {
        match self {
            Field::OnCpuNs => "on_cpu_ns",
            Field::SyscallNs => "syscall_ns",
            Field::StealNs => "steal_ns",
            Field::RunQueueNs => "run_queue_ns",
            Field::ThrottledNs => "throttled_ns",
            Field::PauseNs => "pause_ns",
            Field::PreemptedNs => "preempted_ns",
            Field::OffCpuNs => "off_cpu_ns",
            Field::AnswerNs => "answer_ns",
            Field::BlockedNs => "blocked_ns",
            Field::WaitNs => "wait_ns",
            Field::CpuClockNs => "cpu_clock_ns",
            Field::Count => "count",
            Field::Samples => "samples",
            Field::VoluntarySwitches => "voluntary_switches",
            Field::InvoluntarySwitches => "involuntary_switches",
            Field::Wakeups => "wakeups",
            Field::Faults => "faults",
            Field::RssBytes => "rss_bytes",
            Field::PeakRssBytes => "peak_rss_bytes",
            Field::EventLoop => "event_loop",
            Field::GcBursts => "gc_bursts",
            Field::Goroutines => "goroutines",
            Field::NagleDelayedSends => "nagle_delayed_sends",
            Field::MaxSustained => "max_sustained",
            Field::Series => "series",
        }
    }
}

/// Which rows of a pair are cited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rows {
    /// `terms`.
    Terms,
    /// `by_cause`.
    ByCause,
    /// `by_kind`.
    ByKind,
}

impl Rows {
    pub(super) fn key(self) -> &'static str {
        match self {
            Rows::Terms => "terms",
            Rows::ByCause => "by_cause",
            Rows::ByKind => "by_kind",
        }
    }
}
