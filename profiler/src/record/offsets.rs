//! Offsets of kernel structures, read from the running kernel's BTF: the source contains none.

mod walk;

use super::arch::{Field, REGISTERS};
use anyhow::{Context, Result, anyhow};
use btf_rs::Btf;
use nix::time::{ClockId, clock_getres};
use std::time::Duration;
use walk::{function_parameters, offset, parameters};

/// The file in which the kernel describes its types.
pub const BTF_PATH: &str = "/sys/kernel/btf/vmlinux";

/// Offset of a field that the running kernel lacks.
const ABSENT: u64 = u64::MAX;

/// Fields that depend on the kernel's configuration. The programs do without.
const OPTIONAL: &[Field] = &[
    // CONFIG_FAIR_GROUP_SCHED.
    ("OFF_TASK_CFS_RQ", &[&["task_struct", "se", "cfs_rq"]]),
    // CONFIG_CFS_BANDWIDTH; in wall-clock time since Linux 6.6.
    (
        "OFF_CFS_RQ_THROTTLED",
        &[
            &["cfs_rq", "throttled_clock_self_time"],
            &["cfs_rq", "throttled_clock_pelt_time"],
            &["cfs_rq", "throttled_clock_task_time"],
        ],
    ),
    // CONFIG_CGROUPS.
    ("OFF_TASK_CGROUPS", &[&["task_struct", "cgroups"]]),
    ("OFF_CSS_SET_DFL_CGRP", &[&["css_set", "dfl_cgrp"]]),
    ("OFF_CGROUP_ROOT", &[&["cgroup", "root"]]),
    (
        "OFF_CGROUP_ROOT_HIERARCHY",
        &[&["cgroup_root", "hierarchy_id"]],
    ),
    ("OFF_CGROUP_KN", &[&["cgroup", "kn"]]),
    ("OFF_KERNFS_NODE_ID", &[&["kernfs_node", "id"]]),
    ("OFF_CGROUP_PARENT", &[&["cgroup", "self", "parent"]]),
    // CONFIG_IPV6, CONFIG_UNIX=y.
    ("OFF_SOCK_V6_DADDR", &[&["sock_common", "skc_v6_daddr"]]),
    ("OFF_UNIX_PEER", &[&["unix_sock", "peer"]]),
    ("OFF_UNIX_ADDR", &[&["unix_sock", "addr"]]),
    ("OFF_UNIX_ADDRESS_LEN", &[&["unix_address", "len"]]),
    ("OFF_UNIX_ADDRESS_NAME", &[&["unix_address", "name"]]),
    // Some configurations of future kernels may leave these out; Linux has them since 4.10.
    ("OFF_TCP_CHRONO_STAT", &[&["tcp_sock", "chrono_stat"]]),
    ("OFF_TCP_CHRONO_START", &[&["tcp_sock", "chrono_start"]]),
    ("BIT_TCP_CHRONO_TYPE", &[&["tcp_sock", "chrono_type"]]),
    ("OFF_CSS_CGROUP", &[&["cgroup_subsys_state", "cgroup"]]),
    // Only names of files that are waited for depend on these.
    (
        "OFF_FILE_DENTRY",
        &[
            &["file", "f_path", "dentry"],
            &["file", "__f_path", "dentry"],
        ],
    ),
    // Of two names since Linux 6.17.
    (
        "OFF_DENTRY_NAME",
        &[
            &["dentry", "d_name", "name"],
            &["dentry", "__d_name", "name"],
        ],
    ),
    ("OFF_INODE_NUMBER", &[&["inode", "i_ino"]]),
    ("OFF_INODE_SUPER_BLOCK", &[&["inode", "i_sb"]]),
    ("OFF_SUPER_BLOCK_DEVICE", &[&["super_block", "s_dev"]]),
    // CONFIG_BLOCK. The queue has its disk since Linux 5.15.
    ("OFF_REQUEST_QUEUE", &[&["request", "q"]]),
    ("OFF_REQUEST_FLAGS", &[&["request", "cmd_flags"]]),
    ("OFF_REQUEST_LEN", &[&["request", "__data_len"]]),
    ("OFF_QUEUE_DISK", &[&["request_queue", "disk"]]),
    ("OFF_DISK_MAJOR", &[&["gendisk", "major"]]),
    ("OFF_DISK_MINOR", &[&["gendisk", "first_minor"]]),
    // Linux 5.8.
    ("OFF_ITER_META_SEQ", &[&["bpf_iter_meta", "seq"]]),
];

