//! Thresholds over a whole run, in k6's syntax: `ttft:p(95)<500ms`, `failed:rate<1%`.

use crate::clock::per_second;
use crate::measure::{Counters, Latency, Totals};
use serde::Deserialize;
use std::str::FromStr;

/// `METRIC:AGGREGATE OPERATOR VALUE`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(try_from = "String")]
pub struct Threshold {
    /// Expression as the user wrote it.
    pub expr: String,
    metric: Metric,
    aggregate: Aggregate,
    operator: Operator,
    limit: f64,
    /// Unit of the limit and of measured values.
    unit: Unit,
}

/// Unit of a value: its name, and its size in nanoseconds, or in ones.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Unit {
    name: &'static str,
    size: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Metric {
    Duration(Duration),
    Count(Count),
    Share(Share),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Duration {
    Ttfb,
    Ttft,
    Ttfo,
    ChunkInterval,
    Itl,
    Tpot,
    Total,
}

/// Metric with a count, and a rate a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Count {
    Requests,
    Completed,
    Tokens,
    Chunks,
    DataSent,
    DataReceived,
}

/// Metric with a count, and a rate that is a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Share {
    Failed,
    Cut,
    Checks,
    Goodput,
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

const METRICS: [(&str, Metric); 17] = [
    ("ttfb", Metric::Duration(Duration::Ttfb)),
    ("ttft", Metric::Duration(Duration::Ttft)),
    ("ttfo", Metric::Duration(Duration::Ttfo)),
    ("chunk_interval", Metric::Duration(Duration::ChunkInterval)),
    ("itl", Metric::Duration(Duration::Itl)),
    ("tpot", Metric::Duration(Duration::Tpot)),
    ("total", Metric::Duration(Duration::Total)),
    ("requests", Metric::Count(Count::Requests)),
    ("completed", Metric::Count(Count::Completed)),
    ("tokens", Metric::Count(Count::Tokens)),
    ("chunks", Metric::Count(Count::Chunks)),
    ("data_sent", Metric::Count(Count::DataSent)),
    ("data_received", Metric::Count(Count::DataReceived)),
    ("failed", Metric::Share(Share::Failed)),
    ("cut", Metric::Share(Share::Cut)),
    ("checks", Metric::Share(Share::Checks)),
    ("goodput", Metric::Share(Share::Goodput)),
];

// Longer ones first: `<=` begins with `<`.
const OPERATORS: [(&str, Operator); 4] = [
    ("<=", Operator::LessOrEqual),
    (">=", Operator::MoreOrEqual),
    ("<", Operator::Less),
    (">", Operator::More),
];

/// Error of a threshold that cannot be parsed.
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
    let (_, metric) = metric.ok_or_else(|| format!("its metric is not one of {}", known()))?;
    let at = rest.find(['<', '>']).ok_or("it has no <, <=, > or >=")?;
    let (aggregate, rest) = rest.split_at(at);
    let operator = OPERATORS.iter().find(|(text, _)| rest.starts_with(text));
    let (text, operator) = operator.ok_or("it has no <, <=, > or >=")?;
    let aggregate = aggregate_of(aggregate.trim(), *metric)?;
    let (limit, unit) = value(rest[text.len()..].trim(), *metric, aggregate)?;
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
                "{text:?} is not one of p(N), min, med, max, avg, count, rate"
            ));
        }
    };
    match (metric, aggregate) {
        (Metric::Duration(_), Aggregate::Count | Aggregate::Rate) => {
            Err(format!("a duration has no {text}"))
        }
        (Metric::Count(_) | Metric::Share(_), Aggregate::Quantile(_) | Aggregate::Mean) => {
            Err(format!("a count has no {text}: use count or rate"))
        }
        _ => Ok(aggregate),
    }
}

