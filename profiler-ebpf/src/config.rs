//! What the loader sets before the verifier runs: the target, and offsets of kernel structures from its BTF.
//!
//! The map behind these is frozen, so the verifier knows each as a constant and drops the branches not taken.

use aya_ebpf::Global;
use profiler_common::Pairing;

macro_rules! globals {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $value:expr;)*) => {
        $($(#[$doc])* #[unsafe(no_mangle)] pub static $name: Global<$type> = Global::new($value);)*
    };
}

globals! {
    /// The thread group that is followed; others are in the map `TARGETS` if `MANY_TARGETS`.
    TARGET_TGID: u32 = 0;
    /// Whether `TARGETS` has to be asked.
    MANY_TARGETS: u8 = 0;
    /// Whether kernel memory may be read by plain loads (`tp_btf`) or needs a helper (raw tracepoint).
    DIRECT_LOADS: u8 = 1;
    /// A value of `profiler_common::Pairing`.
    PAIRING: u32 = 0;
    /// The first eight bytes of the name that collector threads have; 0 where they have none.
    COLLECTOR_NAME: u64 = 0;
    /// Whether `sched_switch` passes the previous task's state as its fourth argument (Linux 5.18).
    SWITCH_HAS_STATE: u8 = 1;

    /// `task_struct.pid`, the thread id.
    OFF_TASK_PID: u64 = 0;
    /// `task_struct.tgid`.
    OFF_TASK_TGID: u64 = 0;
    /// `task_struct.__state` (`state` before Linux 5.14).
    OFF_TASK_STATE: u64 = 0;
    /// `task_struct.maj_flt`.
    OFF_TASK_MAJ_FLT: u64 = 0;
    /// `task_struct.nvcsw`.
    OFF_TASK_NVCSW: u64 = 0;
    /// `task_struct.nivcsw`.
    OFF_TASK_NIVCSW: u64 = 0;
    /// `task_struct.se.sum_exec_runtime`.
    OFF_TASK_EXEC_RUNTIME: u64 = 0;
    /// `task_struct.sched_info.run_delay`.
    OFF_TASK_RUN_DELAY: u64 = 0;
    /// `task_struct.comm`.
    OFF_TASK_COMM: u64 = 0;
    /// `sock.__sk_common.skc_family`.
    OFF_SOCK_FAMILY: u64 = 0;
    /// `sock.__sk_common.skc_hash`, of its addresses and ports; 0 before it is connected.
    OFF_SOCK_HASH: u64 = 0;
    /// `sock.__sk_common.skc_num`, the local port in host order.
    OFF_SOCK_NUM: u64 = 0;
    /// `tcp_sock.write_seq`.
    OFF_TCP_WRITTEN: u64 = 0;
    /// `tcp_sock.snd_nxt`.
    OFF_TCP_SENT: u64 = 0;
    /// `tcp_sock.mss_cache`.
    OFF_TCP_SEGMENT: u64 = 0;
    /// `tcp_sock.packets_out`.
    OFF_TCP_ON_THEIR_WAY: u64 = 0;
    /// `tcp_sock.nonagle`, four bits: its offset in bits.
    BIT_TCP_NONAGLE: u64 = 0;
    /// `pt_regs.orig_ax`: the number of the system call (x86-64).
    OFF_REGS_NR: u64 = 0;
    /// Whether registers and numbers of calls are those of x86-64, so that it can be told who manages memory.
    MEMORY_CALLS: u8 = 0;
    /// `pt_regs.ip`.
    OFF_REGS_IP: u64 = 0;
    /// `pt_regs.sp`.
    OFF_REGS_SP: u64 = 0;
    /// `pt_regs.bp`: the frame pointer, of code that keeps one (x86-64).
    OFF_REGS_BP: u64 = 0;
    /// `pt_regs.si`: a call's second argument (x86-64).
    OFF_REGS_SI: u64 = 0;
    /// `pt_regs.dx`: a call's third argument (x86-64).
    OFF_REGS_DX: u64 = 0;
    /// `pt_regs.r14`: the goroutine (Go on x86-64).
    OFF_REGS_G: u64 = 0;
}

/// Values of [`PAIRING`], to match it against.
pub const POOL_PAIRING: u32 = Pairing::Pool as u32;
/// See [`POOL_PAIRING`].
pub const GOROUTINE_PAIRING: u32 = Pairing::Goroutine as u32;
/// See [`POOL_PAIRING`].
pub const FIFO_PAIRING: u32 = Pairing::Fifo as u32;
