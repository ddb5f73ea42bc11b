//! Processes that belong to the target after its search for processes.

use super::super::window::monotonic_ns;
use super::super::{drain, ports};
use super::Session;
use anyhow::Result;

impl Session {
    /// Tracks processes that were forked, or joined a cgroup of the target, between the search for
    /// processes and the window. The programs saw those that came later.
    pub(super) fn add_late(&mut self) -> Result<()> {
        let members = self.tree.members();
        self.add_forked()?;
        let mut late = self.tree.find_descendants();
        late.extend(self.tree.add_joined(&members));
        self.opening.before.add(&late);
        drain::add_targets(&mut self.programs.bpf, &late, 0)
    }

    /// Adds the processes that were forked so far, and tracks those that have joined a cgroup of
    /// the target unseen from now on. A member that was forked meanwhile is among the forked ones,
    /// since these are read last.
    pub(super) fn add_joined(&mut self) -> Result<()> {
        let members = self.tree.members();
        self.add_forked()?;
        let joined = self.tree.add_joined(&members);
        self.track_from_now(&joined)
    }

    /// Adds the processes that the programs track since they were forked or joined a cgroup. The
    /// children that a process had before it joined are tracked from now on.
    pub(super) fn add_forked(&mut self) -> Result<()> {
        let forked = drain::forked(&mut self.programs.bpf)?;
        let joined = self.tree.add_forked(forked);
        if joined.is_empty() {
            return Ok(());
        }
        for (pid, joined_ns) in &joined {
            self.opening.before.add_joined(&[*pid], *joined_ns);
        }
        let pids: Vec<u32> = joined.into_iter().map(|(pid, _)| pid).collect();
        know_ports(&mut self.programs.bpf, &pids);
        let children = self.tree.find_descendants_of(pids);
        self.track_from_now(&children)
    }

    fn track_from_now(&mut self, pids: &[u32]) -> Result<()> {
        if pids.is_empty() {
            return Ok(());
        }
        let now = monotonic_ns();
        self.opening.before.add_joined(pids, now);
        know_ports(&mut self.programs.bpf, pids);
        drain::add_targets(&mut self.programs.bpf, pids, now)
    }
}

/// Adds the ports that processes listen on.
fn know_ports(bpf: &mut aya::Ebpf, pids: &[u32]) {
    let ports: Vec<u16> = ports::ports_listened_on(pids).into_iter().collect();
    // A full map has room for no more ports; that is no reason to end the recording.
    let _ = drain::fill_set::<u16, u8>(bpf, "LISTENING", &ports);
}
