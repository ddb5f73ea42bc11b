//! The signals, the hooks behind each, and what stands in where the kernel does not give a hook.

/// A signal and the tracepoints its programs sit on.
#[derive(Debug)]
pub struct Signal {
    /// Name in the recording.
    pub name: &'static str,
    /// Tracepoints; the programs are called the same, and `NAME_raw` as raw tracepoints.
    pub hooks: &'static [&'static str],
    /// Whether a recording makes no sense without it.
    pub required: bool,
    /// What stands in where a hook is missing, and what is lost by that.
    pub fallback: &'static str,
}

/// Every signal that sits on tracepoints. Sources in order: `tp_btf`, raw tracepoint, then `fallback`.
pub const SIGNALS: &[Signal] = &[
    Signal {
        name: "scheduler",
        hooks: &[
            "sched_switch",
            "sched_wakeup",
            "sched_wakeup_new",
            "sched_process_fork",
            "sched_process_exit",
        ],
        required: true,
        fallback: "none",
    },
    Signal {
        name: "wakers",
        hooks: &["sched_waking"],
        required: false,
        fallback: "none",
    },
    Signal {
        name: "migrations",
        hooks: &["sched_migrate_task"],
        required: false,
        fallback: "none",
    },
    Signal {
        name: "syscalls",
        hooks: &["sys_enter", "sys_exit"],
        required: true,
        fallback: "none",
    },
    Signal {
        // sock_*_length came with Linux 6.3.
        name: "sockets",
        hooks: &["sock_send_length", "sock_recv_length"],
        required: false,
        fallback: "syscalls (send*, recv* only)",
    },
    Signal {
        name: "socket arrival",
        hooks: &["sk_data_ready"],
        required: false,
        fallback: "none",
    },
    Signal {
        name: "connections",
        hooks: &["inet_sock_set_state"],
        required: false,
        fallback: "none",
    },
    Signal {
        name: "retransmits",
        hooks: &["tcp_retransmit_skb"],
        required: false,
        fallback: "none",
    },
    Signal {
        // x86-64 has these; elsewhere the kernel's own counters do.
        name: "page faults",
        hooks: &["page_fault_user", "page_fault_kernel"],
        required: false,
        fallback: "procfs",
    },
];

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
