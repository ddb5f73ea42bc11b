//! The check of kept waits.

use super::undecided;
use crate::record::stacks::waits::TakenWaits;
use profiler_common::Counters;
use recording::observer::Check;

/// Compares the time that kept waits stand for with the length of all waits.
///
/// The choices are independent, and each changes the sum by less than the largest period T. So
/// Bernstein's inequality bounds the error: with the variance V, it exceeds √(2 V L) + 2 T L / 3
/// with a probability below 2 exp(−L), here once in 10⁹ recordings.
pub fn off_cpu_samples(waits: Option<&TakenWaits>, counters: &Counters) -> Check {
    const L: f64 = 21.5;
    let Some(waits) = waits else {
        let check = Check::within("off_cpu_samples", "ns", 0.0, 0.0, 0.0);
        return undecided(check, "waits were not sampled");
    };
    let totals = waits.totals();
    let variance = totals.variance_ns2() as f64;
    let tolerance = (2.0 * variance * L).sqrt() + totals.longest_period_ns as f64 * L / 1.5;
    let (expected, measured) = (totals.off_cpu_ns as f64, waits.sampled_ns() as f64);
    let check = Check::within("off_cpu_samples", "ns", expected, measured, tolerance);
    match counters.lost_waits {
        0 => check,
        lost => undecided(check, &format!("{lost} kept waits had no room")),
    }
}
