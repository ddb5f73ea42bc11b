//! The kernel's accounting of each thread, including those that begin and end in the window.
//!
//! Programs run only where a thread begins or ends; at switches and system calls nothing runs but
//! the kernel's own counting.

use super::drain::{self, Exits};
use super::probe_groups::LIFETIMES;
use super::proc_snapshot::ProcSnapshot;
use super::programs::{ProbeConfig, Programs};
use super::threads::{self, JoinedThread};
use super::window::Span;
use super::{Options, checks};
use anyhow::Result;
use profiler_common::thread::FLAG_EXITING;
use profiler_common::{Forked, Thread as Tracked, ThreadExit};
use recording::observer::{Check, ProbeGroupStatus};
use recording::process::Thread;
use std::time::Duration;

/// Attached programs that see threads begin and end.
pub struct ThreadExits {
    programs: Programs,
    exits: Exits,
    ended: Vec<ThreadExit>,
}

/// The accounting of a window.
pub struct Accounted {
    /// The threads, with the kernel's accounting of each.
    pub threads: Vec<Thread>,
    /// CPU time of the processes by their clocks, or for ended ones by the kernel's accounting of
    /// their threads; `None` if that of a thread is not known.
    pub cpu_clock_ns: Option<u64>,
    /// The threads as the programs saw them.
    pub joined: Vec<JoinedThread>,
    /// The programs' probe group.
    pub probe_groups: Vec<ProbeGroupStatus>,
    /// Threads that the map had no room for.
    pub lost_events: u64,
    /// Checks of the threads.
    pub checks: Vec<Check>,
}

impl ThreadExits {
    /// Attaches the programs.
    ///
    /// # Errors
    /// The kernel refuses one.
    pub fn attach(tgids: &[u32], options: &Options) -> Result<Self> {
        let config = ProbeConfig {
            follow_forks: options.follow_forks,
            ..ProbeConfig::minimal(options.log_programs, &options.hooks)
        };
        let mut programs = Programs::attach_some(&config, LIFETIMES.iter())?;
        drain::add_targets(&mut programs.bpf, tgids, 0)?;
        drain::free_slots(&mut programs.bpf)?;
        let exits = Exits::new(&mut programs.bpf)?;
        Ok(ThreadExits {
            programs,
            exits,
            ended: Vec::new(),
        })
    }

    /// Opens the window.
    ///
    /// # Errors
    /// The map of the window cannot be written.
    pub fn open(&mut self, start_ns: u64) -> Result<()> {
        drain::set_window(&mut self.programs.bpf, start_ns)
    }

    /// Detaches the programs. They stay loaded.
    pub fn detach(&mut self) {
        self.programs.detach();
    }

    /// Attaches the programs again after [`Self::detach`].
    ///
    /// # Errors
    /// The kernel refuses one.
    pub fn attach_again(&mut self) -> Result<()> {
        self.programs.attach_again()
    }

    /// Takes ended threads out of the ring buffer, so that it does not fill.
    pub fn take(&mut self) {
        self.ended.extend(self.exits.take());
    }

    /// Tracks more processes, from `since_ns` on; 0 is the start of the window.
    ///
    /// # Errors
    /// A map cannot be written.
    pub fn add_targets(&mut self, tgids: &[u32], since_ns: u64) -> Result<()> {
        drain::add_targets(&mut self.programs.bpf, tgids, since_ns)
    }

    /// Takes the processes that were forked since the last call.
    ///
    /// # Errors
    /// The map cannot be read.
    pub fn forked(&mut self) -> Result<Vec<(u32, Forked)>> {
        drain::forked(&mut self.programs.bpf)
    }

