//! Service-level objectives of a single request, for goodput: `ttft<500ms,tpot<50ms`.

use crate::client::Answer;
use std::str::FromStr;

/// Objectives that a request must meet all of to count as goodput.
#[derive(Clone, Debug, PartialEq)]
pub struct Slo {
    /// Objectives as the user wrote them.
    pub text: String,
    limits: Vec<(Metric, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Metric {
    Ttfb,
    Ttft,
    Ttfo,
    Tpot,
    Total,
}

const METRICS: [(&str, Metric); 5] = [
    ("ttfb", Metric::Ttfb),
    ("ttft", Metric::Ttft),
    ("ttfo", Metric::Ttfo),
    ("tpot", Metric::Tpot),
    ("total", Metric::Total),
];

/// Error of objectives that cannot be parsed.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the objectives {text:?}: {reason}; write for instance 'ttft<500ms,tpot<50ms'")]
pub struct Unreadable {
    text: String,
    reason: String,
}

impl FromStr for Slo {
    type Err = Unreadable;

    fn from_str(text: &str) -> Result<Self, Unreadable> {
        let limits = text.split(',').map(limit).collect::<Result<_, _>>();
        let limits = limits.map_err(|reason| Unreadable {
            text: text.into(),
            reason,
        })?;
        Ok(Self {
            text: text.into(),
            limits,
        })
    }
}

fn limit(text: &str) -> Result<(Metric, u64), String> {
    let (name, value) = text
        .split_once('<')
        .ok_or_else(|| format!("{text:?} has no <"))?;
    let metric = METRICS.iter().find(|(known, _)| *known == name.trim());
    let (_, metric) = metric.ok_or_else(|| {
        let known = METRICS.map(|(name, _)| name).join(", ");
        format!("{:?} is not one of {known}", name.trim())
    })?;
    let value = value.strip_prefix('=').unwrap_or(value).trim();
    let duration = humantime::parse_duration(value)
        .map_err(|error| format!("{value:?} is not a duration: {error}"))?;
    Ok((*metric, crate::clock::nanos(duration)))
}

impl Slo {
    /// Returns whether a good answer to a request that began at `begin_ns` met all objectives. An
    /// objective on a metric that the answer does not have, such as `tpot` of a single token, is
    /// met.
    pub fn is_met(&self, begin_ns: u64, answer: &Answer) -> bool {
        let since = |ns: u64| (ns > 0).then(|| ns.saturating_sub(begin_ns));
        self.limits.iter().all(|(metric, limit)| {
            let value = match metric {
                Metric::Ttfb => since(answer.first_byte_ns),
                Metric::Ttft => since(answer.first_token_ns),
                Metric::Ttfo => since(answer.first_output_ns),
                Metric::Tpot => answer.tpot_ns(),
                Metric::Total => since(answer.end_ns),
            };
            value.is_none_or(|value| value < *limit)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Gap;

    const MS: u64 = 1_000_000;

    fn answer() -> Answer {
        Answer {
            first_byte_ns: 101 * MS,
            first_token_ns: 110 * MS,
            first_output_ns: 110 * MS,
            last_token_ns: 210 * MS,
            end_ns: 211 * MS,
            tokens: 11,
            gaps: vec![Gap {
                tenths_us: 1,
                tokens: 10,
            }],
            ..Answer::default()
        }
    }

    #[test]
    fn requires_every_objective() {
        let met = |text: &str| text.parse::<Slo>().unwrap().is_met(100 * MS, &answer());
        assert!(met("ttft<11ms") && met("tpot<11ms") && met("total<1s"));
        assert!(!met("ttft<10ms") && !met("tpot<10ms"));
        assert!(met("ttft < 11ms, tpot<=20ms") && !met("ttft<11ms,total<100ms"));
    }

    #[test]
    fn ignores_objectives_on_metrics_that_an_answer_lacks() {
        let slo: Slo = "tpot<1ms,ttft<1ms".parse().unwrap();
        assert!(slo.is_met(0, &Answer::default()));
    }

    #[test]
    fn rejects_objectives_with_an_example() {
        for text in [
            "",
            "ttft",
            "ttft>1s",
            "speed<1s",
            "ttft<fast",
            "ttft<5",
            "ttft<1s,",
        ] {
            let error = text.parse::<Slo>().unwrap_err().to_string();
            assert!(error.contains("tpot<50ms"), "{text}: {error}");
        }
    }
}
