//! Resolves evidence: a reference that leads nowhere is an error.

use recording::evidence::COMPARISON;
use recording::{Comparison, Evidence, Recording};
use serde_json::Value;
use std::collections::BTreeMap;

/// A reference that leads nowhere.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("evidence {0} does not resolve: no such recording, or no such field in it")]
pub struct Unresolved(pub Evidence);

/// Everything that can be cited.
pub struct Library(BTreeMap<String, Value>);

impl Library {
    /// Collects a comparison and the recordings that it was made from.
    pub fn new(comparison: &Comparison, recordings: &[(String, Recording)]) -> Self {
        let plain = "plain data serializes";
        let mut documents: BTreeMap<_, _> = recordings
            .iter()
            .map(|(path, recording)| (path.clone(), serde_json::to_value(recording).expect(plain)))
            .collect();
        let comparison = serde_json::to_value(comparison).expect(plain);
        documents.insert(COMPARISON.into(), comparison);
        Library(documents)
    }

    /// Returns the value that a reference points to.
    ///
    /// # Errors
    /// There is no such document, or no such place in it.
    pub fn resolve(&self, evidence: &Evidence) -> Result<&Value, Unresolved> {
        let document = self.0.get(evidence.document());
        let found = document.and_then(|document| document.pointer(&evidence.pointer()));
        found.ok_or_else(|| Unresolved(evidence.clone()))
    }
}

/// Returns every reference of a comparison.
pub fn citations(comparison: &Comparison) -> impl Iterator<Item = &Evidence> {
    let pairs = comparison.metrics.iter().flat_map(|metric| &metric.pairs);
    let terms = pairs.flat_map(|pair| pair.terms.iter().chain(&pair.by_cause).chain(&pair.by_kind));
    let ledgers = comparison.arms.iter().flat_map(|arm| {
        let books = [&arm.ledger, &arm.by_cause, &arm.by_kind];
        books.into_iter().flat_map(BTreeMap::values).flatten()
    });
    let findings = comparison.findings.iter().map(|finding| &finding.evidence);
    let claims = comparison.claims.iter().map(|claim| &claim.evidence);
    let costs = comparison.observer_cost.iter().map(|cost| &cost.evidence);
    let instrumented = comparison.instrumented.iter().map(|round| &round.evidence);
    let growth = comparison.memory_growth.iter().map(|line| &line.evidence);
    terms
        .map(|term| &term.evidence)
        .chain(ledgers.map(|row| &row.evidence))
        .chain(findings)
        .chain(claims)
        .chain(costs)
        .chain(instrumented)
        .chain(growth)
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{compare, go_and_bun};
    use recording::evidence::List;
    use recording::testing::Build;

    #[test]
    fn resolves_every_citation() {
        let recordings = go_and_bun(3);
        let comparison = compare(&recordings);
        let library = Library::new(&comparison, &recordings);
        let cited: Vec<_> = citations(&comparison).collect();
        assert!(cited.len() > 50, "only {} citations", cited.len());
        for citation in cited {
            assert!(!library.resolve(citation).expect("resolves").is_null());
        }
    }

    #[test]
    fn rejects_a_citation_that_leads_nowhere() {
        let recordings = [("a".to_string(), Build::arm("go").done())];
        let library = Library::new(&compare(&recordings), &recordings);
        let there = Evidence::part("a", recording::evidence::Part::Target);
        assert!(library.resolve(&there).is_ok());
        let wrong = [
            Evidence::recording("b"),
            Evidence::entry("a", List::Threads, 0),
        ];
        for wrong in wrong {
            assert_eq!(library.resolve(&wrong), Err(Unresolved(wrong.clone())));
        }
    }
}
