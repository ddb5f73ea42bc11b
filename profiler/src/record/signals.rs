//! The signals, the hooks behind each, and what cannot be said where the kernel does not give a hook.

use recording::vocabulary::ProbeGroup;

/// A signal and the tracepoints its programs sit on.
#[derive(Debug)]
pub struct Signal {
    /// Name in the recording.
    pub name: ProbeGroup,
    /// Tracepoints; the programs are called the same, and `NAME_raw` as raw tracepoints.
    pub hooks: &'static [&'static str],
    /// Whether a recording makes no sense without it.
    pub required: bool,
    /// What cannot be said without it.
    pub answers: &'static str,
    /// What serves for the plainest part of it where the kernel lacks a hook.
    pub stand_in: Option<&'static str>,
}

/// The kernel's own counters of a process.
pub const PROC_STAT: &str = "/proc/PID/stat";

/// Every signal that sits on tracepoints. Sources in order: `tp_btf`, raw tracepoint, its stand-in, none.
pub const SIGNALS: &[Signal] = &[
    Signal {
        name: ProbeGroup::Scheduler,
        hooks: &[
            "sched_switch",
            "sched_wakeup_new",
            "sched_process_fork",
            "sched_process_exit",
        ],
        required: true,
        answers: "CPU time, switches and sleep: nothing is recorded without it",
        stand_in: None,
    },
    Signal {
        name: ProbeGroup::Wakeups,
        hooks: &["sched_wakeup"],
        required: false,
        answers: "how long each wait for a CPU and each sleep was; their sums are the kernel's",
        stand_in: Some("sched_info.run_delay"),
    },
    Signal {
        name: ProbeGroup::Wakers,
        hooks: &["sched_waking"],
        required: false,
        answers: "who woke whom, and the time from wake-up to running",
        stand_in: None,
    },
    Signal {
        name: ProbeGroup::Migrations,
        hooks: &["sched_migrate_task"],
        required: false,
        answers: "moves between CPUs",
        stand_in: None,
    },
    Signal {
        name: ProbeGroup::Syscalls,
        hooks: &["sys_enter", "sys_exit"],
        required: true,
        answers: "system calls and the split of CPU time: nothing is recorded without it",
        stand_in: None,
    },
    Signal {
        // sock_*_length came with Linux 6.3.
        name: ProbeGroup::Sockets,
        hooks: &["sock_send_length", "sock_recv_length"],
        required: false,
        answers: "bytes and sizes of every send and receive, and forwarding time",
        stand_in: None,
    },
    Signal {
        name: ProbeGroup::SocketArrival,
        hooks: &["sk_data_ready"],
        required: false,
        answers: "time from arrival to receive, and so forwarding time from the socket on",
        stand_in: None,
    },
    Signal {
        name: ProbeGroup::Connections,
        hooks: &["inet_sock_set_state"],
        required: false,
        answers: "connections opened and closed",
        stand_in: None,
    },
    Signal {
        name: ProbeGroup::Retransmits,
        hooks: &["tcp_retransmit_skb"],
        required: false,
        answers: "segments sent again",
        stand_in: None,
    },
    Signal {
        // x86-64 has these.
        name: ProbeGroup::PageFaults,
        hooks: &["page_fault_user", "page_fault_kernel"],
        required: false,
        answers: "page faults by mode and by region",
        stand_in: Some(PROC_STAT),
    },
];

/// All that is observed in the mode `counters`: the kernel keeps an account of each thread, which is lost when the thread ends, and of a
/// new one somebody has to say that it is new. Nothing of it runs at a switch or a call, so that it costs a server nothing.
pub const LIFETIMES: &[Signal] = &[Signal {
    name: ProbeGroup::ThreadLifetimes,
    hooks: &[
        "sched_process_fork",
        "sched_process_exit",
        "sched_process_free",
    ],
    required: true,
    answers: "the account of threads that begin or end",
    stand_in: None,
}];

/// The signal of the CPU-clock samples, which sit on no tracepoint.
pub const SAMPLES: (ProbeGroup, &str) = (
    ProbeGroup::CpuSamples,
    "how time outside system calls splits into user code and faults",
);

/// What cannot be said without a signal.
pub fn answers(signal: ProbeGroup) -> &'static str {
    let known = SIGNALS
        .iter()
        .map(|signal| (signal.name, signal.answers))
        .chain([SAMPLES]);
    known
        .into_iter()
        .find(|(name, _)| *name == signal)
        .map_or("", |(_, answers)| answers)
}

/// The kind of program a hook is served by, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookKind {
    /// BTF-typed raw tracepoint: plain loads from kernel structures.
    TpBtf,
    /// Raw tracepoint: kernel structures are read through a helper.
    RawTracepoint,
}

impl HookKind {
    /// Name in the recording.
    pub fn name(self) -> &'static str {
        match self {
            HookKind::TpBtf => "tp_btf",
            HookKind::RawTracepoint => "raw_tp",
        }
    }

    /// Name of the program for a tracepoint.
    pub fn program(self, tracepoint: &str) -> String {
        match self {
            HookKind::TpBtf => tracepoint.to_owned(),
            HookKind::RawTracepoint => format!("{tracepoint}_raw"),
        }
    }
}
