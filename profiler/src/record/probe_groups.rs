//! The probe groups, the hooks behind each, and what a recording lacks without them.

use recording::vocabulary::ProbeGroup;

/// A probe group and its hooks.
#[derive(Clone, Copy, Debug)]
pub struct Hooks {
    /// The group.
    pub group: ProbeGroup,
    /// Tracepoints. The programs have the same names, and `NAME_raw` as raw tracepoints.
    pub hooks: &'static [&'static str],
    /// Whether nothing can be recorded without the group.
    pub required: bool,
    /// Data that a recording lacks without the group.
    pub provides: &'static str,
    /// The source of its sums where the kernel lacks a hook.
    pub stand_in: Option<&'static str>,
}

/// The kernel's own counters of a process.
pub const PROC_STAT: &str = "/proc/PID/stat";

/// The list of a cgroup's members, which is read at each tick.
pub const CGROUP_PROCS: &str = "cgroup.procs, every 100 ms";

/// Source of a probe group that this kernel does not support.
pub const NO_SOURCE: &str = "none";

/// Every group that sits on tracepoints. Sources in order: `tp_btf`, raw tracepoint, functions, the
/// stand-in, none.
pub const PROBE_GROUPS: &[Hooks] = &[
    Hooks {
        group: ProbeGroup::Scheduler,
        hooks: &[
            "sched_switch",
            "sched_wakeup_new",
            "sched_process_fork",
            "sched_process_exit",
            "sched_process_free",
        ],
        required: true,
        provides: "CPU time, switches and sleep: nothing is recorded without it",
        stand_in: None,
    },
    Hooks {
        group: ProbeGroup::Wakeups,
        hooks: &["sched_wakeup"],
        required: false,
        provides: "the length of each wait for a CPU and of each sleep; the sums are the kernel's",
        stand_in: Some("sched_info.run_delay"),
    },
    Hooks {
        group: ProbeGroup::Wakers,
        hooks: &["sched_waking"],
        required: false,
        provides: "who woke whom, and the time from wake-up to running",
        stand_in: None,
    },
    Hooks {
        group: ProbeGroup::Migrations,
        hooks: &["sched_migrate_task"],
        required: false,
        provides: "migrations between CPUs",
        stand_in: None,
    },
    Hooks {
        group: ProbeGroup::Syscalls,
        hooks: &["sys_enter", "sys_exit"],
        required: true,
        provides: "system calls and the split of CPU time: nothing is recorded without it",
        stand_in: None,
    },
    Hooks {
        // sock_*_length came with Linux 6.3.
        group: ProbeGroup::Sockets,
        hooks: &["sock_send_length", "sock_recv_length"],
        required: false,
        provides: "bytes and sizes of every send and receive, and proxy latency",
        stand_in: None,
    },
    Hooks {
        group: ProbeGroup::SocketArrival,
        hooks: &["sk_data_ready"],
        required: false,
        provides: "time from arrival to receive, and so proxy latency from the socket on",
        stand_in: None,
    },
    Hooks {
        group: ProbeGroup::Connections,
        hooks: &["inet_sock_set_state"],
        required: false,
        provides: "connections opened and closed, and the time of handshakes",
        stand_in: None,
    },
    Hooks {
        group: ProbeGroup::Retransmits,
        hooks: &["tcp_retransmit_skb"],
        required: false,
        provides: "segments retransmitted",
        stand_in: None,
    },
    Hooks {
        group: ProbeGroup::BlockIo,
        hooks: &[
            "block_rq_insert",
            "block_rq_issue",
            "block_rq_merge",
            "block_rq_complete",
        ],
        required: false,
        provides: "requests to block devices, with their time in the queue and at the device",
        stand_in: None,
    },
    Hooks {
        // Only x86-64 has these. On arm64 a function serves.
        group: ProbeGroup::PageFaults,
        hooks: &["page_fault_user", "page_fault_kernel"],
        required: false,
        provides: "page faults by mode and by region",
        stand_in: Some(PROC_STAT),
    },
    Hooks {
        group: ProbeGroup::CgroupJoins,
        hooks: &["cgroup_attach_task"],
        required: false,
        provides: "processes from the moment that they join a selected cgroup",
        stand_in: Some(CGROUP_PROCS),
    },
];

