//! State of one worker thread, shared by its users and the coordinator.

use super::control::Control;
use crate::client::{Received, Target, Wire};
use crate::measure::Counters;
use crate::plan::Plan;
use crate::sse::Scanner;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// State of one worker thread.
#[derive(Debug)]
pub struct WorkerState {
    /// Load to offer.
    pub plan: Arc<Plan>,
    /// Start and end of the load.
    pub control: Arc<Control>,
    /// Number of the thread, from 0.
    pub number: usize,
    /// Bytes on its sockets.
    pub wire: Arc<Wire>,
    /// Tokens and chunks received so far, cut streams included.
    pub received: Received,
    /// Parser of stream events.
    pub scanner: Scanner,
    counters: Mutex<Counters>,
}

impl WorkerState {
    /// Returns the state of worker `number` before its first request.
    pub fn new(plan: Arc<Plan>, control: Arc<Control>, number: usize) -> Self {
        Self {
            control,
            number,
            wire: Arc::default(),
            received: Received::default(),
            scanner: Scanner {
                selection: plan.format,
                keep_text: plan.conversation > 1,
                in_array: false,
            },
            plan,
            counters: Mutex::default(),
        }
    }

    /// Locks the counters. Only the coordinator contends for the lock, five times a second.
    pub fn counters(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the target of user or stream `index`; users take turns.
    pub fn target(&self, index: usize) -> &Target {
        &self.plan.targets[index % self.plan.targets.len()]
    }
}
