//! Everything a run needs to know, settled before it begins.

use crate::checks::Checks;
use crate::client::{Request, Target};
use crate::scenario::{Shape, Unit};
use std::time::Duration;

/// A load, ready to be offered.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The scenario's name.
    pub scenario: String,
    /// How much load when.
    pub shape: Shape,
    /// Where to.
    pub target: Target,
    /// What is sent.
    pub request: Request,
    /// What must come back.
    pub checks: Checks,
    /// How long streams under way may go on after the last one began.
    pub graceful_stop: Duration,
    /// How long one answer may take.
    pub timeout: Duration,
    /// Worker threads.
    pub threads: usize,
}

impl Plan {
    /// Requests a second asked for on average; 0 in a closed loop.
    pub fn requested_rate(&self) -> f64 {
        match self.shape.unit {
            Unit::Users => 0.0,
            Unit::Rate => self.shape.mean(),
        }
    }
}
