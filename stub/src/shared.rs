//! State that all workers share.

use crate::{
    api::{Identity, unix_ns, unix_seconds},
    config::Config,
    stats::{Snapshot, Stats},
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

/// State that all workers share.
pub struct Shared {
    /// The configuration.
    pub config: Config,
    /// Counters of each worker.
    pub stats: Vec<Arc<Stats>>,
    completions: AtomicU64,
    started_ns: u64,
}

impl Shared {
    /// Creates the state of `config`, with the counters of each worker.
    pub fn new(config: Config, stats: Vec<Arc<Stats>>) -> Self {
        Self {
            config,
            stats,
            completions: AtomicU64::default(),
            started_ns: unix_ns(),
        }
    }

    /// Returns the number of a new completion, from 1.
    pub fn next_completion(&self) -> u64 {
        self.completions.fetch_add(1, Relaxed) + 1
    }

    /// Returns the identity of completion number `number`, unique across restarts.
    pub fn identity(&self, number: u64, model: &str) -> Identity {
        Identity {
            unique: format!("{:016x}{number:08x}", self.started_ns),
            model: model.to_owned(),
            created: unix_seconds(),
        }
    }

    /// Returns the sum of all workers' counters.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::of(self.stats.iter().map(AsRef::as_ref))
    }
}
