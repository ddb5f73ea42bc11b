//! A part of the split: an amount of one row, and which samples find it.

use crate::ledger::{Key, Ledger};
use recording::Evidence;

/// An amount that belongs to a row of the ledger.
#[derive(Clone, Debug)]
pub(super) struct Part {
    /// The row.
    pub key: Key,
    /// Which samples find this time.
    pub found: Found,
    /// Nanoseconds.
    pub value: u64,
    /// Occurrences.
    pub count: u64,
    /// Variance of `value`, where samples split it.
    pub variance: f64,
    /// The numbers behind it.
    pub evidence: Vec<Evidence>,
    /// Whether the row exists even if the amount is 0.
    pub always: bool,
}

/// Which samples find the time of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Found {
    /// Samples inside the system call and at its edges, or in the kernel outside of system calls,
    /// or in user code: the row's kind says which.
    Own,
    /// Samples in user code around system calls (wrappers).
    Wrapper,
}

impl Part {
    /// Returns an amount of a row that was measured.
    pub fn new(key: Key, value: u64, count: u64, evidence: Evidence) -> Self {
        Part {
            key,
            found: Found::Own,
            value,
            count,
            variance: 0.0,
            evidence: vec![evidence],
            always: false,
        }
    }

    /// Adds the amount to a ledger.
    pub fn book(self, ledger: &mut Ledger) {
        if self.always || self.value > 0 || self.count > 0 {
            let mut amount = (self.value, self.count);
            for evidence in self.evidence {
                let (value, count) = std::mem::take(&mut amount);
                ledger.cite(self.key.clone(), value, count, evidence);
            }
        }
        if self.variance > 0.0 {
            ledger.add_variance(&self.key, self.variance);
        }
    }
}
