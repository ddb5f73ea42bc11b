//! One pair of one metric, as findings and causes see it.

use recording::Evidence;
use recording::comparison::{Finding, Metric, Pair};
use std::borrow::Cow;

/// One pair of one metric, and its place in the comparison.
pub struct PairView<'a> {
    /// The metric.
    pub metric: &'a Metric,
    /// The pair.
    pub pair: &'a Pair,
    /// Cites the pair.
    pub at: Evidence,
    /// Cites the two values.
    pub values: [Evidence; 2],
}

impl<'a> PairView<'a> {
    /// Returns the view of a pair, by the places of its metric and of itself.
    pub fn new(place: usize, metric: &'a Metric, pair_place: usize, pair: &'a Pair) -> Self {
        PairView {
            metric,
            pair,
            at: Evidence::pair(place, pair_place),
            values: [
                Evidence::value(place, &pair.a),
                Evidence::value(place, &pair.b),
            ],
        }
    }

    /// Returns the words for the metric.
    pub fn title(&self) -> Cow<'static, str> {
        self.metric.label()
    }

    /// Returns b − a, in the metric's unit.
    pub fn difference(&self) -> f64 {
        self.metric.arms[&self.pair.b].value - self.metric.arms[&self.pair.a].value
    }

    /// Returns a finding about this pair; `rows` are cited after the values.
    pub fn finding(&self, id: &str, text: String, share: f64, rows: Vec<Evidence>) -> Finding {
        let mut evidence = vec![self.at.clone()];
        evidence.extend(self.values.clone());
        evidence.extend(rows);
        Finding {
            id: id.into(),
            metric: self.metric.name,
            pair: Some([self.pair.a.clone(), self.pair.b.clone()]),
            title: String::new(),
            text,
            meaning: String::new(),
            advice: String::new(),
            share,
            consequence: false,
            predicted: None,
            evidence,
            stacks: Vec::new(),
        }
    }
}