    /// Closes the window. `before` and `after` are the accounting at its start and end.
    ///
    /// # Errors
    /// The maps cannot be read.
    pub fn finish(
        mut self,
        before: &ProcSnapshot,
        after: &ProcSnapshot,
        span: Span,
    ) -> Result<Accounted> {
        self.await_exiting(after)?;
        drain::set_window(&mut self.programs.bpf, 0)?;
        self.take();
        let drained = drain::drain(&self.programs.bpf)?;
        let consumed = self.ended.len() as u64;
        // The programs record events until they are closed. Threads that began after `after` was
        // read were not in the window; threads that `after` has ended behind it.
        let in_window = |thread: &Tracked| thread.first_seen_ns < span.end_ns;
        let still_there = |thread: &Tracked| after.threads.contains_key(&thread.tid);
        self.ended
            .retain(|exit| in_window(&exit.thread) && !still_there(&exit.thread));
        let mut live = drained.live;
        live.retain(in_window);
        let joined = threads::join(&live, &self.ended, before, after, span);
        let threads: Vec<Thread> = joined.iter().map(|joined| thread(joined, span)).collect();
        let counters = (&drained.counters, consumed);
        let of_live = after.cpu_clock_since(before);
        let clock_ns = threads::cpu_clock_of_ended(&joined, after).map(|ended| ended + of_live);
        Ok(Accounted {
            cpu_clock_ns: clock_ns,
            checks: checks::of_accounting(&threads, span, clock_ns, counters),
            lost_events: drained.counters.lost(),
            probe_groups: self.programs.costs(),
            threads,
            joined,
        })
    }

    /// Waits for the accounting of threads that are exiting. The kernel frees a thread, and the
    /// program reports it, only after a grace period of RCU.
    fn await_exiting(&mut self, after: &ProcSnapshot) -> Result<()> {
        const PAUSE: Duration = Duration::from_millis(10);
        const PAUSES: usize = 50;
        let exiting = |thread: &Tracked| {
            thread.flags & FLAG_EXITING != 0 && !after.threads.contains_key(&thread.tid)
        };
        for _ in 0..PAUSES {
            if !drain::threads(&self.programs.bpf)?.iter().any(exiting) {
                break;
            }
            std::thread::sleep(PAUSE);
            self.take();
        }
        Ok(())
    }
}

/// Makes a thread of the kernel's accounting. Readings a moment before or after the window may
/// exceed it, so times are limited to the thread's life inside the window.
fn thread(joined: &JoinedThread, span: Span) -> Thread {
    let tracked = &joined.tracked;
    let kernel = joined.kernel.clone().unwrap_or_default();
    let end_ns = joined.exited_ns.unwrap_or(span.end_ns);
    let lifetime_ns = end_ns.saturating_sub(tracked.first_seen_ns);
    let on_cpu_ns = kernel.exec_ns.min(lifetime_ns);
    let run_queue_ns = kernel.run_delay_ns.min(lifetime_ns - on_cpu_ns);
    Thread {
        tid: tracked.tid,
        pid: tracked.tgid,
        name: joined.name.clone(),
        on_cpu_ns,
        run_queue_ns,
        off_cpu_ns: lifetime_ns - on_cpu_ns - run_queue_ns,
        voluntary_switches: kernel.voluntary,
        involuntary_switches: kernel.involuntary,
        started_ns: joined.started_in(span),
        exited_ns: joined.exited_in(span),
        ..Thread::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::proc_snapshot::TaskAccounting;
    use profiler_common::thread::FLAG_BORN;

    const SPAN: Span = Span {
        start_ns: 1_000,
        end_ns: 2_000,
    };

    fn joined(kernel: Option<TaskAccounting>) -> JoinedThread {
        let tracked = Tracked {
            tid: 7,
            first_seen_ns: SPAN.start_ns,
            flags: FLAG_BORN,
            ..Tracked::default()
        };
        JoinedThread {
            tracked,
            name: "worker".into(),
            exited_ns: Some(1_600),
            kernel,
            early_ns: 0,
            open_wait_ns: 0,
        }
    }

    fn times(kernel: Option<TaskAccounting>) -> [u64; 3] {
        let thread = thread(&joined(kernel), SPAN);
        [thread.on_cpu_ns, thread.run_queue_ns, thread.off_cpu_ns]
    }

    #[test]
    fn fills_the_lifetime_with_the_kernels_times() {
        let kernel = |exec_ns, run_delay_ns| {
            Some(TaskAccounting {
                exec_ns,
                run_delay_ns,
                ..TaskAccounting::default()
            })
        };
        assert_eq!(times(kernel(100, 50)), [100, 50, 450]);
        assert_eq!(times(kernel(700, 50)), [600, 0, 0], "no more than there is");
        assert_eq!(times(None), [0, 0, 600], "no accounting");
        let thread = thread(&joined(None), SPAN);
        assert_eq!((thread.started_ns, thread.exited_ns), (Some(0), Some(600)));
    }
}
