//! Entries of the programs' maps before the window opens.

use super::super::{drain, memory, ports, run_queue_blame};
use anyhow::Result;
use profiler_common::socket::MAX_PORTS;

/// Fills the maps for some processes.
///
/// # Errors
/// A map cannot be written.
pub(super) fn fill_maps(bpf: &mut aya::Ebpf, pids: &[u32]) -> Result<()> {
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
    drain::free_slots(bpf)
}
