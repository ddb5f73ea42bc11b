//! Resident memory by class of region.

use super::rows::largest;
use super::{Comparison, Match};
use crate::call_sites;
use recording::vocabulary::{RegionClass, TermKind};

/// Classes of the program and its libraries.
pub(super) const BINARY: &[RegionClass] = &[
    RegionClass::BinaryText,
    RegionClass::BinaryData,
    RegionClass::Libraries,
];

/// Matches regions of some classes.
pub(super) fn check(pair: &Comparison<'_>, classes: &[RegionClass]) -> Option<Match> {
    let is_of = |class: &RegionClass, kind| kind == TermKind::Region(*class);
    let rows = pair.rows(|row| classes.iter().any(|class| is_of(class, row.kind)))?;
    let unit = pair.view.metric.unit;
    let text = format!("{}{}", pair.values(&rows), largest(&rows, unit));
    Some(Match::of(rows, text))
}

/// Matches the heap, and names the call site of most page faults. Pages that were touched while
/// recorded are mostly heap, and say nothing about other classes.
pub(super) fn heap(pair: &Comparison<'_>) -> Option<Match> {
    let mut found = check(pair, &[RegionClass::RuntimeHeap])?;
    let faulting = call_sites::page_faults(pair.costly);
    found.text += &faulting.text;
    found.evidence = faulting.evidence;
    Some(found)
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;
    use recording::vocabulary::RegionClass;

    #[test]
    fn finds_every_class_by_its_rule() {
        for (id, class) in [
            ("binary-size", RegionClass::BinaryText),
            ("binary-size", RegionClass::BinaryData),
            ("binary-size", RegionClass::Libraries),
            ("jit-memory", RegionClass::JitCode),
            ("thread-stacks", RegionClass::ThreadStacks),
            ("retained-heap", RegionClass::RuntimeHeap),
        ] {
            let found = planted(id, |build| build.region(class, 50 << 20));
            assert_whole(&found);
        }
    }
}
