//! Sums by row, shown for each arm per second or per event.

use crate::arms::{Arm, Arms};
use recording::format::Scale;
use recording::vocabulary::Per;
use std::collections::BTreeMap;

/// Returns the value of a column, out of sums and the seconds in which they were counted.
pub type Value<S> = fn(&S, f64) -> f64;

/// Sums of each arm by row.
pub struct Rates<'a, K, S> {
    each: &'a [BTreeMap<K, S>],
    seconds: Vec<f64>,
}

impl<'a, K: Ord, S: Copy + Default> Rates<'a, K, S> {
    /// Takes the sums of all arms, in their order.
    pub fn new(arms: &Arms, each: &'a [BTreeMap<K, S>]) -> Self {
        let seconds = arms.each(seconds);
        Self { each, seconds }
    }

    /// Returns the values of a row in a column, one for each arm.
    fn of(&self, key: &K, value: Value<S>) -> Vec<f64> {
        let pairs = self.each.iter().zip(&self.seconds);
        let values = pairs.map(|(sums, seconds)| {
            let sums = sums.get(key).copied().unwrap_or_default();
            value(&sums, *seconds)
        });
        values.collect()
    }

    /// Returns the values of a column in all of these rows.
    pub fn all<'b>(
        &'b self,
        keys: impl IntoIterator<Item = &'b K>,
        value: Value<S>,
    ) -> impl Iterator<Item = f64> {
        keys.into_iter().flat_map(move |key| self.of(key, value))
    }

    /// Returns the cells of a row: those of each column, one for each arm.
    pub fn cells<'b, const N: usize>(
        &'b self,
        key: &'b K,
        scales: &'b [Scale; N],
        columns: [Value<S>; N],
    ) -> impl Iterator<Item = String> {
        scales.iter().zip(columns).flat_map(move |(scale, value)| {
            let values = self.of(key, value).into_iter();
            values.map(|value| scale.show(value))
        })
    }
}

fn seconds(arm: &Arm) -> f64 {
    let rounds = arm.rounds.iter();
    let seconds: f64 = rounds.map(|round| round.units(Per::Second)).sum();
    seconds.max(1e-9)
}
