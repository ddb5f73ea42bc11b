//! The end of a run with `--rounds auto`: it measures until intervals are as narrow as asked.
//!
//! Stopping at the first significant difference finds differences too often. So the rule here looks
//! at the width of the intervals only, never at the ratio (sequential intervals of fixed width,
//! Chow and Robbins 1965). A width is narrow by chance as well, mostly after few rounds, so two
//! looks in a row have to find it narrow. A simulation in the tests measures how often such
//! intervals hold the truth.

use crate::annotate;
use crate::arms::{self, Rounds};
use crate::metrics;
use crate::stats::{self, Sample};
use recording::Recording;
use recording::comparison::{AutoEnd, AutoRounds, WidestInterval};
use recording::vocabulary::{MetricId, Per};
use recording::work::common_unit;
use std::time::Duration;

/// Fewer rounds are not looked at: Student's t for two rounds is four times that for four.
pub const MIN_ROUNDS: u32 = 4;
/// So many looks in a row have to find the intervals narrow enough.
const LOOKS: u32 = 2;

/// The request of `--rounds auto`.
#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    /// Intervals are to reach less far to each side: 0.05 for 5 %.
    pub precision: f64,
    /// Metrics whose intervals have to be narrow; CPU time per unit of work is always one.
    pub metrics: Vec<MetricId>,
    /// At least so many rounds of each arm.
    pub min_rounds: u32,
    /// At most so many rounds of each arm.
    pub max_rounds: u32,
    /// At most so much time for all rounds.
    pub max_time: Duration,
}

/// Watches the intervals of a run, and ends it.
#[derive(Debug)]
pub struct Watch {
    goal: Goal,
    narrow_looks: u32,
}

/// The state of a run after a round of all arms.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// The interval that is widest.
    pub widest: Option<Standing>,
    /// How many more rounds the widest interval needs, by its width so far.
    pub more: Option<u64>,
    /// How the run ended; `None` while it goes on.
    pub ended: Option<AutoRounds>,
}

/// The interval of one watched metric of one pair, or of one arm alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Standing {
    /// Which interval, and its reach.
    pub interval: WidestInterval,
    /// The ratio; the value for an arm alone.
    pub value: f64,
    /// Its 95 % interval.
    pub ci95: [f64; 2],
    /// Rounds of the arm that has fewer.
    rounds: usize,
}

impl Watch {
    /// Begins to watch.
    pub fn new(goal: Goal) -> Self {
        Watch {
            goal,
            narrow_looks: 0,
        }
    }

    /// Looks at the recordings after `round` rounds of all arms, which took `elapsed`.
    ///
    /// The run ends after an even number of rounds where it can: the order of arms reverses each
    /// round, so that then all arms have the same mean position in time.
    pub fn look(
        &mut self,
        round: u32,
        elapsed: Duration,
        recordings: &[(&str, &Recording)],
    ) -> Look {
        let standings = standings(recordings, &self.goal.metrics);
        let reach = |standing: &Standing| standing.interval.reach.unwrap_or(f64::INFINITY);
        let widest = standings
            .into_iter()
            .max_by(|one, other| reach(one).total_cmp(&reach(other)));
        let end = self.end(round, elapsed, widest.as_ref().map(reach));
        let more = widest.as_ref().and_then(|widest| {
            stats::rounds_until(widest.ci95, widest.rounds, self.goal.precision)
        });
        let ended = end.map(|end| AutoRounds {
            rounds: round,
            precision: self.goal.precision,
            widest: widest.as_ref().map(|widest| widest.interval.clone()),
            end,
        });
        Look {
            widest,
            more,
            ended,
        }
    }

