//! Resident memory by class of region. Memory that `smaps` does not show stays unexplained.

use super::{Key, Ledger};
use recording::evidence::{Field, List};
use recording::vocabulary::TermKind;
use recording::{Evidence, Recording};

/// Books one round.
pub fn book(path: &str, recording: &Recording, ledger: &mut Ledger) {
    for (index, region) in recording.memory.regions.iter().enumerate() {
        let evidence = Evidence::entry(path, List::MemoryRegions, index).field(Field::RssBytes);
        let key = Key::of_kind(None, TermKind::Region(region.class));
        ledger.add(key, region.rss_bytes, 0, evidence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::testing::Build;
    use recording::vocabulary::RegionClass;

    #[test]
    fn books_regions_by_class() {
        let round = Build::arm("go")
            .region(RegionClass::RuntimeHeap, 4096)
            .region(RegionClass::Other, 0)
            .done();
        let mut ledger = Ledger::default();
        book("r", &round, &mut ledger);
        let key = Key::of_kind(None, TermKind::Region(RegionClass::RuntimeHeap));
        assert_eq!(ledger.per(&key, 1.0).value, 4096.0);
        assert_eq!(ledger.0.len(), 1, "empty classes have no row");
    }
}
