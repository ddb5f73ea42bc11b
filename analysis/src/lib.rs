//! Statistics, attribution, the cost ledger and the explanation rules: pure functions over
//! recordings.
//!
//! [`compare`] is the entry point: recordings of several arms go in, a [`Comparison`] comes out.
//! Every difference in it is an identity: the rows and the unexplained rest add up to `b − a`, to
//! the last bit. The steps, in order:
//!
//! 1. [`annotate`](mod@annotate) assigns roles to threads;
//! 2. [`arms`] groups the recordings into arms and rounds;
//! 3. [`metrics`] takes one sample of each metric from each round;
//! 4. [`unit_of_work`] chooses the denominator of costs, and [`stats`] turns samples into values,
//!    intervals and verdicts;
//! 5. [`attribution`] splits CPU time, and [`ledger`] books it and all else in rows;
//! 6. [`pairs`] computes the rows of each difference;
//! 7. [`flame`] splits the rows of CPU time over call stacks;
//! 8. [`packages`] splits the rows of user code by package;
//! 9. [`waste`] lists the work that each arm alone could do without;
//! 10. [`findings`] puts rows into sentences that cite them, by the rules of [`causes`] and
//!     [`conditions`];
//! 11. [`claims`] tests statements;
//! 12. [`observer_cost`], [`memory_growth`] and [`instrumented`] measure the rest;
//! 13. [`validity`] judges whether the result may be trusted.
//!
//! [`precision`] decides when a run has enough rounds, and [`history`](mod@history) finds changes
//! over many comparisons.
//!
//! *Invariant:* nothing here does I/O, prints, or depends on anything but its arguments.

pub mod about;
pub mod annotate;
pub mod arms;
pub mod attribution;
pub mod call_sites;
pub mod causes;
pub mod claims;
pub mod conditions;
pub mod event_loops;
pub mod evidence;
pub mod findings;
pub mod flame;
pub mod functions;
pub mod gc;
mod grid;
pub mod history;
pub mod inclusive_functions;
pub mod instrumented;
pub mod kinds;
pub mod largest_functions;
pub mod ledger;
pub mod memory_growth;
pub mod metrics;
pub mod observer_cost;
pub mod packages;
pub mod pair_view;
pub mod pairs;
pub mod precision;
pub mod runtime;
pub mod stack_calls;
pub mod stats;
pub mod thresholds;
pub mod tokens;
pub mod unit_cost;
pub mod unit_of_work;
pub mod validity;
pub mod waits;
pub mod waste;

#[cfg(test)]
mod planted;
#[cfg(test)]
mod testing;

pub use annotate::{annotate, annotate_all};

use largest_functions::LargestFunctions;
use recording::{COMPARISON_SCHEMA, Comparison, Recording, comparison::Arm};
use thresholds::Thresholds;

/// Compares arms, and tests the claims of this repository. The string of each recording is its path
/// relative to the comparison, used in evidence; recordings of one arm are its rounds, in the order
/// given.
pub fn compare(recordings: &[(String, Recording)]) -> Comparison {
    compare_with(recordings, &claims::builtin())
}

/// Compares arms, and tests the claims given.
pub fn compare_with(
    recordings: &[(String, Recording)],
    statements: &[claims::Statement],
) -> Comparison {
    // The version that recorded may have had other rules.
    let mut annotated = recordings.to_vec();
    annotate_all(&mut annotated);
    compare_annotated(&annotated, statements)
}

/// Compares arms whose threads have roles.
fn compare_annotated(
    recordings: &[(String, Recording)],
    statements: &[claims::Statement],
) -> Comparison {
    let all = arms::group(recordings);
    let arms = arms::compared(&all);
    let with_traced = arms::with_traced(&arms);
    let unit = unit_of_work::of(&arms);
    let measured = metrics::ALL
        .iter()
        .filter_map(|metric| pairs::Measured::of(metric, &arms, unit));
    let measured: Vec<_> = measured.collect();
    let mut comparison = Comparison {
        schema: COMPARISON_SCHEMA.into(),
        arms: arms
            .iter()
            .zip(&with_traced)
            .map(|(arm, with_traced)| describe(arm, with_traced))
            .collect(),
        metrics: (0..)
            .zip(&measured)
            .map(|(place, metric)| metric.metric(place))
            .collect(),
        observer_cost: observer_cost::measure(&all),
        memory_growth: memory_growth::measure(&arms),
        work: unit_of_work::describe(&arms, unit),
        validity: validity::judge(&arms, &all),
        ..Comparison::default()
    };
    for metric in &measured {
        metric.add_ledgers(&mut comparison.arms);
    }
    let found: Vec<_> = arms.iter().map(LargestFunctions::of).collect();
    largest_functions::name(&mut comparison.arms, &mut comparison.metrics, &found);
    inclusive_functions::name_all(&mut comparison.metrics, &arms);
    for (arm, rounds) in comparison.arms.iter_mut().zip(&arms) {
        arm.waste = waste::find(arm, rounds, unit, &Thresholds::default());
    }
    let costs = (measured.as_slice(), unit);
    comparison.package_pairs = packages::measure(&mut comparison.arms, &arms, costs, recordings);
    let (flame, costliest) = flame::graphs(&arms, &measured, unit).unzip();
    comparison.flame = flame;
    comparison.off_cpu_flame = flame::off_cpu(&with_traced);
    pairs::judge_together(&mut comparison.metrics);
    unit_of_work::withdraw_verdicts(&mut comparison, &arms);
    comparison.instrumented = instrumented::measure(recordings, &comparison.metrics);
    comparison.findings = findings::find(&comparison, &arms, &Thresholds::default());
    if let Some(costliest) = costliest {
        costliest.add_to(&mut comparison);
    }
    comparison.claims = claims::judge(statements, &comparison, &arms);
    comparison
}

fn describe(arm: &arms::Rounds<'_>, with_traced: &arms::Rounds<'_>) -> Arm {
    let rounds = || arm.rounds.iter().map(|(_, recording)| *recording);
    let functions = functions::Functions::of(rounds());
    Arm {
        arm: arm.arm.into(),
        rounds: arm.rounds.len() as u32,
        recordings: arm
            .rounds
            .iter()
            .map(|(path, _)| path.to_string())
            .collect(),
        samples: functions.samples,
        functions: functions.shares(functions::OF_ARM),
        event_loops: event_loops::by_role(arm),
        gc: gc::of_arm(arm),
        waits: waits::of_arm(with_traced),
        tokens: tokens::of_arm(with_traced),
        requests: tokens::requests::of_arm(with_traced),
        ..Arm::default()
    }
}
