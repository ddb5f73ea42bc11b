//! An arm's own rows of a ledger, where the report shows more of them than differences.

use crate::arms::Arm;
use analysis::ledger::{Ledger, sampling};
use recording::{Recording, comparison::Amount};
use std::collections::BTreeMap;

/// Books one round.
pub type Book = fn(&str, &Recording, &mut Ledger);

/// Rows of all rounds by cause, over all roles, per token (or second).
pub fn by_cause(arm: &Arm, book: Book) -> BTreeMap<String, Amount> {
    gathered(arm, book, |_, cause| cause.to_owned())
}

/// The same by role and cause.
pub fn by_role(arm: &Arm, book: Book) -> BTreeMap<String, Amount> {
    gathered(arm, book, |role, cause| match role {
        Some(role) => format!("{role}: {cause}"),
        None => cause.to_owned(),
    })
}

fn gathered(
    arm: &Arm,
    book: Book,
    name: fn(Option<&str>, &str) -> String,
) -> BTreeMap<String, Amount> {
    let mut ledger = Ledger::default();
    for round in &arm.rounds {
        book("", round, &mut ledger);
    }
    let mut sums: BTreeMap<String, Amount> = BTreeMap::new();
    for key in ledger.0.keys() {
        let row = ledger.per(key, arm.divisor());
        let sum = sums.entry(name(key.0.as_deref(), &key.1)).or_default();
        *sum = Amount {
            value: sum.value + row.value,
            count: sum.count + row.count,
            sampling_error: sampling::together(sum.sampling_error, row.sampling_error),
        };
    }
    sums
}

/// Names of rows, those that are largest in any arm first.
pub fn ranked(each: &[BTreeMap<String, Amount>]) -> Vec<String> {
    let values: Vec<BTreeMap<String, f64>> = each
        .iter()
        .map(|rows| {
            rows.iter()
                .map(|(name, row)| (name.clone(), row.value))
                .collect()
        })
        .collect();
    crate::arms::ranked(&values)
}