/// Fields that the programs need.
const FIELDS: &[Field] = &[
    ("OFF_TASK_PID", &[&["task_struct", "pid"]]),
    ("OFF_TASK_TGID", &[&["task_struct", "tgid"]]),
    ("OFF_TASK_THREAD_PID", &[&["task_struct", "thread_pid"]]),
    ("OFF_TASK_GROUP_LEADER", &[&["task_struct", "group_leader"]]),
    ("OFF_PID_LEVEL", &[&["pid", "level"]]),
    ("OFF_PID_NUMBERS", &[&["pid", "numbers"]]),
    ("OFF_NAMESPACE_INUM", &[&["pid_namespace", "ns", "inum"]]),
    // Renamed in Linux 5.14.
    (
        "OFF_TASK_STATE",
        &[&["task_struct", "__state"], &["task_struct", "state"]],
    ),
    ("OFF_TASK_MIN_FLT", &[&["task_struct", "min_flt"]]),
    ("OFF_TASK_MAJ_FLT", &[&["task_struct", "maj_flt"]]),
    ("OFF_TASK_NVCSW", &[&["task_struct", "nvcsw"]]),
    ("OFF_TASK_NIVCSW", &[&["task_struct", "nivcsw"]]),
    (
        "OFF_TASK_EXEC_RUNTIME",
        &[&["task_struct", "se", "sum_exec_runtime"]],
    ),
    (
        "OFF_TASK_RUN_DELAY",
        &[&["task_struct", "sched_info", "run_delay"]],
    ),
    (
        "OFF_TASK_LAST_ARRIVAL",
        &[&["task_struct", "sched_info", "last_arrival"]],
    ),
    (
        "OFF_TASK_LAST_QUEUED",
        &[&["task_struct", "sched_info", "last_queued"]],
    ),
    ("OFF_TASK_COMM", &[&["task_struct", "comm"]]),
    ("OFF_TASK_REAL_PARENT", &[&["task_struct", "real_parent"]]),
    ("OFF_TASK_FLAGS", &[&["task_struct", "flags"]]),
    ("OFF_TASK_FILES", &[&["task_struct", "files"]]),
    ("OFF_FILES_FDT", &[&["files_struct", "fdt"]]),
    ("OFF_FDTABLE_MAX_FDS", &[&["fdtable", "max_fds"]]),
    ("OFF_FDTABLE_FD", &[&["fdtable", "fd"]]),
    ("OFF_FILE_INODE", &[&["file", "f_inode"]]),
    ("OFF_FILE_PRIVATE_DATA", &[&["file", "private_data"]]),
    ("OFF_INODE_MODE", &[&["inode", "i_mode"]]),
    ("OFF_SOCKET_SK", &[&["socket", "sk"]]),
    ("OFF_SOCK_FAMILY", &[&["sock_common", "skc_family"]]),
    ("OFF_SOCK_HASH", &[&["sock_common", "skc_hash"]]),
    ("OFF_SOCK_NUM", &[&["sock_common", "skc_num"]]),
    ("OFF_SOCK_DADDR", &[&["sock_common", "skc_daddr"]]),
    ("OFF_SOCK_DPORT", &[&["sock_common", "skc_dport"]]),
    ("OFF_SOCK_PROTOCOL", &[&["sock", "sk_protocol"]]),
    ("OFF_TCP_WRITE_SEQ", &[&["tcp_sock", "write_seq"]]),
    ("OFF_TCP_SND_NXT", &[&["tcp_sock", "snd_nxt"]]),
    ("OFF_TCP_MSS_CACHE", &[&["tcp_sock", "mss_cache"]]),
    ("OFF_TCP_PACKETS_OUT", &[&["tcp_sock", "packets_out"]]),
    ("BIT_TCP_NONAGLE", &[&["tcp_sock", "nonagle"]]),
];

