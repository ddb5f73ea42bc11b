//! Syntax of thresholds.

use super::{Aggregate, Count, Duration, Metric, Operator, Share, Threshold, Unit};
use std::str::FromStr;

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
    // Such a threshold could not be crossed, or not be met.
    if let (Metric::Share(_), Aggregate::Rate) = (metric, aggregate)
        && limit * size > 1.0
    {
        return Err(format!("{text} is more than the whole; write 5% or 0.05"));
    }
    Ok((limit, Unit { name, size }))
}
