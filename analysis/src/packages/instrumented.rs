//! Shares of packages in an instrumented round, in which compiled code has symbols.
//!
//! Measured rounds know packages by files only (`pydantic_core`, a crate). So only stacks without
//! such a package count here: they are the code that the measured rounds cannot split.

use super::Round;
use super::owner::Owner;
use recording::Recording;
use recording::vocabulary::Role;
use std::collections::BTreeMap;

/// Shares by the role of the threads.
#[derive(Debug, Default)]
pub(super) struct Shares {
    pub(super) by_role: BTreeMap<Option<Role>, OfRole>,
}

/// Shares of one role.
#[derive(Debug, Default)]
pub(super) struct OfRole {
    /// Samples of all owners.
    pub(super) samples: u64,
    pub(super) owners: BTreeMap<Owner, Share>,
    ns: f64,
}

/// The share of one owner.
#[derive(Debug, Default)]
pub(super) struct Share {
    /// Samples of user code.
    pub(super) samples: u64,
    /// Share in all CPU time, 0 to 1, of stacks with the owner.
    pub(super) with_callees: f64,
}

impl Shares {
    /// Adds up instrumented rounds of an arm.
    pub(super) fn of<'a>(rounds: impl Iterator<Item = &'a Recording>) -> Self {
        let mut shares = Shares::default();
        for recording in rounds.filter(|recording| recording.stacks.samples > 0) {
            shares.add(&Round::of(recording));
        }
        for role in shares.by_role.values_mut() {
            let ns = role.ns.max(1.0);
            let owners = role.owners.values_mut();
            owners.for_each(|share| share.with_callees /= ns);
        }
        shares.by_role.retain(|_, role| role.samples > 0);
        shares
    }

    fn add(&mut self, round: &Round<'_>) {
        for row in &round.rows {
            for share in &row.stacks {
                let count = &round.recording.stacks.counts[share.count];
                if round.owners.own_by_files(count.node).is_some() {
                    continue;
                }
                let role = self.by_role.entry(row.key.role.clone()).or_default();
                role.ns += share.ns as f64;
                for owner in round.owners.all(count.node) {
                    let owner = role.owners.entry(owner.clone()).or_default();
                    owner.with_callees += share.ns as f64;
                }
                if row.key.kind.is_user_code() {
                    let owner = role.owners.entry(round.owners.own(count.node));
                    owner.or_default().samples += count.samples;
                    role.samples += count.samples;
                }
            }
        }
    }

    /// Returns whether some package is known.
    pub(super) fn has_packages(&self) -> bool {
        let mut owners = self.by_role.values().flat_map(|role| role.owners.keys());
        owners.any(Owner::is_package)
    }
}
