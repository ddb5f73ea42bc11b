//! Evidence: `PATH#/json/pointer` into a recording, or `comparison#/json/pointer` into the comparison itself.

use recording::{Comparison, Recording};
use serde_json::Value;
use std::collections::BTreeMap;

/// The name under which evidence cites the comparison itself.
pub const COMPARISON: &str = "comparison";

/// The citation of a pair.
pub fn pair(metric: usize, pair: usize) -> String {
    format!("{COMPARISON}#/metrics/{metric}/pairs/{pair}")
}

/// The citation of an arm's value.
pub fn value(metric: usize, arm: &str) -> String {
    // RFC 6901: `~` and `/` are the pointer's own.
    let arm = arm.replace('~', "~0").replace('/', "~1");
    format!("{COMPARISON}#/metrics/{metric}/arms/{arm}")
}

/// A citation that leads nowhere.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("evidence {0:?} does not resolve: no such recording or no such field in it")]
pub struct Unresolved(pub String);

/// Everything that can be cited.
pub struct Library(BTreeMap<String, Value>);

impl Library {
    /// Of a comparison and the recordings it was made from.
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

    /// What a citation points to.
    pub fn resolve(&self, citation: &str) -> Result<&Value, Unresolved> {
        let found = citation
            .rsplit_once('#')
            .and_then(|(document, pointer)| self.0.get(document)?.pointer(pointer));
        found.ok_or_else(|| Unresolved(citation.into()))
    }
}

/// What one citation points to; for many, make a [`Library`] once.
pub fn resolve(
    comparison: &Comparison,
    recordings: &[(String, Recording)],
    citation: &str,
) -> Result<Value, Unresolved> {
    Library::new(comparison, recordings)
        .resolve(citation)
        .cloned()
}

/// Every citation of a comparison.
pub fn citations(comparison: &Comparison) -> impl Iterator<Item = &String> {
    let pairs = comparison.metrics.iter().flat_map(|metric| &metric.pairs);
    let terms = pairs.flat_map(|pair| pair.terms.iter().chain(&pair.by_cause).chain(&pair.by_work));
    let findings = comparison.findings.iter().map(|finding| &finding.evidence);
    let claims = comparison.claims.iter().map(|claim| &claim.evidence);
    let costs = comparison.observer_cost.iter().map(|cost| &cost.evidence);
    let detail = comparison.detail.iter().map(|round| &round.evidence);
    terms
        .map(|term| &term.evidence)
        .chain(findings)
        .chain(claims)
        .chain(costs)
        .chain(detail)
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Build, go_and_bun};

    #[test]
    fn every_citation_resolves() {
        let recordings = go_and_bun(3);
        let comparison = crate::compare(&recordings);
        let library = Library::new(&comparison, &recordings);
        let cited: Vec<_> = citations(&comparison).collect();
        assert!(cited.len() > 50, "only {} citations", cited.len());
        for citation in cited {
            assert!(!library.resolve(citation).expect("resolves").is_null());
        }
    }

    #[test]
    fn a_citation_that_leads_nowhere_is_an_error() {
        let recordings = [("a".to_string(), Build::arm("go").done())];
        let comparison = crate::compare(&recordings);
        for wrong in ["", "a", "b#/schema", "a#/nothing", "a#schema"] {
            let error = resolve(&comparison, &recordings, wrong).expect_err(wrong);
            assert_eq!(error, Unresolved(wrong.into()));
        }
        assert_eq!(
            resolve(&comparison, &recordings, "a#/target/arm"),
            Ok("go".into())
        );
    }
}
