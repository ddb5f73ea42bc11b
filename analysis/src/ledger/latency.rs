//! Proxy latency, from data readable to data sent on, and its stages: at its mean and at its
//! percentiles.
//!
//! Percentiles do not add up, but the stages of one relay do. So the recorder keeps relays by their
//! length, each length with its stages, and a percentile is divided as the relays of about its
//! length are (within one bucket of the histogram, 1/16 of the value wide).
//!
//! A recording without those stages has a ledger of the mean only, from separate histograms.
//! Receives that were never sent on (headers, ends of streams) are in the first stage but not in
//! the whole, so a part stays unexplained.

use super::{Key, Ledger};
use crate::stats::Sample;
use recording::evidence::List;
use recording::histogram::{lower_bound, upper_bound};
use recording::vocabulary::{ProxyStage, TermKind};
use recording::{Evidence, Histogram, Recording, RelayBucket};

/// Name of the distribution of proxy latency.
const PROXY_LATENCY: &str = "proxy_latency";

/// A stage, and where relays have it.
type Stage = (ProxyStage, fn(&RelayBucket) -> u64);

/// The stages of a relay, in their order.
const STAGES: [Stage; 4] = [
    (ProxyStage::ArrivalToWakeup, |relays| {
        relays.arrival_to_wakeup_ns
    }),
    (ProxyStage::RunQueue, |relays| relays.run_queue_ns),
    (ProxyStage::LoopBusy, |relays| relays.loop_busy_ns),
    (ProxyStage::ReceiveToSend, |relays| {
        relays.receive_to_send_ns
    }),
];

fn key(stage: ProxyStage) -> Key {
    Key::of_kind(None, TermKind::Proxy(stage))
}

fn whole(relays: &RelayBucket) -> u64 {
    STAGES.iter().map(|(_, stage)| stage(relays)).sum()
}

/// Returns the time of all relays of one round, over their number.
pub fn mean(recording: &Recording) -> Option<Sample> {
    if recording.relays.is_empty() {
        let histogram = recording.latency.get(PROXY_LATENCY)?;
        return Some(Sample {
            amount: mean_of(histogram)? * histogram.count as f64,
            over: histogram.count as f64,
        });
    }
    let time: u64 = recording.relays.iter().map(whole).sum();
    let count: u64 = recording.relays.iter().map(|relays| relays.count).sum();
    Some(Sample {
        amount: time as f64,
        over: count as f64,
    })
}

/// Books one round's mean.
pub fn book_mean(path: &str, recording: &Recording, ledger: &mut Ledger) {
    if recording.relays.is_empty() {
        return book_histograms(path, recording, ledger);
    }
    for (index, relays) in recording.relays.iter().enumerate() {
        for (stage, time) in STAGES {
            let evidence = Evidence::entry(path, List::Relays, index);
            ledger.add(key(stage), time(relays), relays.count, evidence);
        }
    }
}

/// Returns a quantile of one round's proxy latency.
pub fn quantile(recording: &Recording, quantile: f64) -> Option<Sample> {
    let histogram = recording.latency.get(PROXY_LATENCY)?;
    (histogram.count > 0).then(|| Sample {
        amount: interpolated(histogram, quantile),
        over: 1.0,
    })
}

/// Books one round's quantile.
pub fn book_quantile(at: f64, path: &str, recording: &Recording, ledger: &mut Ledger) {
    let (Some(value), Some((index, relays))) =
        (quantile(recording, at), at_quantile(&recording.relays, at))
    else {
        return;
    };
    // Their mean lies in the same bucket as the value, but not on it.
    let scale = value.amount / whole(relays).max(1) as f64;
    for (stage, time) in STAGES {
        let time = time(relays) as f64 * scale;
        let evidence = Evidence::entry(path, List::Relays, index);
        ledger.add(key(stage), time.round() as u64, 1, evidence);
    }
}

/// Returns the relays among which a quantile lies, and their place.
fn at_quantile(relays: &[RelayBucket], at: f64) -> Option<(usize, &RelayBucket)> {
    let all: u64 = relays.iter().map(|relays| relays.count).sum();
    let mut left = at * all as f64;
    relays.iter().enumerate().find(|(_, relays)| {
        left -= relays.count as f64;
        left <= 0.0
    })
}

fn book_histograms(path: &str, recording: &Recording, ledger: &mut Ledger) {
    let Some(relays) = recording.latency.get(PROXY_LATENCY) else {
        return;
    };
    for (stage, name) in [
        (ProxyStage::ArrivalToReceive, "arrival_to_recv"),
        (ProxyStage::ReceiveToSend, "recv_to_send"),
    ] {
        let Some(mean) = recording.latency.get(name).and_then(mean_of) else {
            continue;
        };
        let time = mean * relays.count as f64;
        let evidence = Evidence::latency(path, name);
        ledger.add(key(stage), time.round() as u64, relays.count, evidence);
    }
}

