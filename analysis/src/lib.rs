//! Statistics, the cost ledger and the explanation rules: pure functions over recordings.
//!
//! [`compare`] is the way in: recordings of several arms go in, a [`Comparison`] comes out whose every difference
//! is an identity: the terms and what is unexplained add up to `b − a`, to the last bit. The steps, in order:
//!
//! 1. [`arms`] sorts the recordings into arms and rounds;
//! 2. [`metrics`] says what is measured and takes one sample of each metric from each round;
//! 3. [`stats`] turns samples into values, intervals and verdicts;
//! 4. [`ledger`] splits each difference into terms;
//! 5. [`findings`] puts the rows into sentences that cite them, by the rules of [`causes`] and [`conditions`];
//! 6. [`claims`] puts statements to the test;
//! 7. [`observer_cost`] says what observing cost each arm;
//! 8. [`slopes`] says how memory grows;
//! 9. [`detail`] says what runtimes helped to tell, in rounds that are in no other number;
//! 10. [`validity`] says whether the result may be trusted.
//!
//! *Invariant:* nothing here does I/O, prints, or depends on anything but its arguments.

pub mod activity;
pub mod arms;
pub mod causes;
pub mod claims;
pub mod conditions;
pub mod detail;
pub mod evidence;
pub mod exact;
pub mod findings;
pub mod ledger;
pub mod metrics;
pub mod observer_cost;
pub mod pairs;
pub mod quantity;
pub mod runtime;
pub mod sites;
pub mod slopes;
pub mod stats;
pub mod validity;
pub mod work;

#[cfg(test)]
mod testing;

use recording::{COMPARISON_SCHEMA, Comparison, Recording, comparison::Arm};

/// Compares arms, and puts the claims of this repository to the test. The string of each recording is its path
/// relative to the comparison, used in evidence; recordings of one arm are its rounds, in the order given.
pub fn compare(recordings: &[(String, Recording)]) -> Comparison {
    compare_with(recordings, &claims::builtin())
}

/// The same with other claims.
pub fn compare_with(
    recordings: &[(String, Recording)],
    statements: &[claims::Statement],
) -> Comparison {
    let all = arms::group(recordings);
    let arms = arms::compared(&all);
    let mut comparison = Comparison {
        schema: COMPARISON_SCHEMA.into(),
        arms: arms.iter().map(describe).collect(),
        metrics: metrics::ALL
            .iter()
            .filter_map(|metric| pairs::metric(metric, &arms))
            .collect(),
        observer_cost: observer_cost::measure(&all),
        slopes: slopes::measure(&arms),
        validity: validity::judge(&arms, &all),
        ..Comparison::default()
    };
    pairs::look_together(&mut comparison.metrics);
    comparison.detail = detail::measure(recordings, &comparison.metrics);
    pairs::anchor(&mut comparison.metrics);
    comparison.findings = findings::find(&comparison, &arms);
    comparison.claims = claims::judge(statements, &comparison, &arms);
    comparison
}

fn describe(arm: &arms::Rounds<'_>) -> Arm {
    Arm {
        arm: arm.arm.into(),
        rounds: arm.rounds.len() as u32,
        recordings: arm
            .rounds
            .iter()
            .map(|(path, _)| path.to_string())
            .collect(),
    }
}
