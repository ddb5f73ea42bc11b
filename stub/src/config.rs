//! The stub's configuration.

use crate::{fault::Faults, script::Script};
use std::{num::NonZero, time::Duration};

/// The stub's configuration.
#[derive(Debug)]
pub struct Config {
    /// Worker threads; each uses at most one core.
    pub threads: NonZero<usize>,
    /// Resolution of the schedule: events due within one tick are written together.
    pub tick: Duration,
    /// Replies.
    pub script: Script,
    /// Sets of faults of requests without an `x-stub-fault` header. The first set that applies to a
    /// request counts.
    pub faults: Vec<Faults>,
    /// The API key that requests must have.
    pub api_key: Option<String>,
    /// Seed of random delays and faults. The same seed gives the same ones to the same sequence of
    /// requests.
    pub seed: u64,
}

impl Config {
    /// Returns a configuration with one thread, ticks of 250 µs and no faults.
    pub fn new(script: Script) -> Self {
        Self {
            threads: NonZero::<usize>::MIN,
            tick: Duration::from_micros(250),
            script,
            faults: Vec::new(),
            api_key: None,
            seed: 0,
        }
    }
}
