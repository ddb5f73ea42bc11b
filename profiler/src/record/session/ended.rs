//! Threads that have ended, and their entries of the programs' maps.

use super::super::drain::{self, Exits};
use anyhow::Result;
use profiler_common::{SyscallStat, Thread, ThreadExit};
use std::collections::{BTreeSet, VecDeque};

/// System calls by serial and number.
type Calls = Vec<(u32, u32, SyscallStat)>;

/// Threads that have ended so far.
pub(super) struct EndedThreads {
    exits: Exits,
    /// The threads, without those that were forgotten.
    threads: Vec<ThreadExit>,
    forgotten: usize,
    /// Their times, added up.
    forgotten_times: Thread,
    /// Their system calls, taken out of their map before it fills.
    calls: VecDeque<Batch>,
    /// Batches that were forgotten.
    forgotten_batches: usize,
    /// Threads whose system calls are taken, forgotten ones included.
    taken: usize,
}

/// System calls that were taken together.
struct Batch {
    /// Threads that had ended by then.
    threads: usize,
    calls: Calls,
}

impl EndedThreads {
    /// Begins without any.
    pub(super) fn new(exits: Exits) -> Self {
        EndedThreads {
            exits,
            threads: Vec::new(),
            forgotten: 0,
            forgotten_times: Thread::default(),
            calls: VecDeque::new(),
            forgotten_batches: 0,
            taken: 0,
        }
    }

    /// Takes threads out of the ring buffer, so that it does not fill.
    pub(super) fn take(&mut self) {
        self.threads.extend(self.exits.take());
    }

    /// Returns how many there were so far.
    pub(super) fn count(&self) -> usize {
        self.forgotten + self.threads.len()
    }

    /// Returns those after the first `count`, without those that were forgotten.
    pub(super) fn since(&self, count: usize) -> &[ThreadExit] {
        &self.threads[count.saturating_sub(self.forgotten).min(self.threads.len())..]
    }

    /// Returns the processes of those after the first `count`.
    pub(super) fn processes(&self, count: usize) -> BTreeSet<u32> {
        let threads = self.since(count).iter();
        threads.map(|exit| exit.thread.tgid).collect()
    }

    /// Returns the system calls taken after the first `batches` batches, and the number of these
    /// now.
    pub(super) fn calls_since(&self, batches: usize) -> (Calls, usize) {
        let known = batches.saturating_sub(self.forgotten_batches);
        let later = self.calls.iter().skip(known);
        let calls = later.flat_map(|batch| batch.calls.iter().copied());
        (calls.collect(), self.forgotten_batches + self.calls.len())
    }

    /// Returns threads whose on-CPU times add up to those of all.
    pub(super) fn times(&self) -> impl Iterator<Item = Thread> {
        let threads = self.threads.iter().map(|exit| exit.thread);
        threads.chain([self.forgotten_times])
    }

    /// Forgets the first `count` threads, and their system calls. Those whose calls are in the map
    /// still are kept until these are taken.
    pub(super) fn forget(&mut self, count: usize) {
        let count = count.min(self.taken);
        for exit in self.threads.drain(..count.saturating_sub(self.forgotten)) {
            self.forgotten_times.on_cpu_ns += exit.thread.on_cpu_ns;
            self.forgotten_times.syscall_ns += exit.thread.syscall_ns;
        }
        self.forgotten = self.forgotten.max(count);
        while self
            .calls
            .front()
            .is_some_and(|batch| batch.threads <= count)
        {
            self.calls.pop_front();
            self.forgotten_batches += 1;
        }
    }

    /// Takes their system calls out of the map long before these could fill it.
    ///
    /// # Errors
    /// The map cannot be read.
    pub(super) fn take_syscalls(&mut self, bpf: &mut aya::Ebpf) -> Result<()> {
        /// Threads, with a dozen kinds of system call each.
        const MANY: usize = 1_000;
        let count = self.count();
        if count - self.taken < MANY {
            return Ok(());
        }
        let ended = self.since(self.taken).iter();
        let serials = ended.map(|exit| exit.thread.serial).collect();
        let calls = drain::take_syscalls(bpf, &serials)?;
        self.taken = count;
        self.calls.push_back(Batch {
            threads: count,
            calls,
        });
        Ok(())
    }
}
