//! The account that the kernel keeps of each thread, those that begin and end in the window included.
//!
//! Programs run only where a thread begins or ends: what happens at every switch or call is counted by nobody but the kernel.

use super::assemble::{self, Known, Span};
use super::drain::{self, Exits};
use super::kernel_truth::Truth;
use super::probe_groups::LIFETIMES;
use super::programs::{ProbeConfig, Programs};
use super::{Options, checks};
use anyhow::Result;
use profiler_common::thread::FLAG_EXITING;
use profiler_common::{Thread as Tracked, ThreadExit};
use recording::observer::{Check, Signal};
use recording::process::Thread;
use std::time::Duration;

/// Attached programs that see threads begin and end.
pub struct Lifetimes {
    programs: Programs,
    exits: Exits,
    ended: Vec<ThreadExit>,
}

/// What became known of threads.
pub struct Counted {
    /// The threads, with the kernel's account of each.
    pub threads: Vec<Thread>,
    /// What served them.
    pub signals: Vec<Signal>,
    /// Threads for which there was no room.
    pub lost_events: u64,
    /// What holds them to account.
    pub checks: Vec<Check>,
}

impl Lifetimes {
    /// Attaches the programs.
    ///
    /// # Errors
    /// The kernel refuses them.
    pub fn attach(tgids: Vec<u32>, options: &Options) -> Result<Self> {
        let config = ProbeConfig::minimal(tgids, options.log_programs, &options.hooks);
        let mut programs = Programs::attach_some(&config, LIFETIMES.iter())?;
        drain::fill_set::<u32, u32>(&mut programs.bpf, "TARGETS", &config.tgids)?;
        drain::free_slots(&mut programs.bpf)?;
        let exits = Exits::new(&mut programs.bpf)?;
        Ok(Lifetimes {
            programs,
            exits,
            ended: Vec::new(),
        })
    }

    /// Opens the window.
    ///
    /// # Errors
    /// As the kernel's.
    pub fn open(&mut self, start_ns: u64) -> Result<()> {
        drain::set_window(&mut self.programs.bpf, start_ns)
    }

    /// Takes the programs off their hooks,
    pub fn detach(&mut self) {
        self.programs.detach();
    }

    /// or puts them back.
    ///
    /// # Errors
    /// The kernel refuses one.
    pub fn attach_again(&mut self) -> Result<()> {
        self.programs.attach_again()
    }

    /// Takes threads that ended out of the ring buffer; often enough, it never fills.
    pub fn take_ended(&mut self) {
        self.ended.extend(self.exits.take());
    }

    /// Closes the window, after which the kernel's accounts are `after`; `clock_ns` is its account of the processes, where it
    /// could be read.
    ///
    /// # Errors
    /// The maps cannot be read.
    pub fn end(
        mut self,
        before: &Truth,
        after: &Truth,
        span: Span,
        clock_ns: Option<u64>,
    ) -> Result<Counted> {
        self.await_ending(after)?;
        drain::set_window(&mut self.programs.bpf, 0)?;
        self.take_ended();
        let drained = drain::drain(&self.programs.bpf)?;
        let consumed = self.ended.len() as u64;
        // Programs see what comes until they are closed: who began after the accounts were read was not in the window, and who was
        // there then has ended after it.
        let in_window = |thread: &Tracked| thread.first_seen_ns < span.end_ns;
        let still_there = |thread: &Tracked| after.threads.contains_key(&thread.tid);
        self.ended
            .retain(|exit| in_window(&exit.thread) && !still_there(&exit.thread));
        let mut live = drained.live;
        live.retain(in_window);
        let known = assemble::known_threads(&live, &self.ended, before, after, span);
        let threads: Vec<Thread> = known.iter().map(|known| thread(known, span)).collect();
        let counters = (&drained.counters, consumed);
        Ok(Counted {
            checks: checks::of_accounts(&threads, span, clock_ns, counters),
            lost_events: drained.counters.lost(),
            signals: self.programs.costs(),
            threads,
        })
    }

    /// Waits for the accounts of threads that have just ended: they are told once no part of the kernel looks at the thread any
    /// more (a grace period of RCU).
    fn await_ending(&mut self, after: &Truth) -> Result<()> {
        const PAUSE: Duration = Duration::from_millis(10);
        const PAUSES: usize = 50;
        let ending = |thread: &Tracked| {
            thread.flags & FLAG_EXITING != 0 && !after.threads.contains_key(&thread.tid)
        };
        for _ in 0..PAUSES {
            if !drain::threads(&self.programs.bpf)?.iter().any(ending) {
                break;
            }
            std::thread::sleep(PAUSE);
            self.take_ended();
        }
        Ok(())
    }
}

/// A thread as the kernel accounts for it. What was read a moment before or after the window cannot exceed it.
fn thread(known: &Known, span: Span) -> Thread {
    let tracked = &known.tracked;
    let truth = known.truth.clone().unwrap_or_default();
    let end_ns = known.exited_ns.unwrap_or(span.end_ns);
    let lifetime_ns = end_ns.saturating_sub(tracked.first_seen_ns);
    let on_cpu_ns = truth.exec_ns.min(lifetime_ns);
    let run_queue_ns = truth.run_delay_ns.min(lifetime_ns - on_cpu_ns);
    Thread {
        tid: tracked.tid,
        name: known.name.clone(),
        on_cpu_ns,
        run_queue_ns,
        off_cpu_ns: lifetime_ns - on_cpu_ns - run_queue_ns,
        voluntary_switches: truth.voluntary,
        involuntary_switches: truth.involuntary,
        started_ns: known.started_in(span),
        exited_ns: known.exited_in(span),
        ..Thread::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::kernel_truth::ThreadTruth;
    use profiler_common::thread::FLAG_BORN;

    const SPAN: Span = Span {
        start_ns: 1_000,
        end_ns: 2_000,
    };

    fn known(truth: Option<ThreadTruth>) -> Known {
        let tracked = Tracked {
            tid: 7,
            first_seen_ns: SPAN.start_ns,
            flags: FLAG_BORN,
            ..Tracked::default()
        };
        Known {
            tracked,
            name: "worker".into(),
            exited_ns: Some(1_600),
            truth,
            early_ns: 0,
        }
    }

    fn times(truth: Option<ThreadTruth>) -> [u64; 3] {
        let thread = thread(&known(truth), SPAN);
        [thread.on_cpu_ns, thread.run_queue_ns, thread.off_cpu_ns]
    }

    #[test]
    fn times_are_the_kernels_and_fill_the_lifetime() {
        let truth = |exec_ns, run_delay_ns| {
            Some(ThreadTruth {
                exec_ns,
                run_delay_ns,
                ..ThreadTruth::default()
            })
        };
        assert_eq!(times(truth(100, 50)), [100, 50, 450]);
        assert_eq!(times(truth(700, 50)), [600, 0, 0], "no more than there is");
        assert_eq!(times(None), [0, 0, 600], "nothing known");
        let thread = thread(&known(None), SPAN);
        assert_eq!((thread.started_ns, thread.exited_ns), (Some(0), Some(600)));
    }
}
