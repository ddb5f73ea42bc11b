//! The cost ledger: the rows that make up an arm's value, and how two arms' rows make up their
//! difference.

pub mod events;
pub mod latency;
pub mod memory;
pub mod sampling;
pub mod stall;
pub mod waiting;

use recording::Evidence;
use recording::comparison::Amount;
use recording::vocabulary::{Role, TermKind};
use std::collections::BTreeMap;

/// Identity of a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Role of the threads in which it happened; absent where it has none.
    pub role: Option<Role>,
    /// Kind of the row.
    pub kind: TermKind,
    /// Words for the row; the kind's label where nothing is more precise.
    pub cause: String,
}

impl Key {
    /// Returns the key of a row with a more precise cause than its kind.
    pub fn new(role: Option<&Role>, kind: TermKind, cause: impl Into<String>) -> Self {
        Key {
            role: role.cloned(),
            kind,
            cause: cause.into(),
        }
    }

    /// Returns the key of a row that its kind describes fully.
    pub fn of_kind(role: Option<&Role>, kind: TermKind) -> Self {
        Key::new(role, kind, kind.label())
    }
}

/// One row, added up over threads and rounds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Value, in the metric's unit.
    pub value: u64,
    /// Occurrences; 0 where the row has no count.
    pub count: u64,
    /// Variance of the value, where it was sampled rather than measured.
    pub variance: f64,
    /// The numbers behind it.
    pub evidence: Vec<Evidence>,
}

/// The rows of one arm.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger(pub BTreeMap<Key, Row>);

impl Ledger {
    /// Books an amount; nothing where value and count are 0.
    pub fn add(&mut self, key: Key, value: u64, count: u64, evidence: Evidence) {
        if value > 0 || count > 0 {
            self.cite(key, value, count, evidence);
        }
    }

    /// Books an amount, also one of 0, with the evidence that the row rests on.
    pub fn cite(&mut self, key: Key, value: u64, count: u64, evidence: Evidence) {
        let row = self.0.entry(key).or_default();
        row.value = row.value.saturating_add(value);
        row.count = row.count.saturating_add(count);
        row.evidence.push(evidence);
    }

    /// Adds to the variance of a row that exists. Samples of different threads and rounds are
    /// independent, so variances add up.
    pub fn add_variance(&mut self, key: &Key, variance: f64) {
        if let Some(row) = self.0.get_mut(key) {
            row.variance += variance;
        }
    }

    /// Returns the amount of a row per unit of `over`; zero where the arm has no such row.
    pub fn per(&self, key: &Key, over: f64) -> Amount {
        self.0.get(key).map_or(Amount::default(), |row| Amount {
            value: row.value as f64 / over,
            count: row.count as f64 / over,
            sampling_error: (row.variance > 0.0).then(|| sampling::Z * row.variance.sqrt() / over),
        })
    }

    /// Returns the evidence of a row.
    pub fn evidence(&self, key: &Key) -> impl Iterator<Item = &Evidence> {
        self.0.get(key).into_iter().flat_map(|row| &row.evidence)
    }

    /// Returns the sum of all rows.
    pub fn total(&self) -> u64 {
        self.0.values().map(|row| row.value).sum()
    }
}

/// Returns the part of `b.value − a.value` that comes from the count: (count b − count a) × the
/// mean of the two unit costs.
///
/// The other part is (unit b − unit a) × the mean of the two counts; both together are the
/// difference, and neither arm is favoured (Shapley's split for two factors). An arm without a
/// single occurrence has no unit cost, so the other's stands in: an amount of one arm only is a
/// count effect, whole. Without counts there is no count effect.
pub fn count_effect(a: Amount, b: Amount) -> f64 {
    let unit = |of: Amount| (of.count > 0.0).then(|| of.value / of.count);
    let mean_unit = match (unit(a), unit(b)) {
        (Some(a), Some(b)) => (a + b) / 2.0,
        // Value without a count in the other arm: a split would be invented.
        (None, Some(b)) if a.value == 0.0 => b,
        (Some(a), None) if b.value == 0.0 => a,
        _ => return 0.0,
    };
    (b.count - a.count) * mean_unit
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use recording::vocabulary::SyscallClass;

    fn amount(value: f64, count: f64) -> Amount {
        Amount {
            value,
            count,
            ..Amount::default()
        }
    }

    #[test]
    fn counts_more_of_the_same_as_count_effect() {
        assert_eq!(count_effect(amount(10.0, 1.0), amount(30.0, 3.0)), 20.0);
    }

    #[test]
    fn counts_a_higher_unit_cost_as_no_count_effect() {
        assert_eq!(count_effect(amount(10.0, 2.0), amount(30.0, 2.0)), 0.0);
    }

    #[test]
    fn counts_whole_an_amount_of_one_arm() {
        assert_eq!(count_effect(amount(0.0, 0.0), amount(30.0, 3.0)), 30.0);
        assert_eq!(count_effect(amount(30.0, 3.0), amount(0.0, 0.0)), -30.0);
    }

    #[test]
    fn splits_nothing_without_counts() {
        assert_eq!(count_effect(amount(10.0, 0.0), amount(30.0, 0.0)), 0.0);
        assert_eq!(count_effect(amount(10.0, 0.0), amount(30.0, 3.0)), 0.0);
    }

    #[test]
    fn keeps_the_evidence_of_each_row() {
        let mut ledger = Ledger::default();
        let key = |kind| Key::of_kind(Some(&Role::MainLoop), kind);
        let receive = key(TermKind::Syscall(SyscallClass::Receive));
        ledger.add(receive.clone(), 5, 2, Evidence::recording("1"));
        ledger.add(receive.clone(), 7, 1, Evidence::recording("2"));
        ledger.add(key(TermKind::Fault), 0, 0, Evidence::recording("2"));
        assert_eq!(ledger.per(&receive, 2.0), amount(6.0, 1.5));
        assert_eq!(ledger.evidence(&receive).count(), 2);
        assert_eq!(ledger.0.len(), 1);
    }

    proptest! {
        #[test]
        fn favours_neither_arm(a in (0.0f64..1e9, 0.1f64..1e6), b in (0.0f64..1e9, 0.1f64..1e6)) {
            let (a, b) = (amount(a.0, a.1), amount(b.0, b.1));
            let there = count_effect(a, b);
            prop_assert!((there + count_effect(b, a)).abs() <= 1e-9 * there.abs());
        }
    }
}
