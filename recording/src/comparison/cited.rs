//! Rows that findings cite.

use super::{Comparison, Finding, Metric, Pair, Term};

impl Comparison {
    /// Returns the rows of differences that a finding cites, in its order, each with its metric and
    /// pair. Places that do not resolve are left out.
    pub fn cited_terms<'a>(
        &'a self,
        finding: &'a Finding,
    ) -> impl Iterator<Item = (&'a Metric, &'a Pair, &'a Term)> {
        let places = finding.evidence.iter().map(|place| place.to_string());
        places.filter_map(|place| self.term(&place))
    }

    /// Returns the row that a place cites: `comparison#/metrics/0/pairs/0/terms/3`.
    fn term(&self, place: &str) -> Option<(&Metric, &Pair, &Term)> {
        let steps: Vec<&str> = place.strip_prefix("comparison#/")?.split('/').collect();
        let ["metrics", metric, "pairs", pair, list, term] = steps[..] else {
            return None;
        };
        let metric = self.metrics.get(metric.parse::<usize>().ok()?)?;
        let pair = metric.pairs.get(pair.parse::<usize>().ok()?)?;
        let rows = match list {
            "terms" => &pair.terms,
            "by_cause" => &pair.by_cause,
            "by_kind" => &pair.by_kind,
            _ => return None,
        };
        Some((metric, pair, rows.get(term.parse::<usize>().ok()?)?))
    }
}
