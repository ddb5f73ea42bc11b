//! Functions of user code by their share of user time.
//!
//! As in attribution, the user time of each role is known as a whole, and samples of all its
//! threads split it.

use crate::attribution;
use crate::ledger::sampling::{Z, variance};
use crate::runtime::code::StackCategories;
use recording::Recording;
use recording::comparison::FunctionShare;
use recording::process::CodeSamples;
use recording::stacks::StackFrame;
use recording::vocabulary::{CodeCategory, CodePlace, Role};
use std::collections::{BTreeMap, BTreeSet};

/// Functions kept of each arm.
pub const OF_ARM: usize = 50;
/// Functions kept of each instrumented round.
pub const OF_ROUND: usize = 25;
/// Functions without a name that are kept besides.
const UNNAMED: usize = 5;

/// Functions of rounds of one arm.
#[derive(Default)]
pub struct Functions {
    /// Samples with a place.
    pub samples: u64,
    user_ns: u64,
    found: BTreeMap<Key, Found>,
}

/// Identity of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    name: String,
    place: String,
    address: String,
    source: String,
    category: CodeCategory,
}

/// One function, all roles and rounds together.
#[derive(Default)]
struct Found {
    ns: f64,
    variance: f64,
    samples: u64,
    callers: BTreeMap<String, u64>,
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
        let categories = StackCategories::of(recording);
        let pools = pools(recording);
        self.user_ns += pools.values().map(|pool| pool.user_ns).sum::<u64>();
        let with_stacks = self.add_stacks(recording, &categories, &pools);
        for samples in &recording.code {
            let thread = recording.threads.get(samples.thread);
            let role = thread.map(|thread| &thread.role);
            if role.is_some_and(|role| with_stacks.contains(role)) {
                continue;
            }
            self.samples += samples.samples;
            let Some((role, pool)) = role.and_then(|role| pools.get_key_value(role)) else {
                continue;
            };
            let key = Key {
                name: samples.function.clone(),
                place: place(samples),
                category: categories.of_leaf(role, samples),
                ..Key::default()
            };
            self.found(key, pool, samples.samples);
        }
    }

    /// Adds the innermost functions of stacks, and returns the roles that have some.
    fn add_stacks<'a>(
        &mut self,
        recording: &'a Recording,
        categories: &StackCategories<'_>,
        pools: &BTreeMap<&'a Role, Pool>,
    ) -> BTreeSet<&'a Role> {
        let stacks = &recording.stacks;
        let mut roles = BTreeSet::new();
        for (index, category) in categories.in_user_code() {
            let count = &stacks.counts[index];
            let thread = recording.threads.get(count.thread);
            let Some((role, pool)) = thread.and_then(|thread| pools.get_key_value(&thread.role))
            else {
                continue;
            };
            roles.insert(*role);
            self.samples += count.samples;
            let mut frames = stacks.frame_indexes(count.node);
            let innermost = frames.next();
            let source = innermost.and_then(|frame| stacks.source_at(frame));
            let key = Key {
                category,
                source: source.unwrap_or_default().into(),
                ..key_of(
                    recording,
                    innermost.and_then(|frame| stacks.frames.get(frame)),
                )
            };
            let found = self.found(key, pool, count.samples);
            if let Some(caller) = frames.find(|caller| Some(*caller) != innermost) {
                let caller = stacks.label_at(caller);
                *found.callers.entry(caller).or_default() += count.samples;
            }
        }
        roles
    }

    fn found(&mut self, key: Key, pool: &Pool, samples: u64) -> &mut Found {
        let found = self.found.entry(key).or_default();
        found.ns += pool.user_ns as f64 * samples as f64 / pool.samples.max(1) as f64;
        found.variance += variance(pool.user_ns, samples, pool.samples);
        found.samples += samples;
        found
    }

    /// Returns the largest functions, and the largest of those without a name.
    pub fn shares(self, most: usize) -> Vec<FunctionShare> {
        let whole = self.user_ns.max(1) as f64;
        let found = self.found.into_iter();
        let shares = found.map(|(key, found)| FunctionShare {
            name: key.name,
            place: key.place,
            address: key.address,
            source: key.source,
            category: key.category,
            caller: most_of(found.callers),
            share: found.ns / whole,
            error: Z * found.variance.sqrt() / whole,
            samples: found.samples,
        });
        let mut shares: Vec<_> = shares.collect();
        shares.sort_by(|one, other| other.share.total_cmp(&one.share));
        let (mut listed, mut unnamed) = (0, 0);
        shares.retain(|share| {
            listed += 1;
            unnamed += usize::from(!share.category.is_named());
            listed <= most || !share.category.is_named() && unnamed <= UNNAMED
        });
        shares
    }
}

fn key_of(recording: &Recording, frame: Option<&StackFrame>) -> Key {
    let Some(frame) = frame else {
        return Key {
            place: CodePlace::Region(Default::default()).label().into(),
            ..Key::default()
        };
    };
    let stacks = &recording.stacks;
    let module = frame.module.and_then(|module| stacks.modules.get(module));
    let has_address = frame.function.is_empty() && module.is_some();
    Key {
        name: frame.function.clone(),
        place: module.map_or_else(|| frame.place.label().into(), |module| module.file.clone()),
        address: match has_address {
            true => stacks.label(frame),
            false => String::new(),
        },
        ..Key::default()
    }
}

fn most_of(callers: BTreeMap<String, u64>) -> String {
    let most = callers.into_iter().max_by_key(|(_, samples)| *samples);
    most.map(|(caller, _)| caller).unwrap_or_default()
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
mod tests;
