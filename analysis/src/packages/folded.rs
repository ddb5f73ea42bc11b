//! Small packages, added up.

use super::owner::Owner;
use recording::comparison::PackageKind;
use std::collections::BTreeMap;

/// Returns the largest owners, first packages and runtimes by their size, then small packages added
/// up and time without a sample.
pub(super) fn folded<T: Fold>(
    owners: BTreeMap<Owner, T>,
    size: impl Fn(&T) -> i64,
    most: usize,
) -> Vec<(Owner, T)> {
    let last = |kind| matches!(kind, PackageKind::NoSample | PackageKind::Smaller);
    let mut sorted: Vec<(Owner, T)> = owners.into_iter().collect();
    sorted.sort_by_key(|(owner, sum)| (last(owner.kind), std::cmp::Reverse(size(sum).abs())));
    let (mut kept, mut packages) = (Vec::new(), 0);
    let mut small: Option<(T, usize)> = None;
    for (owner, sum) in sorted {
        packages += usize::from(owner.kind == PackageKind::Package);
        if owner.kind != PackageKind::Package || packages <= most {
            kept.push((owner, sum));
            continue;
        }
        match &mut small {
            Some((all, number)) => {
                all.fold(&sum);
                *number += 1;
            }
            None => small = Some((sum, 1)),
        }
    }
    if let Some((sum, number)) = small {
        let words = match number {
            1 => "1 smaller package".to_owned(),
            several => format!("{several} smaller packages"),
        };
        kept.push((Owner::new(PackageKind::Smaller, &words), sum));
    }
    kept
}

/// Sums that can be added up.
pub(super) trait Fold {
    /// Adds another.
    fn fold(&mut self, other: &Self);
}
