//! Differences of packages between two arms.

use super::folded::{Fold, folded};
use super::owner::Owner;
use super::sums::Sum;
use super::{Costs, MOST};
use crate::stats::Resamples;
use recording::comparison::{PackageDelta, PackagePair};
use std::collections::{BTreeMap, BTreeSet};

/// One owner in both arms.
struct Both([Sum; 2]);

impl Both {
    fn delta(&self) -> i64 {
        let [a, b] = &self.0;
        b.value - a.value
    }
}

impl Fold for Both {
    fn fold(&mut self, other: &Self) {
        for (sum, other) in self.0.iter_mut().zip(&other.0) {
            sum.fold(other);
        }
    }
}

/// Returns the differences of each pair.
pub(super) fn of(costs: &[Costs<'_>]) -> Vec<PackagePair> {
    let pairs = costs.iter().enumerate().flat_map(|(index, a)| {
        let later = costs[index + 1..].iter();
        later.map(move |b| pair(a, b))
    });
    pairs.collect()
}

fn pair(a: &Costs<'_>, b: &Costs<'_>) -> PackagePair {
    let resamples = Resamples::of(a.over.len(), b.over.len());
    let rows = folded(both(a, b), Both::delta, MOST);
    let rows = rows
        .into_iter()
        .map(|(owner, sums)| row(owner, &sums, [a, b], resamples.as_ref()));
    PackagePair {
        a: a.name.into(),
        b: b.name.into(),
        delta: a.grid.float(b.sums.value() - a.sums.value()),
        rows: rows.collect(),
    }
}

fn both(a: &Costs<'_>, b: &Costs<'_>) -> BTreeMap<Owner, Both> {
    let [mut of_a, mut of_b] = [a, b].map(|costs| costs.sums.by_owner());
    let owners: BTreeSet<Owner> = of_a.keys().chain(of_b.keys()).cloned().collect();
    let take =
        |from: &mut BTreeMap<Owner, Sum>, owner: &Owner| from.remove(owner).unwrap_or_default();
    owners
        .into_iter()
        .map(|owner| {
            let both = Both([take(&mut of_a, &owner), take(&mut of_b, &owner)]);
            (owner, both)
        })
        .collect()
}

fn row(
    owner: Owner,
    Both([in_a, in_b]): &Both,
    [a, b]: [&Costs<'_>; 2],
    resamples: Option<&Resamples>,
) -> PackageDelta {
    let [of_a, of_b] = [in_a.rounds(&a.over), in_b.rounds(&b.over)];
    PackageDelta {
        package: owner.name,
        kind: owner.kind,
        in_a: a.grid.float(in_a.value),
        in_b: a.grid.float(in_b.value),
        delta: a.grid.float(in_b.value - in_a.value),
        ci95: resamples.map(|resamples| resamples.difference(&of_a, &of_b)),
        sampling_error: in_a.error(&a.over).hypot(in_b.error(&b.over)),
        instrumented: in_a.instrumented > 0 || in_b.instrumented > 0,
    }
}
