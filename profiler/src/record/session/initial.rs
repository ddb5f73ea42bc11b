//! Entries of the programs' maps before the window opens.

use super::super::select::Cgroup;
use super::super::syscall_overhead::Calibration;
use super::super::{block_io, drain, memory, peers, ports, run_queue_blame};
use anyhow::Result;
use profiler_common::CgroupKey;
use profiler_common::process::MAX_CGROUPS;
use profiler_common::socket::MAX_PORTS;

/// Fills the maps for some processes.
///
/// # Errors
/// A map cannot be written.
pub(super) fn fill_maps(bpf: &mut aya::Ebpf, pids: &[u32], calibration: Calibration) -> Result<()> {
    drain::set_number(bpf, "SCHED_CLOCK", calibration.sched_clock_offset_ns)?;
    let mut ports: Vec<u16> = ports::ports_listened_on(pids).into_iter().collect();
    ports.truncate(MAX_PORTS as usize);
    drain::fill_set::<u16, u8>(bpf, "LISTENING", &ports)?;
    drain::add_targets(bpf, pids, 0)?;
    let heap_ends = pids
        .iter()
        .filter_map(|pid| Some((*pid, memory::heap_end(*pid)?)));
    drain::fill::<u32, u64>(bpf, "HEAP_ENDS", heap_ends)?;
    let others = run_queue_blame::other_processes();
    drain::fill(bpf, "RUN_QUEUE_BLAME", [others])?;
    peers::make_room(bpf)?;
    block_io::make_room(bpf)?;
    drain::free_slots(bpf)
}

/// Lets the programs track processes that join some cgroups. Those of groups that have no room, or
/// whose hierarchy is not known, are found later by the list of members.
///
/// # Errors
/// The map cannot be written.
pub(super) fn select_cgroups(bpf: &mut aya::Ebpf, cgroups: &[Cgroup]) -> Result<()> {
    let keys: Vec<CgroupKey> = cgroups.iter().filter_map(Cgroup::key).collect();
    let keys = &keys[..keys.len().min(MAX_CGROUPS as usize)];
    drain::fill_set::<CgroupKey, u8>(bpf, "CGROUPS", keys)
}
