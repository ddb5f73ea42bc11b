//! A look at a target before it is recorded: how many events a second the probes will see.
//!
//! The look costs the target nothing. It sees reads, writes and context switches in `/proc`, and
//! misses other system calls, so that it is a lower bound.

use procfs::process::Process as Proc;
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

/// Returns a warning if the processes make so many events that all probes will slow them.
pub fn warning(processes: &[Process], with_descendants: bool) -> Option<String> {
    let tree = ProcessTree::new(processes.to_vec(), with_descendants);
    let pids = tree.pids();
    let (began, before) = (Instant::now(), events(&pids));
    let rate = || events(&pids).saturating_sub(before) as f64 / began.elapsed().as_secs_f64();
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

/// Returns the reads, writes and context switches of processes so far; of what has ended, none.
fn events(pids: &[u32]) -> u64 {
    pids.iter().filter_map(|pid| of_process(*pid)).sum()
}

fn of_process(pid: u32) -> Option<u64> {
    let process = Proc::new(pid.cast_signed()).ok()?;
    let io = process.io().map_or(0, |io| io.syscr + io.syscw);
    let threads = process.tasks().ok()?.flatten();
    let switches = threads.filter_map(|thread| {
        let status = thread.status().ok()?;
        let [own, forced] = [
            status.voluntary_ctxt_switches,
            status.nonvoluntary_ctxt_switches,
        ];
        Some(own.unwrap_or(0) + forced.unwrap_or(0))
    });
    Some(io + switches.sum::<u64>())
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
        let pids = [std::process::id()];
        let before = events(&pids);
        for _ in 0..200 {
            std::fs::read("/proc/self/stat").expect("readable");
        }
        assert!(events(&pids) >= before + 200);
        assert_eq!(events(&[u32::MAX / 2]), 0, "no such process");
    }
}