/// The groups of mode `counters`. The kernel accounts for each thread, but forgets a thread when it
/// ends, and does not announce a new one. No probe runs at a switch or a system call, so that this
/// mode costs a server nothing.
pub const LIFETIMES: &[Hooks] = &[Hooks {
    group: ProbeGroup::ThreadLifetimes,
    hooks: &[
        "sched_process_fork",
        "sched_process_exit",
        "sched_process_free",
    ],
    required: true,
    provides: "the kernel's accounting of threads that begin or end",
    stand_in: None,
}];

/// The group of the CPU samples, which sit on no tracepoint, and what it provides.
pub const CPU_SAMPLES: (ProbeGroup, &str) = (
    ProbeGroup::CpuSamples,
    "the split of time outside system calls into user code and faults",
);

/// Returns what a recording lacks without a group.
pub fn provides(group: ProbeGroup) -> &'static str {
    let known = PROBE_GROUPS
        .iter()
        .map(|hooks| (hooks.group, hooks.provides))
        .chain([CPU_SAMPLES]);
    known
        .into_iter()
        .find(|(known, _)| *known == group)
        .map_or("", |(_, provides)| provides)
}

/// A probe group and the source that served it.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The group.
    pub group: ProbeGroup,
    /// Name of the source.
    pub source: String,
    /// Why a better source did not serve; empty where the best one did.
    pub fallback_reason: String,
    /// Names of the attached programs.
    pub programs: Vec<String>,
}

/// The kind of program that serves a hook, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookKind {
    /// BTF-typed raw tracepoint: plain loads from kernel structures.
    TpBtf,
    /// Raw tracepoint: kernel structures are read through a helper.
    RawTracepoint,
    /// The begin or the end of a function of the kernel, where it has no tracepoint.
    Function,
}

/// Tracepoints that came late (Linux 6.3) or that only x86-64 has, and the functions where the same
/// happens on other kernels.
const FUNCTIONS: &[(&str, &str)] = &[
    ("sock_send_length", "tcp_sendmsg"),
    ("sock_recv_length", "tcp_recvmsg"),
    ("sk_data_ready", "sock_def_readable"),
    ("page_fault_user", "do_mem_abort"),
    ("page_fault_kernel", "do_mem_abort"),
];

/// Returns the function that serves in place of a tracepoint.
pub fn function(tracepoint: &str) -> Option<&'static str> {
    let mut functions = FUNCTIONS.iter();
    let (_, function) = functions.find(|(late, _)| *late == tracepoint)?;
    Some(function)
}

impl HookKind {
    /// Every kind, best first.
    pub const ALL: [Self; 3] = [HookKind::TpBtf, HookKind::RawTracepoint, HookKind::Function];

    /// Whether a group may have programs of this kind.
    pub fn serves(self, hooks: &Hooks) -> bool {
        let mut tracepoints = hooks.hooks.iter();
        self != HookKind::Function || tracepoints.all(|hook| function(hook).is_some())
    }

    /// Returns the name in the recording.
    pub fn name(self) -> &'static str {
        match self {
            HookKind::TpBtf => "tp_btf",
            HookKind::RawTracepoint => "raw_tp",
            HookKind::Function => "fentry/fexit",
        }
    }

    /// Returns the name of the program for a tracepoint.
    pub fn program(self, tracepoint: &str) -> String {
        match self {
            HookKind::TpBtf => tracepoint.to_owned(),
            HookKind::RawTracepoint => format!("{tracepoint}_raw"),
            HookKind::Function => format!("{tracepoint}_function"),
        }
    }
}
