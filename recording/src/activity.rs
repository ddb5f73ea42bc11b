//! What a runtime did, told by what the kernel saw of it: turns of event loops, bursts of collector threads, goroutines
//! that take turns on a thread.

use crate::Histogram;
use serde::{Deserialize, Serialize};

/// How a thread went round its loop. A *tick* is from where a call that waits for events (`epoll_wait`, `epoll_pwait`,
/// `epoll_pwait2`, `poll`, `ppoll`, `select`, `pselect6`) returned to where the thread entered the next.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Waits {
    /// Lengths of the ticks that ended inside the window, ns of the clock: on a CPU or not.
    pub ticks: Histogram,
    /// Lengths of the ticks at whose end events were there already, so that the wait did not sleep: an event had waited
    /// no longer than that.
    pub late: Histogram,
    /// Waits that brought no event.
    pub empty: u64,
    /// Of these, waits that did not sleep either.
    pub spun: u64,
}

/// What a runtime's own parts did, where the kernel sees it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Activity {
    /// Bursts of the threads that collect garbage; absent where such threads are not known by their name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collector: Option<Collector>,
    /// Goroutines on their threads; absent where the runtime has none, or they cannot be told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goroutines: Option<Goroutines>,
}

impl Activity {
    /// Whether nothing of it is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Bursts of wake-ups of collector threads: wake-ups at most 3 ms apart are one burst.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Collector {
    /// Wake-ups of the threads.
    pub wakeups: u64,
    /// How long the bursts together were, ns: each from its first wake-up until the last of the threads
    /// left its CPU.
    pub span_ns: u64,
    /// How long each was.
    pub spans: Histogram,
}

/// Goroutines on their threads, as the calls tell by which they move data. A goroutine that ended and one that began
/// in its place look like one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Goroutines {
    /// Times a goroutine moved data on a thread on which another had done so last.
    pub switches: u64,
    /// Receives from a socket by goroutines that had received before,
    pub receives: u64,
    /// and, of these, those on another thread than the receive before.
    pub moves: u64,
}
