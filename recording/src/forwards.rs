//! What the time from socket in to socket out was made of.

use serde::{Deserialize, Serialize};

/// Forwards of about the same length (one bucket of the `forwarding` histogram), added up. The four times are the whole
/// of each.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Forwards {
    /// Number of the bucket.
    pub bucket: u32,
    /// How many.
    pub count: u64,
    /// From data readable until the thread that receives it is woken, ns.
    pub until_woken_ns: u64,
    /// From then until it is on a CPU.
    pub run_queue_ns: u64,
    /// From then until it receives: it does something else first.
    pub until_received_ns: u64,
    /// From then until the data is sent on.
    pub until_sent_ns: u64,
}