/// Returns the mean, with each value in the middle of its bucket; `None` for an empty histogram.
fn mean_of(histogram: &Histogram) -> Option<f64> {
    let middle = |bucket: u32| {
        let bucket = bucket as usize;
        (lower_bound(bucket) as f64 + upper_bound(bucket) as f64) / 2.0
    };
    let sum: f64 = histogram
        .histogram
        .iter()
        .map(|(bucket, count)| middle(*bucket) * *count as f64)
        .sum();
    (histogram.count > 0).then(|| sum / histogram.count as f64)
}

/// Returns a quantile as if values lay evenly inside a bucket. A bucket's bound alone moves in
/// steps of 6 %, which would hide small differences and exaggerate others.
fn interpolated(histogram: &Histogram, quantile: f64) -> f64 {
    let rank = quantile * histogram.count as f64;
    let mut below = 0.0;
    for (bucket, count) in &histogram.histogram {
        let count = *count as f64;
        if below + count >= rank {
            let low = lower_bound(*bucket as usize) as f64;
            let width = upper_bound(*bucket as usize) as f64 - low;
            return low + width * (rank - below) / count;
        }
        below += count;
    }
    histogram.max as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::testing::{Build, distribution};

    #[test]
    fn adds_up_stages_of_a_relay() {
        let round = Build::arm("go")
            .latency("arrival_to_recv", &[(10_000, 5)])
            .latency("recv_to_send", &[(30_000, 5)])
            .latency("proxy_latency", &[(40_000, 5)])
            .done();
        let mut ledger = Ledger::default();
        book_mean("r", &round, &mut ledger);
        let whole = mean(&round).expect("relays");
        let booked = ledger.total() as f64;
        assert_eq!(whole.over, 5.0);
        assert!(
            (booked / whole.amount - 1.0).abs() < 0.07,
            "{booked} of {}",
            whole.amount
        );
    }

    #[test]
    fn measures_nothing_without_relays() {
        assert_eq!(mean(&Build::arm("go").done()), None);
        let empty = Build::arm("go").latency("proxy_latency", &[]).done();
        assert_eq!(mean(&empty), None);
    }

    #[test]
    fn interpolates_quantiles_inside_a_bucket() {
        let values: Vec<(u64, u64)> = (1..=1000).map(|value| (value, 1)).collect();
        let histogram = distribution(&values);
        for (quantile, truth) in [(0.1, 100.0), (0.5, 500.0), (0.9, 900.0)] {
            let found = interpolated(&histogram, quantile);
            assert!((found - truth).abs() < 0.01 * truth, "{quantile}: {found}");
        }
    }

    /// Ninety relays and ten longer ones, of these stages.
    fn two_lengths(parts: [[u64; 4]; 2]) -> Recording {
        let bucket = |ns| recording::histogram::bucket_of(ns) as u32;
        let of = |count: u64, parts: [u64; 4]| RelayBucket {
            bucket: bucket(parts.iter().sum()),
            count,
            arrival_to_wakeup_ns: count * parts[0],
            run_queue_ns: count * parts[1],
            loop_busy_ns: count * parts[2],
            receive_to_send_ns: count * parts[3],
        };
        let values = parts.map(|parts| parts.iter().sum::<u64>());
        Build::arm("go")
            .latency("proxy_latency", &[(values[0], 90), (values[1], 10)])
            .with(|recording| recording.relays = vec![of(90, parts[0]), of(10, parts[1])])
            .done()
    }

    fn booked(ledger: &Ledger, stage: ProxyStage) -> f64 {
        ledger.per(&key(stage), 1.0).value
    }

    #[test]
    fn divides_the_tail_unlike_the_median() {
        let round = two_lengths([
            [2_000, 8_000, 0, 30_000],
            [1_000_000, 2_960_000, 10_000, 30_000],
        ]);
        for (at, stage, share) in [
            (0.5, ProxyStage::ReceiveToSend, 0.75),
            (0.99, ProxyStage::RunQueue, 0.74),
        ] {
            let mut ledger = Ledger::default();
            book_quantile(at, "r", &round, &mut ledger);
            let value = quantile(&round, at).expect("relays").amount;
            let sum = ledger.total() as f64;
            assert!((sum - value).abs() <= 2.0, "{sum} of {value}");
            assert!((booked(&ledger, stage) / value - share).abs() < 0.001);
        }
    }

    #[test]
    fn explains_the_whole_mean_by_its_stages() {
        let round = two_lengths([[1, 2, 3, 4], [10, 20, 30, 40]]);
        let mut ledger = Ledger::default();
        book_mean("r", &round, &mut ledger);
        let sum = ledger.total() as f64;
        let whole = mean(&round).expect("relays");
        assert_eq!((whole.amount, whole.over), (sum, 100.0));
        assert_eq!(
            booked(&ledger, ProxyStage::LoopBusy),
            3.0 * 90.0 + 30.0 * 10.0
        );
    }
}
