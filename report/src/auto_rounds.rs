//! How a run with `--rounds auto` ended, in words.

use crate::clean::clean;
use recording::comparison::{AutoEnd, AutoRounds, Metric, WidestInterval};
use recording::format;

/// Returns how a run ended that chose its number of rounds, as a sentence without a full stop.
pub fn sentence(auto: &AutoRounds) -> String {
    let asked = format::percent_tenths(auto.precision);
    let why = match auto.end {
        AutoEnd::Precise => {
            format!("all watched intervals reach at most {asked} to each side")
        }
        AutoEnd::MaxRounds => spent("--max-rounds", auto, &asked),
        AutoEnd::MaxTime => spent("--max-time", auto, &asked),
    };
    let rounds = match auto.rounds {
        1 => "1 round".into(),
        rounds => format!("{rounds} rounds"),
    };
    format!("--rounds auto ended after {rounds} of each arm: {why}")
}

fn spent(budget: &str, auto: &AutoRounds, asked: &str) -> String {
    let widest = auto.widest.as_ref().map_or_else(
        || "no interval was measured".into(),
        |widest| format!("{}, and {asked} was asked", wide(widest)),
    );
    format!("{budget} is spent; {widest}")
}

/// Describes the interval that kept the run going.
fn wide(widest: &WidestInterval) -> String {
    let label = Metric::new(widest.metric).label();
    let of = match &widest.a {
        Some(a) => format!("{} against {}", clean(&widest.b), clean(a)),
        None => clean(&widest.b),
    };
    match widest.reach {
        Some(reach) => {
            let reach = format::percent_tenths(reach);
            format!("the interval of {label} ({of}) reaches {reach} to each side")
        }
        None => format!("{label} ({of}) has no bounded interval"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::vocabulary::MetricId;

    #[test]
    fn names_the_interval_that_stayed_wide() {
        let auto = AutoRounds {
            rounds: 9,
            precision: 0.05,
            widest: Some(WidestInterval {
                metric: MetricId::CpuNsPerToken,
                a: Some("go".into()),
                b: "bun".into(),
                reach: Some(0.12),
            }),
            end: AutoEnd::MaxTime,
        };
        assert_eq!(
            sentence(&auto),
            "--rounds auto ended after 9 rounds of each arm: --max-time is spent; the interval of \
             CPU time per token (bun against go) reaches 12.0 % to each side, and 5.0 % was asked"
        );
    }
}
