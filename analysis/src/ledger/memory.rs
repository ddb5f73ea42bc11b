//! Resident memory by class of region. What `smaps` does not show stays unexplained.

use super::Ledger;
use recording::Recording;

/// Books one round.
pub fn book(path: &str, recording: &Recording, ledger: &mut Ledger) {
    for (index, region) in recording.memory.regions.iter().enumerate() {
        let evidence = format!("{path}#/memory/regions/{index}/rss_bytes");
        ledger.add(None, &region.class, region.rss_bytes, 0, evidence);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Build;

    #[test]
    fn regions_are_booked_by_class() {
        let round = Build::arm("go")
            .region("runtime heap", 4096)
            .region("other", 0)
            .done();
        let mut ledger = Ledger::default();
        book("r", &round, &mut ledger);
        let key = (None, "runtime heap".into());
        assert_eq!(ledger.per(&key, 1.0).value, 4096.0);
        assert_eq!(ledger.0.len(), 1, "empty classes are no rows");
    }
}
