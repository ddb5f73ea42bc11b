//! Functions of user code by their share of user time.
//!
//! As in attribution, the user time of each role is known as a whole, and samples of all its
//! threads split it.

use crate::attribution;
use crate::ledger::sampling::{Z, variance};
use crate::runtime::code;
use recording::Recording;
use recording::comparison::FunctionShare;
use recording::process::CodeSamples;
use recording::vocabulary::{CodeCategory, Role};
use std::collections::BTreeMap;

/// Functions kept of each arm.
pub const OF_ARM: usize = 50;
/// Functions kept of each instrumented round.
pub const OF_ROUND: usize = 25;

/// Functions of rounds of one arm.
#[derive(Default)]
pub struct Functions {
    /// Samples with a place.
    pub samples: u64,
    user_ns: u64,
    found: BTreeMap<(String, String, CodeCategory), Found>,
}

/// One function, all roles and rounds together.
#[derive(Default)]
struct Found {
    ns: f64,
    variance: f64,
    samples: u64,
}

/// Time and samples of the threads of one role.
#[derive(Default)]
struct Pool {
    user_ns: u64,
    samples: u64,
}

impl Functions {
    /// Collects the functions of rounds.
    pub fn of<'a>(rounds: impl Iterator<Item = &'a Recording>) -> Self {
        let mut functions = Functions::default();
        rounds.for_each(|recording| functions.add(recording));
        functions
    }

    fn add(&mut self, recording: &Recording) {
        let pools = pools(recording);
        self.user_ns += pools.values().map(|pool| pool.user_ns).sum::<u64>();
        for samples in &recording.code {
            self.samples += samples.samples;
            let thread = recording.threads.get(samples.thread);
            let Some((role, pool)) = thread.and_then(|thread| pools.get_key_value(&thread.role))
            else {
                continue;
            };
            let category = code::category(recording.target.runtime, role, samples);
            let key = (samples.function.clone(), place(samples), category);
            let found = self.found.entry(key).or_default();
            found.ns += pool.user_ns as f64 * samples.samples as f64 / pool.samples.max(1) as f64;
            found.variance += variance(pool.user_ns, samples.samples, pool.samples);
            found.samples += samples.samples;
        }
    }

    /// Returns the largest functions.
    pub fn shares(self, most: usize) -> Vec<FunctionShare> {
        let whole = self.user_ns.max(1) as f64;
        let found = self.found.into_iter();
        let shares = found.map(|((name, place, category), found)| FunctionShare {
            name,
            place,
            category,
            share: found.ns / whole,
            error: Z * found.variance.sqrt() / whole,
            samples: found.samples,
        });
        let mut shares: Vec<_> = shares.collect();
        shares.sort_by(|one, other| other.share.total_cmp(&one.share));
        shares.truncate(most);
        shares
    }
}

fn place(samples: &CodeSamples) -> String {
    match samples.file.as_str() {
        "" => samples.class.label().into(),
        file => file.into(),
    }
}

/// Pools time and samples by role. Samples that were counted but have no place belong to a role
/// like all others.
fn pools(recording: &Recording) -> BTreeMap<&Role, Pool> {
    let mut pools: BTreeMap<&Role, Pool> = BTreeMap::new();
    let times = attribution::thread_times(recording);
    for (thread, time) in recording.threads.iter().zip(times) {
        let pool = pools.entry(&thread.role).or_default();
        pool.user_ns += time.user_ns;
        pool.samples += thread.samples.user;
    }
    let mut placed: BTreeMap<&Role, u64> = BTreeMap::new();
    for samples in &recording.code {
        if let Some(thread) = recording.threads.get(samples.thread) {
            *placed.entry(&thread.role).or_default() += samples.samples;
        }
    }
    for (role, placed) in placed {
        if let Some(pool) = pools.get_mut(role) {
            pool.samples = pool.samples.max(placed);
        }
    }
    pools
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::testing::{Build, MAIN};

    #[test]
    fn shares_the_time_of_each_role_by_its_samples() {
        let round = Build::arm("bun")
            .thread(1, MAIN, |thread| thread.user(900, 4))
            .code("answer", 6)
            .code("parse", 2)
            .thread(2, Role::Pool, |thread| thread.user(100, 1))
            .code("parse", 2)
            .with(|recording| {
                recording.threads[0].samples.user = 10;
                recording.threads[1].samples.user = 2;
                let mut ended = recording.code[0].clone();
                (ended.thread, ended.samples) = (9, 9);
                recording.code.push(ended);
            })
            .done();
        let functions = Functions::of([&round].into_iter()).shares(9);
        let shares: Vec<_> = functions
            .iter()
            .map(|function| (function.name.as_str(), function.samples, function.share))
            .collect();
        // Of the main loop's 900 ns, 6 and 2 of 10 samples; all samples of the pool's 100 ns.
        assert_eq!(shares, [("answer", 6, 0.54), ("parse", 4, 0.28)]);
        assert!(functions[0].error > 0.2, "ten samples leave much open");
    }
}
