//! What a finding is about, and its sentence taken apart for the eye.

use crate::clean::clean_sentence;
use recording::comparison::{Comparison, Finding, Metric, Pair};

/// The pair a finding is about: the first pair it cites.
pub fn pair<'a>(comparison: &'a Comparison, finding: &Finding) -> Option<(&'a Metric, &'a Pair)> {
    let cited = |place: &String| {
        let (metric, rest) = place
            .strip_prefix("comparison#/metrics/")?
            .split_once("/pairs/")?;
        let metric = comparison.metrics.get(metric.parse::<usize>().ok()?)?;
        let pair = rest.split('/').next()?.parse::<usize>().ok()?;
        Some((metric, metric.pairs.get(pair)?))
    };
    finding.evidence.iter().find_map(cited)
}

/// The two values of a pair; not a number where an arm has none.
pub fn values(metric: &Metric, pair: &Pair) -> [f64; 2] {
    [&pair.a, &pair.b].map(|arm| metric.arms.get(arm).map_or(f64::NAN, |found| found.value))
}

/// The clauses of a sentence without its opening, which a headline already says.
pub fn reasons(text: &str) -> Vec<String> {
    let mut clauses = outside(text, "; ").into_iter();
    let first = clauses.next().unwrap_or_default();
    let first = outside(first, ": ").pop().unwrap_or(first);
    std::iter::once(first)
        .chain(clauses)
        .map(clean_sentence)
        .collect()
}

/// Splits where the separator stands outside parentheses.
fn outside<'a>(text: &'a str, separator: &str) -> Vec<&'a str> {
    let (mut parts, mut start, mut depth) = (Vec::new(), 0, 0_i32);
    for (at, c) in text.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 && at >= start && text[at..].starts_with(separator) {
            parts.push(&text[start..at]);
            start = at + separator.len();
        }
    }
    parts.push(&text[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_in_parentheses_stay_together() {
        let text = "CPU: b takes 3 µs more (×2; 1–3): 2 µs in a (mostly x; y), because z; nothing is unexplained";
        assert_eq!(
            reasons(text),
            [
                "2 µs in a (mostly x; y), because z",
                "nothing is unexplained"
            ]
        );
        assert_eq!(reasons("plain"), ["plain"]);
        assert_eq!(reasons("unbalanced (a; b"), ["unbalanced (a; b"]);
        assert_eq!(reasons(""), [""]);
    }

    #[test]
    fn a_finding_is_about_the_first_pair_it_cites() {
        let mut comparison = Comparison::default();
        let pairs = vec![
            Pair::default(),
            Pair {
                b: "bun".into(),
                ..Pair::default()
            },
        ];
        comparison.metrics.push(Metric {
            pairs,
            ..Metric::default()
        });
        let cites = |place: &str| Finding {
            evidence: vec![place.into()],
            ..Finding::default()
        };
        let found = |place: &str| pair(&comparison, &cites(place)).map(|found| found.1.b.as_str());
        assert_eq!(
            found("comparison#/metrics/0/pairs/1/by_work/0"),
            Some("bun")
        );
        assert_eq!(found("comparison#/metrics/7/pairs/1"), None);
        assert_eq!(found("go/1/recording.json#/process"), None);
    }
}
