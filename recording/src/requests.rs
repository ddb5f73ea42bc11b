//! Requests in flight, and in which states the threads are that serve them.
//!
//! A thread serves a request from its first to its last receive or send for it. A request lasts
//! from its receive to the last send before the next receive of its connection.

use crate::process::is_zero;
use crate::tokens::PathPart;
use crate::vocabulary::Role;
use serde::{Deserialize, Serialize};

/// Requests of the time that the timeline covers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Requests {
    /// Requests that began and ended in that time.
    pub count: u64,
    /// That time: the last part of the window.
    pub covered_ns: u64,
    /// Mean length of these requests.
    pub mean_ns: u64,
    /// Requests in flight, on the average of the time, those that began before or end later
    /// included.
    pub in_flight: f64,
    /// Mean time of the threads that serve a request, by state, largest first: as long as the
    /// request where one thread serves it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PathPart>,
    /// Sleep of threads in requests by the chain of wake-ups that ended it, longest first; smaller
    /// ones are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chains: Vec<WakeChain>,
    /// Threads that had an event in that time, by time in requests.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub threads: Vec<ThreadStates>,
}

impl Requests {
    /// Returns whether no request was recorded.
    pub fn is_empty(&self) -> bool {
        self.count == 0 && self.threads.is_empty()
    }
}

/// Sleep that one chain of wake-ups ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WakeChain {
    /// Role of the thread that slept while it served a request.
    pub sleeper: Role,
    /// Its system call; empty outside of one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub syscall: String,
    /// Roles of the thread that woke it, of the one that had woken that thread since the sleep
    /// began, and so on, up to five. The last one is an interrupt, another process, or a thread
    /// that was awake all the time. Empty for sleep that lasted beyond the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Role>,
    /// The sleep, of all requests.
    pub ns: u64,
    /// Sleeps.
    pub count: u64,
}

/// States of a thread. They add up to its lifetime in the time that the timeline covers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThreadStates {
    /// Index of the thread in `threads`.
    pub thread: usize,
    /// While it served a request: sleep is blocked time.
    pub in_request: StateTimes,
    /// At other times: sleep is idle time.
    pub outside: StateTimes,
}

/// Times by state, ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StateTimes {
    /// On a CPU, in user code or in the kernel.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub on_cpu_ns: u64,
    /// On a CPU or asleep while its runtime collected garbage.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub gc_ns: u64,
    /// Runnable after a wake-up.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub run_queue_ns: u64,
    /// Runnable after a preemption.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub preempted_ns: u64,
    /// Runnable, but throttled by a CPU quota.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub throttled_ns: u64,
    /// On a CPU without running: steal and interrupts. Parts below 20 µs are in `on_cpu_ns`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub stolen_ns: u64,
    /// Asleep.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub asleep_ns: u64,
}

impl StateTimes {
    /// Adds other times.
    pub fn add(&mut self, other: &Self) {
        self.on_cpu_ns += other.on_cpu_ns;
        self.gc_ns += other.gc_ns;
        self.run_queue_ns += other.run_queue_ns;
        self.preempted_ns += other.preempted_ns;
        self.throttled_ns += other.throttled_ns;
        self.stolen_ns += other.stolen_ns;
        self.asleep_ns += other.asleep_ns;
    }

    /// Returns the sum.
    pub fn whole_ns(&self) -> u64 {
        self.on_cpu_ns
            + self.gc_ns
            + self.run_queue_ns
            + self.preempted_ns
            + self.throttled_ns
            + self.stolen_ns
            + self.asleep_ns
    }
}
