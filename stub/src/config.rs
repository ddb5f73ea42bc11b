//! What the stub was asked to be.

use crate::{fault::Faults, script::Script};
use std::{num::NonZero, time::Duration};

/// How the stub answers.
#[derive(Debug)]
pub struct Config {
    /// Threads that serve; each uses at most one core.
    pub threads: NonZero<usize>,
    /// Resolution of the schedule: what is due within one tick leaves together.
    pub tick: Duration,
    /// What is answered.
    pub script: Script,
    /// What goes wrong with every request that does not ask for faults itself.
    pub faults: Faults,
    /// Where random delays begin; the same seed gives the same delays to the same sequence of requests.
    pub seed: u64,
}

impl Config {
    /// One thread, ticks of a quarter of a millisecond, no faults.
    pub fn new(script: Script) -> Self {
        Self {
            threads: NonZero::<usize>::MIN,
            tick: Duration::from_micros(250),
            script,
            faults: Faults::default(),
            seed: 0,
        }
    }
}
