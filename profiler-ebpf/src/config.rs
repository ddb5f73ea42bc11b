//! Constants that the loader sets before the verifier runs: the target, and offsets of kernel
//! structures from the kernel's BTF.
//!
//! The map behind them is frozen. So the verifier knows each value, and drops branches not taken.

use aya_ebpf::Global;
use profiler_common::Pairing;
use profiler_common::call_stack::STACK_SLOTS;

macro_rules! globals {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $value:expr;)*) => {
        $($(#[$doc])* #[unsafe(no_mangle)] pub static $name: Global<$type> = Global::new($value);)*
    };
}

globals! {
    /// Inode of the PID namespace that the recorder runs in; 0 for the host's.
    PID_NAMESPACE: u32 = 0;
    /// 1: a process that a tracked one forks is tracked too.
    FOLLOW_FORKS: u8 = 0;
    /// 1: processes of the cgroups in `CGROUPS` are tracked, those that join later included.
    SELECTS_CGROUPS: u8 = 0;
    /// The recorder's own thread group: processes that it starts never join.
    OWN_TGID: u32 = 0;
    /// TCP port that the load connects to: connections accepted at others are of third parties. 0
    /// if it is not known, so that all are of clients.
    LOAD_PORT: u32 = 0;
    /// A value of `profiler_common::Pairing`.
    PAIRING: u32 = 0;
    /// The first eight bytes of the name of gc threads; 0 where they have no name of their own.
    GC_THREAD_COMM: u64 = 0;
    /// 1: `sched_switch` passes the previous task's state as its fourth argument (Linux 5.18).
    SWITCH_HAS_STATE: u8 = 1;
    /// Bit 0: samples keep the call stack of user code; bit 1: that of the kernel.
    KEEPS_STACKS: u8 = 0;
    /// Of so many samples in the kernel one keeps the callers in the kernel.
    KERNEL_STACK_EVERY: u32 = 1;
    /// Entries of each half of `STACKS`, minus 1.
    STACK_MASK: u32 = STACK_SLOTS - 1;
    /// 1: waits keep their stacks.
    OFF_CPU_STACKS: u8 = 0;
    /// 1: programs can get the registers of the running task (Linux 5.15).
    READS_REGISTERS: u8 = 0;
    /// 1: programs can get the stack in the kernel of another task (Linux 5.9).
    READS_TASK_STACKS: u8 = 0;
    /// 1: the kernel sends what `splice` and `sendfile` put into a socket as `sendmsg` does (Linux
    /// 6.5).
    SPLICE_SENDS: u8 = 1;
    /// 1: events go to a timeline.
    TIMELINE: u8 = 0;
    /// Events that each CPU's ring of the timeline holds, a power of two.
    TIMELINE_ENTRIES: u32 = 1;
    /// Parameters of `tcp_recvmsg`: 6 before Linux 5.19.
    TCP_RECVMSG_PARAMETERS: u8 = 5;
    /// Length of a jiffy, ns.
    JIFFY_NS: u64 = 0;
    /// 1: the stack of a system call can be walked, since calls are those of x86-64.
    WALKS_STACKS: u8 = 0;

    /// `task_struct.pid`, the thread id.
    OFF_TASK_PID: u64 = 0;
    /// `task_struct.tgid`.
    OFF_TASK_TGID: u64 = 0;
    /// `task_struct.thread_pid`.
    OFF_TASK_THREAD_PID: u64 = 0;
    /// `task_struct.group_leader`.
    OFF_TASK_GROUP_LEADER: u64 = 0;
    /// `pid.level`: namespaces that the process is nested in.
    OFF_PID_LEVEL: u64 = 0;
    /// `pid.numbers`: a `upid` for each namespace, outermost first.
    OFF_PID_NUMBERS: u64 = 0;
    /// `pid_namespace.ns.inum`.
    OFF_NAMESPACE_INUM: u64 = 0;
    /// `task_struct.__state` (`state` before Linux 5.14).
    OFF_TASK_STATE: u64 = 0;
    /// `task_struct.min_flt`.
    OFF_TASK_MIN_FLT: u64 = 0;
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
    /// `task_struct.sched_info.last_arrival`: when the task was last given a CPU.
    OFF_TASK_LAST_ARRIVAL: u64 = 0;
    /// `task_struct.sched_info.last_queued`: since when it waits for a CPU; 0 if it does not.
    OFF_TASK_LAST_QUEUED: u64 = 0;
    /// `task_struct.comm`.
    OFF_TASK_COMM: u64 = 0;
    /// `task_struct.flags`.
    OFF_TASK_FLAGS: u64 = 0;
    /// `task_struct.files`.
    OFF_TASK_FILES: u64 = 0;
    /// `files_struct.fdt`.
    OFF_FILES_FDT: u64 = 0;
    /// `fdtable.max_fds`.
    OFF_FDTABLE_MAX_FDS: u64 = 0;
    /// `fdtable.fd`.
    OFF_FDTABLE_FD: u64 = 0;
    /// `file.f_inode`.
    OFF_FILE_INODE: u64 = 0;
    /// `file.private_data`: of a socket, its `struct socket`.
    OFF_FILE_PRIVATE_DATA: u64 = 0;
    /// `file.f_path.dentry`; files have no name where it is [`ABSENT`], or one of those below.
    OFF_FILE_DENTRY: u64 = ABSENT;
    /// `dentry.d_name.name`.
    OFF_DENTRY_NAME: u64 = ABSENT;
    /// `inode.i_mode`.
    OFF_INODE_MODE: u64 = 0;
    /// `inode.i_ino`.
    OFF_INODE_NUMBER: u64 = ABSENT;
    /// `inode.i_sb`.
    OFF_INODE_SUPER_BLOCK: u64 = ABSENT;
    /// `super_block.s_dev`.
    OFF_SUPER_BLOCK_DEVICE: u64 = ABSENT;
    /// `socket.sk`.
    OFF_SOCKET_SK: u64 = 0;
    /// `request.q`; this and the next ones are [`ABSENT`] where block devices are unlike those of
    /// Linux 5.17 and later.
    OFF_REQUEST_QUEUE: u64 = ABSENT;
    /// `request.cmd_flags`.
    OFF_REQUEST_FLAGS: u64 = ABSENT;
    /// `request.__data_len`.
    OFF_REQUEST_LEN: u64 = ABSENT;
    /// `request_queue.disk`.
    OFF_QUEUE_DISK: u64 = ABSENT;
    /// `gendisk.major`.
    OFF_DISK_MAJOR: u64 = ABSENT;
    /// `gendisk.first_minor`.
    OFF_DISK_MINOR: u64 = ABSENT;
    /// `task_struct.se.cfs_rq`; [`ABSENT`] where the kernel does not group tasks.
    OFF_TASK_CFS_RQ: u64 = ABSENT;
    /// `cfs_rq.throttled_clock_self_time` (`throttled_clock_pelt_time` before Linux 6.6);
    /// [`ABSENT`] without CPU quotas.
    OFF_CFS_RQ_THROTTLED: u64 = ABSENT;
    /// `task_struct.real_parent`.
    OFF_TASK_REAL_PARENT: u64 = 0;
    /// `task_struct.cgroups`; this and the next ones are [`ABSENT`] without control groups.
    OFF_TASK_CGROUPS: u64 = ABSENT;
    /// `css_set.dfl_cgrp`: the group of version 2.
    OFF_CSS_SET_DFL_CGRP: u64 = ABSENT;
    /// `cgroup.root`.
    OFF_CGROUP_ROOT: u64 = ABSENT;
    /// `cgroup_root.hierarchy_id`.
    OFF_CGROUP_ROOT_HIERARCHY: u64 = ABSENT;
    /// `cgroup.kn`.
    OFF_CGROUP_KN: u64 = ABSENT;
    /// `kernfs_node.id`.
    OFF_KERNFS_NODE_ID: u64 = ABSENT;
    /// `cgroup.self.parent`.
    OFF_CGROUP_PARENT: u64 = ABSENT;
    /// `cgroup_subsys_state.cgroup`.
    OFF_CSS_CGROUP: u64 = ABSENT;
    /// `bpf_iter_meta.seq`; [`ABSENT`] before Linux 5.8.
    OFF_ITER_META_SEQ: u64 = ABSENT;
    /// `sock.__sk_common.skc_family`.
    OFF_SOCK_FAMILY: u64 = 0;
    /// `sock.__sk_common.skc_hash`, of addresses and ports; 0 before the socket is connected.
    OFF_SOCK_HASH: u64 = 0;
    /// `sock.__sk_common.skc_num`, the local port in host order.
    OFF_SOCK_NUM: u64 = 0;
    /// `sock.__sk_common.skc_daddr`.
    OFF_SOCK_DADDR: u64 = 0;
    /// `sock.__sk_common.skc_dport`, in network order; 0 before the socket is connected.
    OFF_SOCK_DPORT: u64 = 0;
    /// `sock.__sk_common.skc_v6_daddr`; [`ABSENT`] without IPv6.
    OFF_SOCK_V6_DADDR: u64 = ABSENT;
    /// `unix_sock.peer`; this and the next ones are [`ABSENT`] where Unix sockets are a module.
    OFF_UNIX_PEER: u64 = ABSENT;
    /// `unix_sock.addr`.
    OFF_UNIX_ADDR: u64 = ABSENT;
    /// `unix_address.len`.
    OFF_UNIX_ADDRESS_LEN: u64 = ABSENT;
    /// `unix_address.name`.
    OFF_UNIX_ADDRESS_NAME: u64 = ABSENT;
    /// `sock.sk_protocol`, 16 bits (Linux 5.6).
    OFF_SOCK_PROTOCOL: u64 = 0;
    /// `tcp_sock.write_seq`.
    OFF_TCP_WRITE_SEQ: u64 = 0;
    /// `tcp_sock.snd_nxt`.
    OFF_TCP_SND_NXT: u64 = 0;
    /// `tcp_sock.mss_cache`.
    OFF_TCP_MSS_CACHE: u64 = 0;
    /// `tcp_sock.packets_out`.
    OFF_TCP_PACKETS_OUT: u64 = 0;
    /// `tcp_sock.nonagle`, four bits: its offset in bits.
    BIT_TCP_NONAGLE: u64 = 0;
    /// `tcp_sock.chrono_stat[0]`; this and the next two are [`ABSENT`] where a kernel has none.
    OFF_TCP_CHRONO_STAT: u64 = ABSENT;
    /// `tcp_sock.chrono_start`.
    OFF_TCP_CHRONO_START: u64 = ABSENT;
    /// `tcp_sock.chrono_type`, two bits in older kernels: its offset in bits.
    BIT_TCP_CHRONO_TYPE: u64 = ABSENT;
    /// `pt_regs.orig_ax` (x86-64) or `pt_regs.syscallno`: the number of the system call.
    OFF_REGS_NR: u64 = 0;
    /// `pt_regs.ip` (`pc` on arm64).
    OFF_REGS_IP: u64 = 0;
    /// `pt_regs.sp`.
    OFF_REGS_SP: u64 = 0;
    /// `pt_regs.bp` (x29 on arm64): the frame pointer of code that keeps one.
    OFF_REGS_BP: u64 = 0;
    /// `pt_regs.di`: the first argument of a system call (`orig_x0` on arm64).
    OFF_REGS_DI: u64 = 0;
    /// `pt_regs.si` (x1 on arm64): the second argument of a system call.
    OFF_REGS_SI: u64 = 0;
    /// `pt_regs.dx` (x2 on arm64): the third argument of a system call.
    OFF_REGS_DX: u64 = 0;
    /// `pt_regs.r8` (x4 on arm64): the fifth argument of a system call.
    OFF_REGS_R8: u64 = 0;
    /// `pt_regs.r9` (x5 on arm64): the sixth argument of a system call.
    OFF_REGS_R9: u64 = 0;
    /// `pt_regs.r14` (x28 on arm64): the goroutine of Go's code.
    OFF_REGS_G: u64 = 0;
}

/// Offset of a field that the running kernel lacks.
pub const ABSENT: u64 = u64::MAX;

/// [`Pairing::Pool`], to match [`PAIRING`] against.
pub const POOL_PAIRING: u32 = Pairing::Pool as u32;
/// [`Pairing::Goroutine`], to match [`PAIRING`] against.
pub const GOROUTINE_PAIRING: u32 = Pairing::Goroutine as u32;
/// [`Pairing::Fifo`], to match [`PAIRING`] against.
pub const FIFO_PAIRING: u32 = Pairing::Fifo as u32;
