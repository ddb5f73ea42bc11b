//! Runtime activity that the kernel can see: event-loop iterations, bursts of garbage collection
//! threads, and goroutines that take turns on a thread.

use crate::Histogram;
use serde::{Deserialize, Serialize};

/// Iterations of an event loop. An *iteration* lasts from the return of a call that waits for
/// events (see [`crate::vocabulary::is_event_wait`]) to the entry of the next one.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EventLoop {
    /// Lengths of the iterations that ended inside the window, in ns of wall-clock time.
    pub iterations: Histogram,
    /// Lengths of the iterations after which events were ready at once, so that the wait did not
    /// sleep: an upper bound of how long such an event had waited.
    pub lag_bound: Histogram,
    /// Waits that returned no event.
    pub empty_polls: u64,
    /// Empty polls that did not sleep either.
    pub busy_polls: u64,
}

/// Activity of a runtime's own parts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RuntimeStats {
    /// Bursts of garbage collection threads; absent where such threads cannot be recognised by
    /// name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gc_bursts: Option<GcBursts>,
    /// Collections that probes counted; absent where no function of the collector has a name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gc_calls: Option<GcCalls>,
    /// Safepoints that probes counted; absent where the runtime has none, or nothing names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub safepoints: Option<Safepoints>,
    /// Goroutines on their threads; absent where the runtime has none, or they cannot be
    /// distinguished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goroutines: Option<Goroutines>,
}

impl RuntimeStats {
    /// Returns whether no activity was recorded.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Bursts of wake-ups of garbage collection threads: wake-ups at most 3 ms apart are one burst.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GcBursts {
    /// Wake-ups of the threads.
    pub wakeups: u64,
    /// Total length of the bursts, ns: each from its first wake-up until the last of the threads
    /// left its CPU.
    pub span_ns: u64,
    /// Length of each burst, ns.
    pub spans: Histogram,
}

/// Calls of a function that the runtime calls once for each garbage collection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GcCalls {
    /// The function.
    pub function: String,
    /// Calls, without those inside another.
    pub count: u64,
    /// Their time; absent for Go, whose functions must not be probed on return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<GcTimes>,
}

impl GcCalls {
    /// Returns the calls since `before`, an earlier state of the same counts.
    pub fn since(&self, before: &Self) -> Self {
        let times = self.times.zip(before.times);
        GcCalls {
            function: self.function.clone(),
            count: self.count.saturating_sub(before.count),
            times: times.map(|(now, before)| GcTimes {
                wall_ns: now.wall_ns.saturating_sub(before.wall_ns),
                on_cpu_ns: now.on_cpu_ns.saturating_sub(before.on_cpu_ns),
                faults: now.faults.saturating_sub(before.faults),
            }),
        }
    }
}

/// Safepoints of a JVM: it stops every thread that runs Java code, for a collection or another
/// operation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Safepoints {
    /// Safepoints.
    pub count: u64,
    /// Wall-clock time from the request to stop until threads may run again, ns.
    pub wall_ns: u64,
    /// On-CPU time of the thread that stops the others meanwhile, ns.
    pub on_cpu_ns: u64,
}

impl Safepoints {
    /// Returns the safepoints since `before`, an earlier state of the same counts.
    pub fn since(&self, before: &Self) -> Self {
        Safepoints {
            count: self.count.saturating_sub(before.count),
            wall_ns: self.wall_ns.saturating_sub(before.wall_ns),
            on_cpu_ns: self.on_cpu_ns.saturating_sub(before.on_cpu_ns),
        }
    }
}

/// Time and page faults of threads from call to return.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GcTimes {
    /// Wall-clock time, ns.
    pub wall_ns: u64,
    /// On-CPU time, ns.
    pub on_cpu_ns: u64,
    /// Page faults.
    pub faults: u64,
}

/// Goroutines on their threads, recognised by the calls that move data. A goroutine that ended and
/// one that began in its place look like one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goroutines {
    /// Times a goroutine moved data on a thread on which another had moved data last.
    pub switches: u64,
    /// Receives from a socket by goroutines that had received before.
    pub receives: u64,
    /// Receives on another thread than the goroutine's receive before.
    pub migrated: u64,
}
