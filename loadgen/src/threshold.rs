//! Thresholds over a whole run, in the words of k6: `ttft:p(95)<500ms`, `failed:rate<1%`.

use crate::clock::per_second;
use crate::measure::{Latency, Totals};
use serde::Deserialize;
use std::str::FromStr;

/// `METRIC:AGGREGATE OPERATOR VALUE`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(try_from = "String")]
pub struct Threshold {
    /// As the user wrote it.
    pub expr: String,
    metric: Metric,
    aggregate: Aggregate,
    operator: Operator,
    limit: f64,
    /// What one of the limit's unit is in the metric's: nanoseconds, or one.
    unit: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Metric {
    Ttfb,
    Ttft,
    ChunkInterval,
    Itl,
    Total,
    Requests,
    Completed,
    Tokens,
    Failed,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Aggregate {
    Quantile(f64),
    Mean,
    Count,
    Rate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Less,
    LessOrEqual,
    More,
    MoreOrEqual,
}

const METRICS: [(&str, Metric); 9] = [
    ("ttfb", Metric::Ttfb),
    ("ttft", Metric::Ttft),
    ("chunk_interval", Metric::ChunkInterval),
    ("itl", Metric::Itl),
    ("total", Metric::Total),
    ("requests", Metric::Requests),
    ("completed", Metric::Completed),
    ("tokens", Metric::Tokens),
    ("failed", Metric::Failed),
];

// Longer ones first: `<=` begins with `<`.
const OPERATORS: [(&str, Operator); 4] = [
    ("<=", Operator::LessOrEqual),
    (">=", Operator::MoreOrEqual),
    ("<", Operator::Less),
    (">", Operator::More),
];

/// A threshold that cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot read the threshold {expr:?}: {reason}; write for instance 'ttft:p(95)<500ms', 'itl:max<=1s', \
     'failed:rate<1%' or 'tokens:rate>1000'"
)]
pub struct Unreadable {
    expr: String,
    reason: String,
}

impl FromStr for Threshold {
    type Err = Unreadable;

    fn from_str(expr: &str) -> Result<Self, Unreadable> {
        parse(expr).map_err(|reason| Unreadable {
            expr: expr.into(),
            reason,
        })
    }
}

impl TryFrom<String> for Threshold {
    type Error = Unreadable;

    fn try_from(expr: String) -> Result<Self, Unreadable> {
        expr.parse()
    }
}

fn parse(expr: &str) -> Result<Threshold, String> {
    let (name, rest) = expr.split_once(':').ok_or("it has no colon")?;
    let metric = METRICS.iter().find(|(known, _)| *known == name.trim());
    let known = || METRICS.map(|(name, _)| name).join(", ");
    let (_, metric) = metric.ok_or_else(|| format!("its metric is none of {}", known()))?;
    let at = rest.find(['<', '>']).ok_or("it has no <, <=, > or >=")?;
    let (aggregate, rest) = rest.split_at(at);
    let operator = OPERATORS.iter().find(|(text, _)| rest.starts_with(text));
    let (text, operator) = operator.ok_or("it has no <, <=, > or >=")?;
    let (limit, unit) = value(rest[text.len()..].trim(), *metric)?;
    let aggregate = aggregate_of(aggregate.trim(), *metric)?;
    Ok(Threshold {
        expr: expr.into(),
        metric: *metric,
        aggregate,
        operator: *operator,
        limit,
        unit,
    })
}

