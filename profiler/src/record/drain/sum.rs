//! Sums of the programs' maps: adding them up by key, and their growth.

use profiler_common::{CallSiteSum, PeerTraffic, Relays, RunQueueBlame, SyscallStat};
use std::collections::BTreeMap;

/// A sum of a map, which grows.
pub trait Sum: Copy {
    /// Adds another sum of the same key.
    fn add(&mut self, other: &Self);
    /// Subtracts an earlier state.
    fn take(&mut self, before: &Self);
    /// Whether nothing was added up.
    fn is_none(&self) -> bool;
}

impl Sum for u64 {
    fn add(&mut self, other: &Self) {
        *self += other;
    }

    fn take(&mut self, before: &Self) {
        *self = self.saturating_sub(*before);
    }

    fn is_none(&self) -> bool {
        *self == 0
    }
}

/// Implements [`Sum`] for the fields of a struct.
macro_rules! sum {
    ($type:ident, $($field:ident),*) => {
        impl Sum for $type {
            fn add(&mut self, other: &Self) {
                $(self.$field = self.$field.wrapping_add(other.$field);)*
            }

            fn take(&mut self, before: &Self) {
                $(self.$field = self.$field.saturating_sub(before.$field);)*
            }

            fn is_none(&self) -> bool {
                $(self.$field == 0)&&*
            }
        }
    };
}

sum!(
    SyscallStat,
    count,
    result_sum,
    on_cpu_ns,
    blocked_ns,
    run_queue_ns
);
sum!(RunQueueBlame, count, wait_ns);
sum!(
    PeerTraffic,
    send_calls,
    send_bytes,
    recv_calls,
    recv_bytes,
    retransmits,
    dns_answers,
    dns_ns,
    answers,
    answer_ns,
    rwnd_limited_ns
);
sum!(
    Relays,
    count,
    until_woken_ns,
    run_queue_ns,
    until_received_ns,
    until_sent_ns
);

impl Sum for CallSiteSum {
    fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.bytes = self.bytes.wrapping_add(other.bytes);
    }

    fn take(&mut self, before: &Self) {
        self.count = self.count.saturating_sub(before.count);
        // Bytes are in two's complement.
        self.bytes = self.bytes.wrapping_sub(before.bytes);
    }

    fn is_none(&self) -> bool {
        self.count == 0 && self.bytes == 0
    }
}

/// Returns the growth of sums. A key may have several entries.
pub(super) fn grown<K: Ord, V: Sum>(
    now: impl IntoIterator<Item = (K, V)>,
    before: impl IntoIterator<Item = (K, V)>,
) -> impl Iterator<Item = (K, V)> {
    let now = added(now);
    let mut before = added(before);
    now.into_iter().filter_map(move |(key, mut sum)| {
        if let Some(before) = before.remove(&key) {
            sum.take(&before);
        }
        (!sum.is_none()).then_some((key, sum))
    })
}

/// Adds up the entries of each key.
pub fn added<K: Ord, V: Sum>(entries: impl IntoIterator<Item = (K, V)>) -> BTreeMap<K, V> {
    let mut sums = BTreeMap::new();
    for (key, value) in entries {
        sums.entry(key)
            .and_modify(|sum: &mut V| sum.add(&value))
            .or_insert(value);
    }
    sums
}

/// A sum with two keys.
pub(super) type Pair<V> = (u32, u32, V);

/// Likewise for sums with two keys.
pub(super) fn grown_pairs<V: Sum>(now: &[Pair<V>], before: &[Pair<V>]) -> Vec<Pair<V>> {
    let keyed = |pairs: &[Pair<V>]| -> Vec<_> {
        let pairs = pairs.iter();
        pairs.map(|(one, two, sum)| ((*one, *two), *sum)).collect()
    };
    let grown = grown(keyed(now), keyed(before));
    grown.map(|((one, two), sum)| (one, two, sum)).collect()
}
