//! The signals, the hooks behind each, and what cannot be said where the kernel does not give a hook.

/// A signal and the tracepoints its programs sit on.
#[derive(Debug)]
pub struct Signal {
    /// Name in the recording.
    pub name: &'static str,
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

/// The signal that tells sleep and waiting for a CPU apart as they happen.
pub const WAKEUPS: &str = "wake-ups";

/// Every signal that sits on tracepoints. Sources in order: `tp_btf`, raw tracepoint, its stand-in, none.
pub const SIGNALS: &[Signal] = &[
    Signal {
        name: "scheduler",
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
        name: WAKEUPS,
        hooks: &["sched_wakeup"],
        required: false,
        answers: "how long each wait for a CPU and each sleep was; their sums are the kernel's",
        stand_in: Some("sched_info.run_delay"),
    },
    Signal {
        name: "wakers",
        hooks: &["sched_waking"],
        required: false,
        answers: "who woke whom, and the time from wake-up to running",
        stand_in: None,
    },
    Signal {
        name: "migrations",
        hooks: &["sched_migrate_task"],
        required: false,
        answers: "moves between CPUs",
        stand_in: None,
    },
    Signal {
        name: "syscalls",
        hooks: &["sys_enter", "sys_exit"],
        required: true,
        answers: "system calls and the split of CPU time: nothing is recorded without it",
        stand_in: None,
    },
    Signal {
        // sock_*_length came with Linux 6.3.
        name: "sockets",
        hooks: &["sock_send_length", "sock_recv_length"],
        required: false,
        answers: "bytes and sizes of every send and receive, and forwarding time",
        stand_in: None,
    },
    Signal {
        name: "socket arrival",
        hooks: &["sk_data_ready"],
        required: false,
        answers: "time from arrival to receive, and so forwarding time from the socket on",
        stand_in: None,
    },
    Signal {
        name: "connections",
        hooks: &["inet_sock_set_state"],
        required: false,
        answers: "connections opened and closed",
        stand_in: None,
    },
    Signal {
        name: "retransmits",
        hooks: &["tcp_retransmit_skb"],
        required: false,
        answers: "segments sent again",
        stand_in: None,
    },
    Signal {
        // x86-64 has these.
        name: "page faults",
        hooks: &["page_fault_user", "page_fault_kernel"],
        required: false,
        answers: "page faults by mode and by region",
        stand_in: Some(PROC_STAT),
    },
];

/// All that is observed in the mode `counters`: the kernel keeps an account of each thread, which is lost when the thread ends, and of a
/// new one somebody has to say that it is new. Nothing of it runs at a switch or a call, so that it costs a server nothing.
pub const LIFETIMES: &[Signal] = &[Signal {
    name: "thread lifetimes",
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
pub const SAMPLES: (&str, &str) = (
    "cpu samples",
    "how time outside system calls splits into user code and faults",
);

/// What cannot be said without a signal.
pub fn answers(signal: &str) -> &'static str {
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
