//! Noise of sampling: the size of user code, faults and interrupts is known from samples, and few
//! samples leave much open.

use super::{Comparison, Delta, rows::roles};
use crate::{
    arms::Rounds,
    attribution,
    ledger::sampling::{Z, variance_of_share},
};
use recording::{Recording, process::Thread, vocabulary::Role};

/// Returns the delta that sampling alone could give these rows together: half of a 95 % interval.
///
/// The same samples split all of a role's time outside of system calls: more of one category is
/// less of another. So the rows of a role are taken together, or the error of their sum would come
/// out too large.
pub fn of(pair: &Comparison<'_>, rows: &[Delta]) -> f64 {
    let (sampled, others): (Vec<&Delta>, Vec<&Delta>) =
        rows.iter().partition(|row| is_sampled(row));
    let others = others.iter().filter_map(|row| row.sampling_error);
    let others: f64 = others.map(|error| (error / Z).powi(2)).sum();
    let of_roles = roles(sampled.iter().copied()).into_iter().map(|role| {
        let own = || sampled.iter().filter(|row| row.role == *role);
        let costly = own().map(|row| row.costly.value).sum();
        let baseline = own().map(|row| row.baseline.value).sum();
        variance(pair, pair.costly, role, costly) + variance(pair, pair.baseline, role, baseline)
    });
    Z * (others + of_roles.sum::<f64>()).sqrt()
}

/// Returns whether samples alone give the size of a row.
fn is_sampled(row: &Delta) -> bool {
    row.sampling_error.is_some() && row.kind.is_sampled()
}

/// Returns the variance of `value`, which samples gave to a role in one arm.
fn variance(pair: &Comparison<'_>, arm: &Rounds<'_>, role: &Role, value: f64) -> f64 {
    let outside = pair.per(arm, |recording| {
        let times = attribution::thread_times(recording);
        let threads = recording.threads.iter().zip(times);
        let own = threads.filter(|(thread, _)| thread.role == *role);
        own.map(|(_, time)| time.outside_ns).sum()
    });
    let samples = |recording: &Recording| -> u64 {
        let threads = recording.threads.iter();
        let own = threads.filter(|thread: &&Thread| thread.role == *role);
        own.map(|thread| thread.samples.outside_syscalls()).sum()
    };
    let rounds = arm.rounds.iter();
    let samples: u64 = rounds.map(|(_, recording)| samples(recording)).sum();
    // Rows without samples have no sampling noise.
    if samples == 0 || outside == 0.0 {
        return 0.0;
    }
    let hits = value / outside * samples as f64;
    outside.powi(2) * variance_of_share(hits, samples)
}

#[cfg(test)]
mod tests {
    use crate::causes::testing::*;
    use recording::process::Samples;

    /// Returns whether more user code is reported, where so many samples distinguish it from entry
    /// and exit of calls.
    fn is_reported_with(samples: u64) -> bool {
        let found = causes_of(|build| {
            let build = build.thread(1, MAIN, |more| more.user(DOSE / 4, 0).syscall_edge(DOSE));
            build
                .with(|recording| {
                    let threads = &mut recording.threads;
                    threads[0].samples = Samples::default();
                    let thread = threads.last_mut().expect("just added");
                    thread.samples.user = samples;
                    thread.samples.syscall_edge = 4 * samples;
                })
                .code("main.burn", samples)
        });
        found.iter().any(|found| found.id == "user-code")
    }

    #[test]
    fn drops_a_cause_below_its_sampling_error() {
        assert!(!is_reported_with(1));
        assert!(is_reported_with(1_000));
    }
}
