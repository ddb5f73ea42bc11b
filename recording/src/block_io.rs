//! Requests to block devices.

use crate::Histogram;
use crate::process::is_zero;
use crate::vocabulary::{BlockOperation, Submitter};
use serde::{Deserialize, Serialize};

/// Requests of one kind to one device that ended in the window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BlockIo {
    /// Name of the whole device, such as `nvme0n1`; `MAJOR:MINOR` where it has gone. Never trusted,
    /// renderers escape it. `None` for all devices together that are not listed one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The operation.
    pub operation: BlockOperation,
    /// Whose thread submitted the requests.
    pub submitter: Submitter,
    /// Requests.
    pub requests: u64,
    /// Share of `requests` that failed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub errors: u64,
    /// Bytes.
    pub bytes: u64,
    /// Total time in the queue, from insert to issue.
    pub queue_ns: u64,
    /// Total time at the device, from issue to completion. Requests overlap.
    pub service_ns: u64,
    /// Distribution of the time in the queue, ns.
    pub queue: Histogram,
    /// Distribution of the time at the device, ns.
    pub service: Histogram,
}

impl BlockIo {
    /// Returns the mean time in the queue and at the device, ns.
    pub fn mean_ns(&self) -> (f64, f64) {
        let requests = self.requests.max(1) as f64;
        (
            self.queue_ns as f64 / requests,
            self.service_ns as f64 / requests,
        )
    }
}
