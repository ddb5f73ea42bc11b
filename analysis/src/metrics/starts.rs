//! Samples of rounds in which servers were started, again and again.

use crate::stats::Sample;
use recording::{Recording, Start};

/// Returns the median over the starts of a round, which a single disturbed start does not move.
pub fn median(recording: &Recording, time: fn(&Start) -> u64) -> Option<Sample> {
    let mut times: Vec<u64> = recording.starts.iter().map(time).collect();
    times.sort_unstable();
    let middle = [times.len().checked_sub(1)? / 2, times.len() / 2];
    let amount = middle.map(|at| times[at] as f64).iter().sum::<f64>() / 2.0;
    Some(Sample { amount, over: 1.0 })
}

/// Returns an amount of all starts of a round, over their number.
pub fn each(recording: &Recording, amount: u64) -> Option<Sample> {
    Some(Sample {
        amount: amount as f64,
        over: recording.starts.len() as f64,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::ALL;
    use recording::testing::Build;
    use recording::vocabulary::{MetricId, Per};

    fn started(first_token_ns: &[u64]) -> Recording {
        let start = |ns: &u64| Start {
            listening_ns: ns / 2,
            first_token_ns: *ns,
        };
        let starts = first_token_ns.iter().map(start).collect();
        let build = Build::arm("go").thread(1, "main", |thread| thread.user(90, 1));
        build.with(|recording| recording.starts = starts).done()
    }

    #[test]
    fn takes_the_median_of_starts() {
        let median = |times: &[u64]| {
            let sample = median(&started(times), |start| start.first_token_ns);
            sample.map(|sample| sample.amount)
        };
        assert_eq!(median(&[9, 1, 5]), Some(5.0));
        assert_eq!(median(&[9, 1, 5, 6]), Some(5.5));
        assert_eq!((median(&[7]), median(&[])), (Some(7.0), None));
    }

    #[test]
    fn distinguishes_starts_from_load() {
        let names = |recording: &Recording| {
            let held = ALL
                .iter()
                .filter(|metric| metric.sample(recording, Per::Start).is_some());
            held.map(|metric| metric.id).collect::<Vec<_>>()
        };
        let of_start = names(&started(&[8, 4]));
        assert!(of_start.contains(&MetricId::StartCpuNs) && of_start.contains(&MetricId::RssBytes));
        assert!(
            !of_start.contains(&MetricId::CpuNsPerSecond),
            "{of_start:?}"
        );
        let under_load = names(&Build::arm("go").load(10, 1).done());
        assert!(!under_load.iter().any(|id| id.is_of_start()));
        let sample = each(&started(&[8, 4]), 90).unwrap();
        assert_eq!((sample.amount, sample.over), (90.0, 2.0));
    }
}
