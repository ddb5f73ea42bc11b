//! A look at a target before it is recorded: how many events a second the probes will see.
//!
//! The look costs the target nothing. It sees reads, writes and context switches in `/proc`, and
//! misses other system calls, so that it is a lower bound.

use procfs::process::Process as Proc;
use profiler::record::proc_snapshot::tids_of;
use profiler::record::process_tree::ProcessTree;
use profiler::record::target::Process;
use recording::format;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Events a second from which recording with all probes slows a target visibly: at 0.6 µs an event
/// 50,000 of them take 3 % of a CPU.
const MANY: f64 = 50_000.0;
/// First look. A target with far fewer events needs no longer one.
const GLANCE: Duration = Duration::from_millis(100);
/// The whole look.
const LOOK: Duration = Duration::from_secs(1);
/// Most threads that are looked at: `/proc` has a file of each. Of more, an even choice stands for
/// the others.
const MOST_THREADS: usize = 256;

/// Returns a warning if the processes make so many events that all probes will slow them.
pub fn warning(processes: &[Process], with_descendants: bool) -> Option<String> {
    let tree = ProcessTree::new(processes.to_vec(), with_descendants);
    let pids = tree.pids();
    let sample = Sample::of(pids);
    let (began, before) = (Instant::now(), sample.events());
    let rate = || (sample.events() - before).max(0.0) / began.elapsed().as_secs_f64();
    sleep(GLANCE);
    if rate() < MANY / 2.0 {
        return None;
    }
    sleep(LOOK - GLANCE);
    text(rate())
}

fn text(rate: f64) -> Option<String> {
    // Two digits: it is a lower bound.
    let digits = 10_f64.powf(rate.max(1.0).log10().floor() - 1.0);
    let rounded = format::count(((rate / digits).round() * digits) as u64);
    (rate >= MANY).then(|| {
        format!(
            "the target makes at least {rounded} reads, writes and context switches a second; all probes will slow it \
             (docs/recording.md#cost). --probes counters records CPU time, waits, faults and memory at almost no cost"
        )
    })
}

/// Processes, and threads of theirs that stand for all.
struct Sample {
    pids: Vec<u32>,
    /// By process and thread id.
    threads: Vec<(u32, u32)>,
    /// Threads that each stands for.
    weight: f64,
}

impl Sample {
    fn of(pids: Vec<u32>) -> Self {
        let threads = |pid: &u32| {
            let pid = *pid;
            tids_of(pid).into_iter().map(move |tid| (pid, tid))
        };
        let all: Vec<(u32, u32)> = pids.iter().flat_map(threads).collect();
        let step = all.len().div_ceil(MOST_THREADS).max(1);
        let threads: Vec<_> = all.iter().copied().step_by(step).collect();
        Sample {
            pids,
            weight: all.len() as f64 / threads.len().max(1) as f64,
            threads,
        }
    }

    /// Returns the reads, writes and context switches so far; of what has ended, none.
    fn events(&self) -> f64 {
        let calls: u64 = self.pids.iter().filter_map(|pid| calls_of(*pid)).sum();
        let switches: u64 = self.threads.iter().filter_map(switches_of).sum();
        calls as f64 + switches as f64 * self.weight
    }
}

fn calls_of(pid: u32) -> Option<u64> {
    let io = Proc::new(pid.cast_signed()).ok()?.io().ok()?;
    Some(io.syscr + io.syscw)
}

fn switches_of((pid, tid): &(u32, u32)) -> Option<u64> {
    let folder = format!("/proc/{pid}/task/{tid}");
    let status = Proc::new_with_root(folder.into()).ok()?.status().ok()?;
    let [own, forced] = [
        status.voluntary_ctxt_switches,
        status.nonvoluntary_ctxt_switches,
    ];
    Some(own.unwrap_or(0) + forced.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_many_events_only() {
        assert_eq!(text(49_000.0), None);
        let many = text(131_234.0).expect("a warning");
        assert!(
            many.starts_with("the target makes at least 130,000 reads"),
            "{many}"
        );
    }

    #[test]
    fn counts_reads_and_writes_of_this_process() {
        let own = Sample::of(vec![std::process::id()]);
        let before = own.events();
        for _ in 0..200 {
            std::fs::read("/proc/self/stat").expect("readable");
        }
        assert!(own.events() >= before + 200.0);
        let none = Sample::of(vec![u32::MAX / 2]);
        assert_eq!(none.events(), 0.0, "no such process");
    }

    #[test]
    fn looks_at_an_even_choice_of_many_threads() {
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let ended = std::sync::Arc::new(std::sync::Mutex::new(ended));
        let wait = |_| {
            let ended = ended.clone();
            std::thread::spawn(move || {
                // All of them end when the test drops its end.
                let _ = ended.lock().map(|ended| ended.recv());
            })
        };
        let threads: Vec<_> = (0..2 * MOST_THREADS).map(wait).collect();
        let own = Sample::of(vec![std::process::id()]);
        assert!((MOST_THREADS / 2..=MOST_THREADS).contains(&own.threads.len()));
        let all = own.weight * own.threads.len() as f64;
        assert!(all >= 2.0 * MOST_THREADS as f64);
        drop(end);
        for thread in threads {
            thread.join().expect("it only waits");
        }
    }
}
