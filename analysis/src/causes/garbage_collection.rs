//! Threads whose only job is to collect garbage.

use super::{About, Case, Hit, Kind, Rule};
use crate::work::COLLECTING;

/// See the module.
pub struct GarbageCollection;

const ABOUT: About = About {
    id: "garbage-collection",
    title: "Garbage collection",
    pattern: "CPU time of the collector's own threads (JavaScriptCore's heap helpers)",
    meaning: "The collector marks what is still in use; its work grows with what is allocated and kept",
    remedy: "Allocate less for each token, or give the heap more room so that it collects less often",
};

impl Rule for GarbageCollection {
    fn about(&self) -> &'static About {
        &ABOUT
    }

    fn kind(&self) -> Kind {
        Kind::Cpu
    }

    fn check(&self, case: &Case<'_>) -> Option<Hit> {
        let rows = case.work(COLLECTING)?;
        let text = format!("collector threads on a CPU: {}", case.values(&rows));
        Some(Hit {
            rows,
            text,
            evidence: vec![],
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;

    #[test]
    fn collector_threads_are_found() {
        let found = planted("garbage-collection", |build| {
            build.thread(9, JSC_HEAP_HELPER, |thread| thread.user(DOSE, 50))
        });
        assert_whole(&found);
    }

    #[test]
    fn no_collector_no_finding() {
        assert!(
            causes_of(|build| build.thread(9, "pool", |thread| thread.user(DOSE, 50)))
                .iter()
                .all(|found| found.id != "garbage-collection")
        );
    }
}