fn value(text: &str, metric: Metric, aggregate: Aggregate) -> Result<(f64, Unit), String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let limit: f64 = number
        .parse()
        .map_err(|_| format!("{text:?} does not begin with a number"))?;
    let (name, size) = match (metric, aggregate, unit.trim()) {
        (Metric::Duration(_), _, "us" | "µs") => ("µs", 1e3),
        // As in k6, a duration without a unit is in milliseconds.
        (Metric::Duration(_), _, "" | "ms") => ("ms", 1e6),
        (Metric::Duration(_), _, "s") => ("s", 1e9),
        (Metric::Share(_), Aggregate::Rate, "%") => ("%", 0.01),
        (Metric::Share(_), _, "") => ("", 1.0),
        (Metric::Count(Count::DataSent | Count::DataReceived), Aggregate::Rate, "") => ("B/s", 1.0),
        (Metric::Count(Count::DataSent | Count::DataReceived), _, "") => ("B", 1.0),
        (Metric::Count(_), Aggregate::Rate, "" | "/s") => ("/s", 1.0),
        (Metric::Count(_), _, "") => ("", 1.0),
        (_, _, other) => return Err(format!("{other:?} is no unit of this metric")),
    };
    Ok((limit, Unit { name, size }))
}

impl Duration {
    fn of(self, counters: &Counters) -> &Latency {
        match self {
            Self::Ttfb => &counters.ttfb,
            Self::Ttft => &counters.ttft,
            Self::Ttfo => &counters.ttfo,
            Self::ChunkInterval => &counters.chunk_interval,
            Self::Itl => &counters.itl,
            Self::Tpot => &counters.tpot,
            Self::Total => &counters.total,
        }
    }
}

impl Count {
    fn of(self, totals: &Totals) -> u64 {
        match self {
            Self::Requests => totals.counters.requests.started,
            Self::Completed => totals.counters.requests.completed,
            Self::Tokens => totals.tokens,
            Self::Chunks => totals.chunks,
            Self::DataSent => totals.bytes_sent,
            Self::DataReceived => totals.bytes_received,
        }
    }
}

impl Share {
    /// Returns the count, and the whole that it is a share of.
    fn of(self, counters: &Counters) -> (u64, u64) {
        match self {
            Self::Failed => (counters.bad(), counters.finished()),
            Self::Cut => (counters.requests.cut, counters.requests.started),
            Self::Goodput => (counters.goodput, counters.finished()),
            Self::Checks => {
                let passed = counters.checks.iter().map(|[passed, _]| passed).sum();
                let failed: u64 = counters.checks.iter().map(|[_, failed]| failed).sum();
                (passed, passed + failed)
            }
        }
    }
}

impl Threshold {
    /// Returns the measured value in the unit of the limit; none if nothing was measured.
    pub fn value(&self, totals: &Totals) -> Option<f64> {
        let counters = &totals.counters;
        let value = match self.metric {
            Metric::Duration(metric) => self.latency(metric.of(counters))?,
            Metric::Count(metric) => self.count(metric.of(totals), totals.elapsed_ns),
            Metric::Share(metric) => match (self.aggregate, metric.of(counters)) {
                (Aggregate::Count, (count, _)) => count as f64,
                (_, (_, 0)) => return None,
                (_, (count, whole)) => count as f64 / whole as f64,
            },
        };
        Some(value / self.unit.size)
    }

    /// Returns whether the threshold is met. Without measurements, it is not.
    pub fn holds(&self, totals: &Totals) -> bool {
        self.value(totals).is_some_and(|value| match self.operator {
            Operator::Less => value < self.limit,
            Operator::LessOrEqual => value <= self.limit,
            Operator::More => value > self.limit,
            Operator::MoreOrEqual => value >= self.limit,
        })
    }

    /// Returns whether measurements cross the threshold.
    pub fn crossed(&self, totals: &Totals) -> bool {
        self.value(totals).is_some() && !self.holds(totals)
    }

    /// Returns the threshold as the summary stores it.
    pub fn judged(&self, totals: &Totals) -> recording::load::Threshold {
        recording::load::Threshold {
            expr: self.expr.clone(),
            value: self.value(totals).unwrap_or(0.0),
            unit: self.unit.name.into(),
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
mod tests;
