//! The probe groups, the hooks behind each, and what a recording lacks without them.

/// Probes that are attached and detached together.
#[derive(Debug)]
pub struct ProbeGroup {
    /// Name in the recording.
    pub name: &'static str,
    /// Tracepoints. The programs have the same names, and `NAME_raw` as raw tracepoints.
    pub hooks: &'static [&'static str],
    /// Whether nothing can be recorded without the group.
    pub required: bool,
    /// What a recording lacks without the group.
    pub provides: &'static str,
    /// The source of its sums where the kernel lacks a hook.
    pub stand_in: Option<&'static str>,
}

/// The kernel's own counters of a process.
pub const PROC_STAT: &str = "/proc/PID/stat";

/// The group that separates sleep from waiting for a CPU as they happen.
pub const WAKEUPS: &str = "wake-ups";

/// The group that counts page faults.
pub const PAGE_FAULTS: &str = "page faults";

/// Every group that sits on tracepoints. Sources in order: `tp_btf`, raw tracepoint, the stand-in,
/// none.
pub const PROBE_GROUPS: &[ProbeGroup] = &[
    ProbeGroup {
        name: "scheduler",
        hooks: &[
            "sched_switch",
            "sched_wakeup_new",
            "sched_process_fork",
            "sched_process_exit",
        ],
        required: true,
        provides: "CPU time, switches and sleep: nothing is recorded without it",
        stand_in: None,
    },
    ProbeGroup {
        name: WAKEUPS,
        hooks: &["sched_wakeup"],
        required: false,
        provides: "the length of each wait for a CPU and of each sleep; the sums are the kernel's",
        stand_in: Some("sched_info.run_delay"),
    },
    ProbeGroup {
        name: "wakers",
        hooks: &["sched_waking"],
        required: false,
        provides: "who woke whom, and the time from wake-up to running",
        stand_in: None,
    },
    ProbeGroup {
        name: "migrations",
        hooks: &["sched_migrate_task"],
        required: false,
        provides: "migrations between CPUs",
        stand_in: None,
    },
    ProbeGroup {
        name: "syscalls",
        hooks: &["sys_enter", "sys_exit"],
        required: true,
        provides: "system calls and the split of CPU time: nothing is recorded without it",
        stand_in: None,
    },
    ProbeGroup {
        // sock_*_length came with Linux 6.3.
        name: "sockets",
        hooks: &["sock_send_length", "sock_recv_length"],
        required: false,
        provides: "bytes and sizes of every send and receive, and proxy latency",
        stand_in: None,
    },
    ProbeGroup {
        name: "socket arrival",
        hooks: &["sk_data_ready"],
        required: false,
        provides: "time from arrival to receive, and so proxy latency from the socket on",
        stand_in: None,
    },
    ProbeGroup {
        name: "connections",
        hooks: &["inet_sock_set_state"],
        required: false,
        provides: "connections opened and closed",
        stand_in: None,
    },
    ProbeGroup {
        name: "retransmits",
        hooks: &["tcp_retransmit_skb"],
        required: false,
        provides: "segments retransmitted",
        stand_in: None,
    },
    ProbeGroup {
        // Only x86-64 has these.
        name: PAGE_FAULTS,
        hooks: &["page_fault_user", "page_fault_kernel"],
        required: false,
        provides: "page faults by mode and by region",
        stand_in: Some(PROC_STAT),
    },
];

/// The groups of mode `counters`. The kernel accounts for each thread, but forgets a thread when it
/// ends, and does not announce a new one. No probe runs at a switch or a system call, so that this
/// mode costs a server nothing.
pub const LIFETIMES: &[ProbeGroup] = &[ProbeGroup {
    name: "thread lifetimes",
    hooks: &[
        "sched_process_fork",
        "sched_process_exit",
        "sched_process_free",
    ],
    required: true,
    provides: "the kernel's accounting of threads that begin or end",
    stand_in: None,
}];

/// The group of the CPU samples, which sit on no tracepoint: its name, and what it provides.
pub const CPU_SAMPLES: (&str, &str) = (
    "cpu samples",
    "the split of time outside system calls into user code and faults",
);

/// Returns what a recording lacks without a group.
pub fn provides(group: &str) -> &'static str {
    let known = PROBE_GROUPS
        .iter()
        .map(|group| (group.name, group.provides))
        .chain([CPU_SAMPLES]);
    known
        .into_iter()
        .find(|(name, _)| *name == group)
        .map_or("", |(_, provides)| provides)
}

/// The kind of program that serves a hook, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookKind {
    /// BTF-typed raw tracepoint: plain loads from kernel structures.
    TpBtf,
    /// Raw tracepoint: kernel structures are read through a helper.
    RawTracepoint,
}

impl HookKind {
    /// Returns the name in the recording.
    pub fn name(self) -> &'static str {
        match self {
            HookKind::TpBtf => "tp_btf",
            HookKind::RawTracepoint => "raw_tp",
        }
    }

    /// Returns the name of the program for a tracepoint.
    pub fn program(self, tracepoint: &str) -> String {
        match self {
            HookKind::TpBtf => tracepoint.to_owned(),
            HookKind::RawTracepoint => format!("{tracepoint}_raw"),
        }
    }
}
