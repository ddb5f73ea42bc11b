//! Collections and pauses that the kernel's programs counted.

use recording::Recording;
use recording::process::Thread;
use recording::runtime_stats::{GcBursts, GcTimes};
use recording::vocabulary::Runtime;

/// Beginnings of the names of threads of HotSpot's collectors that mark no collection: ZGC and
/// Shenandoah, which stop the program's threads by safepoints alone.
const UNMARKED: [&str; 4] = ["ZDriver", "XDriver", "Shenandoah", "ZWorker"];

/// The counts of one recording.
pub(super) struct Counted<'a> {
    /// Bursts of threads that only collect.
    pub(super) bursts: Option<&'a GcBursts>,
    /// Collections.
    pub(super) collections: Option<u64>,
    /// Pauses that probes measured.
    pub(super) times: Option<GcTimes>,
    /// Whether `times` are of safepoints: those of other operations are among them.
    pub(super) is_of_safepoints: bool,
}

impl<'a> Counted<'a> {
    pub(super) fn of(recording: &'a Recording) -> Self {
        let stats = &recording.runtime_stats;
        let is_java = recording.target.runtime == Runtime::Java;
        let is_unmarked = is_java && recording.threads.iter().any(marks_nothing);
        let calls = stats.gc_calls.as_ref().filter(|_| !is_unmarked);
        // Serial and concurrent collectors of HotSpot have no threads of the name that is counted.
        let bursts = stats.gc_bursts.as_ref();
        let bursts = bursts.filter(|bursts| !is_java || bursts.wakeups > 0);
        let bursts = bursts.filter(|_| !is_unmarked);
        let safepoints = stats.safepoints.filter(|_| is_unmarked);
        let of_safepoints = safepoints.map(|safepoints| GcTimes {
            wall_ns: safepoints.wall_ns,
            on_cpu_ns: safepoints.on_cpu_ns,
            faults: 0,
        });
        let counted = calls.map(|calls| calls.count);
        Counted {
            bursts,
            collections: counted.or(bursts.map(|bursts| bursts.spans.count)),
            times: calls.and_then(|calls| calls.times).or(of_safepoints),
            is_of_safepoints: of_safepoints.is_some(),
        }
    }

    /// Returns whether nothing was counted.
    pub(super) fn is_empty(&self) -> bool {
        self.bursts.is_none() && self.collections.is_none() && self.times.is_none()
    }

    /// Returns the origin of the numbers. `named`: roots of the collector have names.
    pub(super) fn source(&self, named: bool) -> &'static str {
        match (named, self.bursts.is_some(), self.times.is_some()) {
            _ if self.is_of_safepoints => {
                "threads that only collect garbage; pauses: probes on safepoints, also on those of \
                 other operations"
            }
            (_, _, true) => {
                "probes on the function that collects, and call stacks below functions of the \
                 collector"
            }
            (true, true, false) => {
                "call stacks below functions of the collector; pauses: bursts of GC threads, as \
                 far as threads collect in them, and collection outside of them"
            }
            (true, false, false) => {
                "call stacks below functions of the collector; pauses: on-CPU time and \
                 preemption, without waits"
            }
            (false, true, false) => {
                "call stacks below functions that run during bursts of GC threads; pauses: these \
                 bursts, as far as threads collect in them, and collection outside of them"
            }
            (false, false, false) => "threads that only collect garbage",
        }
    }
}

fn marks_nothing(thread: &Thread) -> bool {
    let begins = |start: &&str| thread.name.starts_with(*start);
    UNMARKED.iter().any(begins)
}

/// Returns the thread that stops those of the program to collect garbage, where the runtime has
/// one: HotSpot's VM thread.
pub(super) fn stopping_thread(recording: &Recording) -> Option<&Thread> {
    let is_java = recording.target.runtime == Runtime::Java;
    let mut threads = recording.threads.iter().filter(|_| is_java);
    threads.find(|thread| thread.name == "VM Thread")
}
