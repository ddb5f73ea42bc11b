//! Processes that belong to the target after its search for processes.

use super::super::window::monotonic_ns;
use super::super::{drain, ports};
use super::Session;
use anyhow::Result;

impl Session {
    /// Tracks processes that were forked between the search for descendants and the window.
    pub(super) fn add_late_descendants(&mut self) -> Result<()> {
        let late = self.tree.find_descendants();
        self.opening.before.add(&late);
        drain::add_targets(&mut self.programs.bpf, &late, 0)
    }

    /// Adds the processes that were forked so far, and tracks those that have joined a cgroup of
    /// the target from now on. A member that was forked meanwhile is among the forked ones, since
    /// these are read last.
    pub(super) fn add_joined(&mut self) -> Result<()> {
        let members = self.tree.members();
        self.add_forked()?;
        let joined = self.tree.add_joined(&members);
        if joined.is_empty() {
            return Ok(());
        }
        let now = monotonic_ns();
        self.opening.before.add_joined(&joined, now);
        track(&mut self.programs.bpf, &joined, now)
    }

    /// Adds the processes that were forked so far.
    pub(super) fn add_forked(&mut self) -> Result<()> {
        self.tree.add_forked(drain::forked(&mut self.programs.bpf)?);
        Ok(())
    }
}

/// Tracks processes from `since_ns` on.
fn track(bpf: &mut aya::Ebpf, pids: &[u32], since_ns: u64) -> Result<()> {
    let ports: Vec<u16> = ports::ports_listened_on(pids).into_iter().collect();
    // A full map has room for no more ports; that is no reason to end the recording.
    let _ = drain::fill_set::<u16, u8>(bpf, "LISTENING", &ports);
    drain::add_targets(bpf, pids, since_ns)
}
