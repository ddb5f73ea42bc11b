//! Time by thread role and owner.

use super::Round;
use super::folded::Fold;
use super::instrumented::{OfRole, Shares};
use super::owner::Owner;
use crate::grid::{Grid, part};
use crate::ledger::Key;
use crate::ledger::sampling::{Z, variance, variance_of_share};
use crate::stats::{self, Sample};
use recording::comparison::{Estimate, PackageKind, PackageRow};
use recording::vocabulary::Role;
use std::collections::BTreeMap;

/// Time of one owner.
#[derive(Clone, Debug, Default)]
pub(super) struct Sum {
    /// On the grid of the metric.
    pub(super) value: i64,
    /// Time by round, ns.
    pub(super) ns: Vec<f64>,
    /// Samples that found it.
    pub(super) samples: u64,
    /// Variance of the time of all rounds, ns².
    pub(super) variance: f64,
    /// Time of all stacks with the owner, those in the kernel included, ns.
    pub(super) with_callees_ns: f64,
    /// Part of `value` that shares of an instrumented round gave.
    pub(super) instrumented: i64,
}

impl Sum {
    fn add(&mut self, other: &Sum) {
        self.value += other.value;
        self.ns.resize(self.ns.len().max(other.ns.len()), 0.0);
        for (sum, ns) in self.ns.iter_mut().zip(&other.ns) {
            *sum += ns;
        }
        self.samples += other.samples;
        self.variance += other.variance;
        self.with_callees_ns += other.with_callees_ns;
        self.instrumented += other.instrumented;
    }

    /// Returns the time of each round as samples of a metric.
    pub(super) fn rounds(&self, over: &[f64]) -> Vec<Sample> {
        let rounds = over.iter().enumerate();
        let sample = |(round, over): (usize, &f64)| Sample {
            amount: self.ns.get(round).copied().unwrap_or_default(),
            over: *over,
        };
        rounds.map(sample).collect()
    }

    /// Returns half the width of the interval that sampling causes.
    pub(super) fn error(&self, over: &[f64]) -> f64 {
        Z * self.variance.sqrt() / over.iter().sum::<f64>()
    }

    /// Describes the row of an owner; `user` is all user code of the arm, on the grid.
    pub(super) fn row(&self, owner: Owner, (over, grid, user): (&[f64], Grid, i64)) -> PackageRow {
        let with_callees = self.with_callees_ns / over.iter().sum::<f64>();
        let value = grid.float(self.value);
        // On so many rounds values differ from the grid's by less than any measurement.
        let ci95 = match over.len() {
            0 | 1 => [value; 2],
            _ => stats::interval(&self.rounds(over)),
        };
        PackageRow {
            with_callees: owner.is_package().then_some(with_callees),
            package: owner.name,
            kind: owner.kind,
            own: Estimate { value, ci95 },
            share: match user {
                0 => 0.0,
                user => self.value as f64 / user as f64,
            },
            sampling_error: self.error(over),
            samples: self.samples,
            instrumented: grid.float(self.instrumented),
        }
    }
}

/// Time of all owners, by the role of the threads.
#[derive(Debug, Default)]
pub(super) struct Sums {
    own: BTreeMap<(Option<Role>, Owner), Sum>,
    /// Time of stacks without a package by files, those in the kernel included, by role.
    hidden_ns: BTreeMap<Option<Role>, f64>,
}

/// Time of a ledger row by owner and round, ns.
type Split = BTreeMap<Owner, Vec<u64>>;