fn aggregate_of(text: &str, metric: Metric) -> Result<Aggregate, String> {
    let percentile = text
        .strip_prefix("p(")
        .and_then(|rest| rest.strip_suffix(')'));
    let aggregate = match (text, percentile) {
        (_, Some(number)) => match number.trim().parse::<f64>() {
            Ok(percent) if (0.0..=100.0).contains(&percent) => Aggregate::Quantile(percent / 100.0),
            _ => return Err(format!("{number:?} is no percentile from 0 to 100")),
        },
        ("min", _) => Aggregate::Quantile(0.0),
        ("med", _) => Aggregate::Quantile(0.5),
        ("max", _) => Aggregate::Quantile(1.0),
        ("avg", _) => Aggregate::Mean,
        ("count", _) => Aggregate::Count,
        ("rate", _) => Aggregate::Rate,
        _ => {
            return Err(format!(
                "{text:?} is none of p(N), min, med, max, avg, count, rate"
            ));
        }
    };
    match (metric.is_duration(), aggregate) {
        (true, Aggregate::Count | Aggregate::Rate) => Err(format!("a duration has no {text}")),
        (false, Aggregate::Quantile(_) | Aggregate::Mean) => {
            Err(format!("a count has no {text}: use count or rate"))
        }
        _ => Ok(aggregate),
    }
}

fn value(text: &str, metric: Metric) -> Result<(f64, f64), String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let limit: f64 = number
        .parse()
        .map_err(|_| format!("{text:?} does not begin with a number"))?;
    let unit = match (metric.is_duration(), unit.trim()) {
        (true, "us" | "µs") => 1e3,
        // Without a unit k6 means milliseconds.
        (true, "" | "ms") => 1e6,
        (true, "s") => 1e9,
        (false, "") => 1.0,
        (false, "%") => 0.01,
        (_, other) => return Err(format!("{other:?} is no unit that suits")),
    };
    Ok((limit, unit))
}

impl Metric {
    fn is_duration(self) -> bool {
        matches!(
            self,
            Self::Ttfb | Self::Ttft | Self::ChunkInterval | Self::Itl | Self::Total
        )
    }
}

impl Threshold {
    /// What was measured, in the unit of the limit, and whether that is within it; none where nothing was measured.
    pub fn value(&self, totals: &Totals) -> Option<f64> {
        let requests = &totals.tally.requests;
        let tally = &totals.tally;
        let value = match self.metric {
            Metric::Ttfb => self.latency(&tally.ttfb)?,
            Metric::Ttft => self.latency(&tally.ttft)?,
            Metric::ChunkInterval => self.latency(&tally.chunk_interval)?,
            Metric::Itl => self.latency(&tally.itl)?,
            Metric::Total => self.latency(&tally.total)?,
            Metric::Requests => self.count(requests.started, totals.elapsed_ns),
            Metric::Completed => self.count(requests.completed, totals.elapsed_ns),
            Metric::Tokens => self.count(totals.tokens, totals.elapsed_ns),
            Metric::Failed => {
                let (failed, ended) = (tally.bad(), tally.ended());
                match self.aggregate {
                    Aggregate::Count => failed as f64,
                    _ if ended == 0 => return None,
                    _ => failed as f64 / ended as f64,
                }
            }
        };
        Some(value / self.unit)
    }

    /// Whether it holds of what was measured. Of nothing, nothing holds.
    pub fn holds(&self, totals: &Totals) -> bool {
        self.value(totals).is_some_and(|value| match self.operator {
            Operator::Less => value < self.limit,
            Operator::LessOrEqual => value <= self.limit,
            Operator::More => value > self.limit,
            Operator::MoreOrEqual => value >= self.limit,
        })
    }

    /// Whether it was measured not to hold.
    pub fn crossed(&self, totals: &Totals) -> bool {
        self.value(totals).is_some() && !self.holds(totals)
    }

    /// As the summary holds it.
    pub fn judged(&self, totals: &Totals) -> recording::load::Threshold {
        recording::load::Threshold {
            expr: self.expr.clone(),
            value: self.value(totals).unwrap_or(0.0),
            ok: self.holds(totals),
        }
    }

    fn latency(&self, latency: &Latency) -> Option<f64> {
        (latency.count() > 0).then(|| match self.aggregate {
            Aggregate::Quantile(q) => latency.quantile(q) as f64,
            _ => latency.mean(),
        })
    }

    fn count(&self, count: u64, elapsed_ns: u64) -> f64 {
        match self.aggregate {
            Aggregate::Rate => per_second(count, elapsed_ns),
            _ => count as f64,
        }
    }
}

#[cfg(test)]
#[path = "threshold_tests.rs"]
mod tests;