/// The layout of the running kernel.
#[derive(Debug)]
pub struct Layout {
    /// Value of each global of the programs that depends on the kernel.
    pub offsets: Vec<(&'static str, u64)>,
    /// Whether `sched_switch` passes the previous task's state (Linux 5.18).
    pub switch_has_state: bool,
    /// Parameters of `tcp_recvmsg`: 6 before Linux 5.19.
    pub tcp_recvmsg_parameters: u8,
    /// Whether `splice` and `sendfile` send as `sendmsg` does (Linux 6.5).
    pub splice_sends: bool,
    /// Whether programs can get the registers of the running task (`bpf_task_pt_regs`, Linux 5.15).
    pub reads_registers: bool,
    /// Whether programs can get the stack of another task (`bpf_get_task_stack`, Linux 5.9).
    pub reads_task_stacks: bool,
}

impl Layout {
    /// Reads the running kernel's BTF.
    pub fn of_this_kernel() -> Result<Self> {
        let btf = Btf::from_file(BTF_PATH).map_err(|error| {
            // Its text repeats that of its cause.
            anyhow!("this kernel does not describe its types in {BTF_PATH}: it needs CONFIG_DEBUG_INFO_BTF=y ({error})")
        })?;
        Self::of(&btf)
    }

    fn of(btf: &Btf) -> Result<Self> {
        let needed = FIELDS
            .iter()
            .chain(REGISTERS)
            .map(|(global, paths)| Ok((*global, in_unit(global, first_offset(btf, paths)?))));
        let mut offsets = needed.collect::<Result<Vec<_>>>()?;
        offsets.extend(OPTIONAL.iter().map(|(global, paths)| {
            let bits = first_offset(btf, paths).ok();
            (*global, bits.map_or(ABSENT, |bits| in_unit(global, bits)))
        }));
        offsets.push(("JIFFY_NS", jiffy_ns()));
        Ok(Layout {
            offsets,
            reads_registers: btf.resolve_ids_by_name("bpf_task_pt_regs").is_ok(),
            reads_task_stacks: btf.resolve_ids_by_name("bpf_get_task_stack").is_ok(),
            tcp_recvmsg_parameters: function_parameters(btf, "tcp_recvmsg").unwrap_or(0),
            splice_sends: btf.resolve_ids_by_name("splice_to_socket").is_ok(),
            switch_has_state: parameters(btf, "btf_trace_sched_switch")? >= 5,
        })
    }
}

/// Returns the offset of a field in the unit of its global: bits for `BIT_`, or else bytes.
fn in_unit(global: &str, bits: u64) -> u64 {
    if global.starts_with("BIT_") {
        bits
    } else {
        bits / 8
    }
}

/// Returns the length of a jiffy: the coarse clocks advance with these. 0 if it is not known.
fn jiffy_ns() -> u64 {
    let length = clock_getres(ClockId::CLOCK_MONOTONIC_COARSE).map(Duration::from);
    length.map_or(0, |length| length.as_nanos() as u64)
}

fn first_offset(btf: &Btf, paths: &[&[&str]]) -> Result<u64> {
    let found = paths
        .iter()
        .find_map(|path| offset(btf, path[0], &path[1..]));
    found.with_context(|| format!("this kernel's BTF has no field {}", paths[0].join(".")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_field_of_this_kernel() {
        let layout = Layout::of_this_kernel().expect("the tests need a kernel with BTF");
        assert_eq!(
            layout.offsets.len(),
            FIELDS.len() + REGISTERS.len() + OPTIONAL.len() + 1
        );
        let of = |name| {
            layout
                .offsets
                .iter()
                .find(|(global, _)| *global == name)
                .expect("listed")
                .1
        };
        // Since Linux 2.6 these are 32-bit numbers, one after the other.
        assert_eq!(of("OFF_TASK_TGID"), of("OFF_TASK_PID") + 4);
        // CONFIG_HZ is 100 to 1,000.
        assert!((1_000_000..=10_000_000).contains(&of("JIFFY_NS")));
    }

    #[test]
    fn names_an_unknown_field() {
        let btf = Btf::from_file(BTF_PATH).expect("the tests need a kernel with BTF");
        let error =
            first_offset(&btf, &[&["task_struct", "no_such_field"]]).expect_err("no such field");
        assert!(error.to_string().contains("task_struct.no_such_field"));
    }
}