    /// Returns why the run ends after `round` rounds, by the reach of the widest interval.
    fn end(&mut self, round: u32, elapsed: Duration, widest: Option<f64>) -> Option<AutoEnd> {
        let is_narrow = widest.is_some_and(|reach| reach <= self.goal.precision);
        let is_look = round >= MIN_ROUNDS && round.is_multiple_of(2);
        if is_look {
            self.narrow_looks = if is_narrow { self.narrow_looks + 1 } else { 0 };
        }
        if is_look && self.narrow_looks >= LOOKS && round >= self.goal.min_rounds {
            Some(AutoEnd::Precise)
        } else if round >= self.goal.max_rounds {
            Some(AutoEnd::MaxRounds)
        } else if elapsed + elapsed / round.max(1) > self.goal.max_time {
            Some(AutoEnd::MaxTime)
        } else {
            None
        }
    }
}

/// Returns the intervals of CPU time per unit of work and of these metrics, of each arm against the
/// first. A single arm has the interval of its value.
fn standings(recordings: &[(&str, &Recording)], metrics: &[MetricId]) -> Vec<Standing> {
    let all = arms::group_borrowed(recordings.iter().copied());
    let arms = arms::compared(&all);
    let rounds = arms.iter().flat_map(|arm| &arm.rounds);
    let unit = common_unit(rounds.map(|(_, recording)| *recording));
    let headline = metrics::cpu_time_per(unit);
    let others = metrics.iter().copied().filter(|metric| *metric != headline);
    std::iter::once(headline)
        .chain(others)
        .flat_map(|metric| of_metric(metric, &arms, unit))
        .collect()
}

fn of_metric(metric: MetricId, arms: &[Rounds<'_>], unit: Per) -> Vec<Standing> {
    let samples = |arm: &Rounds<'_>| -> Vec<Sample> {
        let rounds = arm.rounds.iter();
        rounds
            .filter_map(|(_, recording)| sample(metric, recording, unit))
            .collect()
    };
    let measured: Vec<_> = arms.iter().map(|arm| (arm.arm, samples(arm))).collect();
    let standing = |a: Option<&str>, b: &str, value: f64, ci95: [f64; 2], rounds: usize| Standing {
        interval: WidestInterval {
            metric,
            a: a.map(String::from),
            b: b.into(),
            reach: reach(ci95, rounds),
        },
        value,
        ci95,
        rounds,
    };
    match &measured[..] {
        [(_, first), others @ ..] if first.is_empty() && others.is_empty() => Vec::new(),
        [(arm, samples)] => {
            let value = stats::value(samples);
            let ci95 = stats::interval(samples);
            vec![standing(None, arm, value, ci95, samples.len())]
        }
        [(a, of_a), others @ ..] if !of_a.is_empty() => {
            let others = others.iter().filter(|(_, samples)| !samples.is_empty());
            let pair = |(b, of_b): &(&str, Vec<Sample>)| {
                let ratio = stats::ratio(stats::value(of_a), stats::value(of_b));
                let rounds = of_a.len().min(of_b.len());
                standing(Some(a), b, ratio, stats::ratio_interval(of_a, of_b), rounds)
            };
            others.map(pair).collect()
        }
        _ => Vec::new(),
    }
}

/// Takes the sample of one round. Other metrics than CPU time may need the roles of threads, which
/// no recording has.
fn sample(metric: MetricId, recording: &Recording, unit: Per) -> Option<Sample> {
    let definition = metrics::of(metric);
    match metric.is_cpu_time() {
        true => definition.sample(recording, unit),
        false => {
            let mut recording = recording.clone();
            annotate(&mut recording);
            definition.sample(&recording, unit)
        }
    }
}

/// Returns how far an interval reaches to each side, as a share; `None` for a single round, and
/// for an interval that holds 0.
fn reach([low, high]: [f64; 2], rounds: usize) -> Option<f64> {
    if rounds < 2 {
        return None;
    }
    if low == high {
        return Some(0.0);
    }
    (low > 0.0 && high.is_finite()).then(|| (high / low).sqrt() - 1.0)
}

#[cfg(test)]
mod tests;
