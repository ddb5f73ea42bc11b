//! Relays: data that the target received and sent on, and the stages of their proxy latency.

use serde::{Deserialize, Serialize};

/// Relays of about the same length (one bucket of the `proxy_latency` histogram), added up. The
/// four stages add up to the whole of each relay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RelayBucket {
    /// Number of the bucket.
    pub bucket: u32,
    /// Relays.
    pub count: u64,
    /// From data readable until the thread that receives it is woken, ns.
    pub arrival_to_wakeup_ns: u64,
    /// From the wake-up until the thread is on a CPU, ns.
    pub run_queue_ns: u64,
    /// From then until it receives: it finishes other work first, ns.
    pub loop_busy_ns: u64,
    /// From the receive until the data is sent on, ns.
    pub receive_to_send_ns: u64,
}
