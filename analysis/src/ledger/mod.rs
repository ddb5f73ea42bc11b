//! The cost ledger: what an arm's value is made of, and how two arms' rows make up their difference.

pub mod cpu;
pub mod events;
pub mod latency;
pub mod memory;
pub mod sampling;
pub mod stall;
mod user;
pub mod waiting;

use recording::comparison::Amount;
use std::collections::BTreeMap;

/// What a row is about: the role of the threads it happened in, and the cause.
pub type Key = (Option<String>, String);

/// One row, added up over threads and rounds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// How much and how many.
    pub amount: Amount,
    /// Variance of the value, where it was sampled rather than measured.
    pub variance: f64,
    /// Every number behind it, `PATH#/json/pointer`.
    pub evidence: Vec<String>,
}

/// The rows of one arm.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger(pub BTreeMap<Key, Row>);

impl Ledger {
    /// Books an amount; nothing where there is nothing to book.
    pub fn add(
        &mut self,
        role: Option<&str>,
        cause: &str,
        value: u64,
        count: u64,
        evidence: String,
    ) {
        if value > 0 || count > 0 {
            self.cite(role, cause, value, count, evidence);
        }
    }

    /// The same of a row that rests on `evidence` even where that brings nothing to book.
    pub fn cite(
        &mut self,
        role: Option<&str>,
        cause: &str,
        value: u64,
        count: u64,
        evidence: String,
    ) {
        let key = (role.map(String::from), cause.into());
        let row = self.0.entry(key).or_default();
        row.amount.value += value as f64;
        row.amount.count += count as f64;
        row.evidence.push(evidence);
    }

    /// Books how far what was booked may be off because it was sampled; samples of different threads and rounds are
    /// independent, so variances add up.
    pub fn add_variance(&mut self, role: Option<&str>, cause: &str, variance: f64) {
        let row = self.0.get_mut(&(role.map(String::from), cause.into()));
        if let Some(row) = row {
            row.variance += variance;
        }
    }

    /// The amount of a row per unit of `over`; zero where the arm has no such row.
    pub fn per(&self, key: &Key, over: f64) -> Amount {
        self.0.get(key).map_or(Amount::default(), |row| Amount {
            value: row.amount.value / over,
            count: row.amount.count / over,
            sampling_error: (row.variance > 0.0).then(|| sampling::Z * row.variance.sqrt() / over),
        })
    }

    /// The evidence of a row.
    pub fn evidence(&self, key: &Key) -> impl Iterator<Item = &String> {
        self.0.get(key).into_iter().flat_map(|row| &row.evidence)
    }
}

/// The part of `b.value − a.value` that comes from the count: (count b − count a) × the mean of the two unit costs.
///
/// The other part is (unit b − unit a) × the mean of the two counts; both together are the difference, and neither arm
/// is favoured (Shapley's split for two factors). An arm without a single occurrence has no unit cost of its own, so
/// the other's stands in: what exists in one arm only is a count effect, whole. Without counts there is none.
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

    fn amount(value: f64, count: f64) -> Amount {
        Amount {
            value,
            count,
            ..Amount::default()
        }
    }

    #[test]
    fn more_of_the_same_is_a_count_effect() {
        assert_eq!(count_effect(amount(10.0, 1.0), amount(30.0, 3.0)), 20.0);
    }

    #[test]
    fn dearer_ones_are_no_count_effect() {
        assert_eq!(count_effect(amount(10.0, 2.0), amount(30.0, 2.0)), 0.0);
    }

    #[test]
    fn what_one_arm_lacks_is_a_count_effect_whole() {
        assert_eq!(count_effect(amount(0.0, 0.0), amount(30.0, 3.0)), 30.0);
        assert_eq!(count_effect(amount(30.0, 3.0), amount(0.0, 0.0)), -30.0);
    }

    #[test]
    fn without_counts_nothing_is_split() {
        assert_eq!(count_effect(amount(10.0, 0.0), amount(30.0, 0.0)), 0.0);
        assert_eq!(count_effect(amount(10.0, 0.0), amount(30.0, 3.0)), 0.0);
    }

    #[test]
    fn the_books_keep_their_evidence() {
        let mut ledger = Ledger::default();
        ledger.add(Some("main"), "read", 5, 2, "1#/x".into());
        ledger.add(Some("main"), "read", 7, 1, "2#/x".into());
        ledger.add(Some("main"), "idle", 0, 0, "2#/y".into());
        let key = (Some("main".into()), "read".into());
        assert_eq!(ledger.per(&key, 2.0), amount(6.0, 1.5));
        assert_eq!(ledger.evidence(&key).count(), 2);
        assert_eq!(ledger.0.len(), 1);
    }

    proptest! {
        #[test]
        fn the_split_favours_neither_arm(a in (0.0f64..1e9, 0.1f64..1e6), b in (0.0f64..1e9, 0.1f64..1e6)) {
            let (a, b) = (amount(a.0, a.1), amount(b.0, b.1));
            let there = count_effect(a, b);
            prop_assert!((there + count_effect(b, a)).abs() <= 1e-9 * there.abs());
        }
    }
}
