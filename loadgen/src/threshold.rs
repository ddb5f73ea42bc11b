//! Thresholds over a whole run, in k6's syntax: `ttft:p(95)<500ms`, `failed:rate<1%`.

mod parse;

use crate::clock::per_second;
use crate::measure::{Counters, Latency, Totals};
use serde::Deserialize;

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