impl Sums {
    /// Adds up rounds. `value` is that of a ledger row of all rounds, on the grid.
    pub(super) fn of(rounds: &[Round<'_>], value: impl Fn(&Key) -> i64) -> Self {
        let mut sums = Sums::default();
        let mut splits: BTreeMap<&Key, Split> = BTreeMap::new();
        for (index, round) in rounds.iter().enumerate() {
            sums.add_callees(round);
            for row in round.rows.iter().filter(|row| row.key.kind.is_user_code()) {
                let split = splits.entry(&row.key).or_default();
                let mut add = |owner, ns: u64| {
                    let by_round = split.entry(owner).or_insert_with(|| vec![0; rounds.len()]);
                    by_round[index] += ns;
                };
                for share in &row.stacks {
                    let count = &round.recording.stacks.counts[share.count];
                    add(round.owners.own(count.node), share.ns);
                }
                if row.unsampled_ns > 0 {
                    let label = PackageKind::NoSample.label();
                    add(Owner::new(PackageKind::NoSample, label), row.unsampled_ns);
                }
            }
            sums.add_samples(round);
        }
        for (key, split) in splits {
            sums.split(&key.role, &split, value(key));
        }
        sums
    }

    /// Splits the value of a row over owners by their time, exactly.
    fn split(&mut self, role: &Option<Role>, split: &Split, value: i64) {
        let value = u64::try_from(value).unwrap_or(0);
        let of = |ns: &Vec<u64>| ns.iter().fold(0u64, |sum, ns| sum.saturating_add(*ns));
        let all = split.values().map(of).fold(0u64, u64::saturating_add);
        let (mut seen, mut given) = (0u64, 0u64);
        for (owner, ns) in split {
            seen = seen.saturating_add(of(ns));
            let up_to_here = part(value, seen, all);
            let variances = ns.iter().map(|ns| match owner.kind {
                PackageKind::NoSample => variance(*ns, 0, 0),
                _ => 0.0,
            });
            let sum = self.own.entry((role.clone(), owner.clone())).or_default();
            sum.add(&Sum {
                value: i64::try_from(up_to_here - given).unwrap_or(i64::MAX),
                ns: ns.iter().map(|ns| *ns as f64).collect(),
                variance: variances.sum(),
                ..Sum::default()
            });
            given = up_to_here;
        }
    }

    /// Adds the samples of user code, and the variance that they leave.
    fn add_samples(&mut self, round: &Round<'_>) {
        let rows = round.rows.iter().filter(|row| row.key.kind.is_user_code());
        let mut found: BTreeMap<(Option<Role>, Owner), u64> = BTreeMap::new();
        let (mut user_ns, mut samples) = (0u64, 0u64);
        for row in rows {
            user_ns = user_ns.saturating_add(row.ns - row.unsampled_ns);
            for share in &row.stacks {
                let count = &round.recording.stacks.counts[share.count];
                let owner = round.owners.own(count.node);
                *found.entry((row.key.role.clone(), owner)).or_default() += count.samples;
                samples += count.samples;
            }
        }
        for (key, hits) in found {
            let sum = self.own.entry(key).or_default();
            sum.samples += hits;
            sum.variance += variance(user_ns, hits, samples);
        }
    }

    /// Adds the time of all stacks with a package.
    fn add_callees(&mut self, round: &Round<'_>) {
        for row in &round.rows {
            for share in &row.stacks {
                let node = round.recording.stacks.counts[share.count].node;
                for owner in round.owners.all(node) {
                    let key = (row.key.role.clone(), owner.clone());
                    self.own.entry(key).or_default().with_callees_ns += share.ns as f64;
                }
                if round.owners.own_by_files(node).is_none() {
                    *self.hidden_ns.entry(row.key.role.clone()).or_default() += share.ns as f64;
                }
            }
        }
    }

    /// Splits the time without a package by the shares of an instrumented round, role by role.
    /// Returns the samples that these shares rest on; 0 where they name no package.
    pub(super) fn apply(&mut self, shares: &Shares) -> u64 {
        if !shares.has_packages() {
            return 0;
        }
        let mut used = 0;
        for (role, found) in &shares.by_role {
            let hides = |owner: &Owner| !owner.is_package() && owner.kind != PackageKind::NoSample;
            let is_hidden = |key: &(Option<Role>, Owner)| key.0 == *role && hides(&key.1);
            let keys: Vec<_> = self
                .own
                .keys()
                .filter(|key| is_hidden(key))
                .cloned()
                .collect();
            let mut whole = Sum::default();
            for key in keys {
                whole.add(&self.own.remove(&key).unwrap_or_default());
            }
            if whole.value == 0 {
                continue;
            }
            let hidden_ns = self.hidden_ns.get(role).copied().unwrap_or_default();
            self.spread(role, &whole, found, hidden_ns);
            used += found.samples;
        }
        used
    }

    fn spread(&mut self, role: &Option<Role>, whole: &Sum, found: &OfRole, hidden_ns: f64) {
        let value = u64::try_from(whole.value).unwrap_or(0);
        let ns: f64 = whole.ns.iter().sum();
        let (mut seen, mut given) = (0, 0);
        for (owner, share) in &found.owners {
            seen += share.samples;
            let up_to_here = part(value, seen, found.samples);
            let own = i64::try_from(up_to_here - given).unwrap_or(i64::MAX);
            given = up_to_here;
            let fraction = share.samples as f64 / found.samples.max(1) as f64;
            let of_share = variance_of_share(share.samples as f64, found.samples);
            let sum = self.own.entry((role.clone(), owner.clone())).or_default();
            sum.add(&Sum {
                value: own,
                ns: whole.ns.iter().map(|ns| ns * fraction).collect(),
                samples: share.samples,
                variance: ns * ns * of_share + fraction * fraction * whole.variance,
                with_callees_ns: hidden_ns * share.with_callees,
                instrumented: own,
            });
        }
    }

    /// Returns the time of each owner, all roles together.
    pub(super) fn by_owner(&self) -> BTreeMap<Owner, Sum> {
        let mut owners: BTreeMap<Owner, Sum> = BTreeMap::new();
        for ((_, owner), sum) in &self.own {
            owners.entry(owner.clone()).or_default().add(sum);
        }
        owners
    }

    /// Returns all user code, on the grid.
    pub(super) fn value(&self) -> i64 {
        self.own.values().map(|sum| sum.value).sum()
    }

    /// Returns the samples of user code.
    pub(super) fn samples(&self) -> u64 {
        self.own.values().map(|sum| sum.samples).sum()
    }
}

impl Fold for Sum {
    fn fold(&mut self, other: &Self) {
        self.add(other);
    }
}
