//! Threads that have ended, and their entries of the programs' maps.

use super::super::drain::{self, Exits};
use anyhow::Result;
use profiler_common::{SyscallStat, ThreadExit};

/// Threads that have ended so far.
pub(super) struct EndedThreads {
    exits: Exits,
    /// The threads.
    pub(super) threads: Vec<ThreadExit>,
    /// Their system calls by serial and number, taken out of their map before it fills.
    pub(super) syscalls: Vec<(u32, u32, SyscallStat)>,
    /// Threads whose system calls are taken.
    taken: usize,
}

impl EndedThreads {
    /// Begins without any.
    pub(super) fn new(exits: Exits) -> Self {
        EndedThreads {
            exits,
            threads: Vec::new(),
            syscalls: Vec::new(),
            taken: 0,
        }
    }

    /// Takes threads out of the ring buffer, so that it does not fill.
    pub(super) fn take(&mut self) {
        self.threads.extend(self.exits.take());
    }

    /// Takes their system calls out of the map long before these could fill it.
    ///
    /// # Errors
    /// The map cannot be read.
    pub(super) fn take_syscalls(&mut self, bpf: &mut aya::Ebpf) -> Result<()> {
        /// Threads, with a dozen kinds of system call each.
        const MANY: usize = 1_000;
        let ended = &self.threads[self.taken..];
        if ended.len() < MANY {
            return Ok(());
        }
        let serials = ended.iter().map(|exit| exit.thread.serial).collect();
        self.taken = self.threads.len();
        self.syscalls.extend(drain::take_syscalls(bpf, &serials)?);
        Ok(())
    }
}
