//! Forwarding time, from data readable to data sent on, and what it is made of: at its mean and at its percentiles.
//!
//! Percentiles do not add up, but the parts of one forward do. So the recorder keeps forwards by their length, each
//! length with its parts, and a percentile is divided as the forwards of about its length are (within one bucket of the
//! histogram, 1/16 of the value wide).
//!
//! A recording without those parts has a ledger of the mean only, from separate histograms. Receives that were never
//! forwarded (headers, ends of streams) are in the first part but not in the whole; what that makes is left unexplained.

use super::Ledger;
use crate::stats::Sample;
use recording::{
    Forwards, Histogram, Recording,
    histogram::{lower_bound, upper_bound},
};

/// Readable, and nobody woken for it yet.
pub const ARRIVAL_TO_WAKE: &str = "waiting to be woken";
/// Woken, and not yet on a CPU.
pub const WAKE_TO_RUN: &str = "waiting for a CPU";
/// On a CPU, and busy with something else.
pub const RUN_TO_RECEIVE: &str = "waiting behind other work";
/// Readable, but not yet received: the three before in one, where they are not told apart.
pub const ARRIVAL_TO_RECEIVE: &str = "waiting to be received";
/// Received, but not yet sent on: the server's own work, hand-offs between threads included.
pub const RECEIVE_TO_SEND: &str = "between receive and send";

/// A part of forwards: its name, and where it is.
type Part = (&'static str, fn(&Forwards) -> u64);

/// The parts of a forward, in their order.
const PARTS: [Part; 4] = [
    (ARRIVAL_TO_WAKE, |forwards| forwards.until_woken_ns),
    (WAKE_TO_RUN, |forwards| forwards.run_queue_ns),
    (RUN_TO_RECEIVE, |forwards| forwards.until_received_ns),
    (RECEIVE_TO_SEND, |forwards| forwards.until_sent_ns),
];

fn whole(forwards: &Forwards) -> u64 {
    PARTS.iter().map(|(_, part)| part(forwards)).sum()
}

/// One round's forwards: their time together, and how many.
pub fn mean(recording: &Recording) -> Option<Sample> {
    if recording.forwards.is_empty() {
        let histogram = recording.latency.get("forwarding")?;
        return Some(Sample {
            amount: middle(histogram)? * histogram.count as f64,
            over: histogram.count as f64,
        });
    }
    let time: u64 = recording.forwards.iter().map(whole).sum();
    let count: u64 = recording
        .forwards
        .iter()
        .map(|forwards| forwards.count)
        .sum();
    Some(Sample {
        amount: time as f64,
        over: count as f64,
    })
}

/// Books one round's mean.
pub fn book_mean(path: &str, recording: &Recording, ledger: &mut Ledger) {
    if recording.forwards.is_empty() {
        return book_histograms(path, recording, ledger);
    }
    for (index, forwards) in recording.forwards.iter().enumerate() {
        for (cause, part) in PARTS {
            let evidence = format!("{path}#/forwards/{index}");
            ledger.add(None, cause, part(forwards), forwards.count, evidence);
        }
    }
}

/// One round's quantile of forwarding time.
pub fn quantile(recording: &Recording, quantile: f64) -> Option<Sample> {
    let histogram = recording.latency.get("forwarding")?;
    (histogram.count > 0).then(|| Sample {
        amount: interpolated(histogram, quantile),
        over: 1.0,
    })
}

/// Books one round's quantile.
pub fn book_quantile(at: f64, path: &str, recording: &Recording, ledger: &mut Ledger) {
    let (Some(value), Some((index, forwards))) = (
        quantile(recording, at),
        at_quantile(&recording.forwards, at),
    ) else {
        return;
    };
    // Their mean lies in the same bucket as the value, but not on it.
    let scale = value.amount / whole(forwards).max(1) as f64;
    for (cause, part) in PARTS {
        let time = part(forwards) as f64 * scale;
        let evidence = format!("{path}#/forwards/{index}");
        ledger.add(None, cause, time.round() as u64, 1, evidence);
    }
}

/// The forwards among which a quantile lies, and their place.
fn at_quantile(forwards: &[Forwards], at: f64) -> Option<(usize, &Forwards)> {
    let all: u64 = forwards.iter().map(|forwards| forwards.count).sum();
    let mut left = at * all as f64;
    forwards.iter().enumerate().find(|(_, forwards)| {
        left -= forwards.count as f64;
        left <= 0.0
    })
}

fn book_histograms(path: &str, recording: &Recording, ledger: &mut Ledger) {
    let Some(forwards) = recording.latency.get("forwarding") else {
        return;
    };
    for (cause, name) in [
        (ARRIVAL_TO_RECEIVE, "arrival_to_recv"),
        (RECEIVE_TO_SEND, "recv_to_send"),
    ] {
        let Some(part) = recording.latency.get(name).and_then(middle) else {
            continue;
        };
        let time = part * forwards.count as f64;
        let evidence = format!("{path}#/latency/{name}");
        ledger.add(None, cause, time.round() as u64, forwards.count, evidence);
    }
}

/// The mean, each value taken as the middle of its bucket; `None` if there is nothing in it.
fn middle(histogram: &Histogram) -> Option<f64> {
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

/// A quantile as if values lay evenly inside a bucket: its bound alone moves in steps of 6 %, which would hide small
/// differences and make large ones of nothing.
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
    use crate::testing::Build;

    #[test]
    fn the_parts_of_a_forward_add_up() {
        let round = Build::arm("go")
            .latency("arrival_to_recv", &[(10_000, 5)])
            .latency("recv_to_send", &[(30_000, 5)])
            .latency("forwarding", &[(40_000, 5)])
            .done();
        let mut ledger = Ledger::default();
        book_mean("r", &round, &mut ledger);
        let whole = mean(&round).expect("forwards");
        let booked: f64 = ledger.0.values().map(|row| row.amount.value).sum();
        assert_eq!(whole.over, 5.0);
        assert!(
            (booked / whole.amount - 1.0).abs() < 0.07,
            "{booked} of {}",
            whole.amount
        );
    }

    #[test]
    fn without_forwards_there_is_nothing() {
        assert_eq!(mean(&Build::arm("go").done()), None);
        let empty = Build::arm("go").latency("forwarding", &[]).done();
        assert_eq!(mean(&empty), None);
    }

    #[test]
    fn quantiles_lie_inside_their_bucket() {
        let mut counts = vec![0; recording::histogram::BUCKETS];
        (1..=1000u64).for_each(|value| counts[recording::histogram::bucket_of(value)] += 1);
        let histogram = Histogram::from_counts(&counts);
        for (quantile, truth) in [(0.1, 100.0), (0.5, 500.0), (0.9, 900.0)] {
            let found = interpolated(&histogram, quantile);
            assert!((found - truth).abs() < 0.01 * truth, "{quantile}: {found}");
        }
    }

    /// Ninety forwards of 40 µs and ten of 4 ms, of which these parts.
    fn two_lengths(parts: [[u64; 4]; 2]) -> Recording {
        let bucket = |ns| recording::histogram::bucket_of(ns) as u32;
        let of = |count: u64, parts: [u64; 4]| Forwards {
            bucket: bucket(parts.iter().sum()),
            count,
            until_woken_ns: count * parts[0],
            run_queue_ns: count * parts[1],
            until_received_ns: count * parts[2],
            until_sent_ns: count * parts[3],
        };
        let values = parts.map(|parts| parts.iter().sum::<u64>());
        Build::arm("go")
            .latency("forwarding", &[(values[0], 90), (values[1], 10)])
            .with(|recording| recording.forwards = vec![of(90, parts[0]), of(10, parts[1])])
            .done()
    }

    fn booked(ledger: &Ledger, cause: &str) -> f64 {
        let row = ledger.0.get(&(None, cause.to_owned()));
        row.map_or(0.0, |row| row.amount.value)
    }

    #[test]
    fn the_tail_has_other_parts_than_the_median() {
        let round = two_lengths([
            [2_000, 8_000, 0, 30_000],
            [1_000_000, 2_960_000, 10_000, 30_000],
        ]);
        for (at, cause, share) in [(0.5, RECEIVE_TO_SEND, 0.75), (0.99, WAKE_TO_RUN, 0.74)] {
            let mut ledger = Ledger::default();
            book_quantile(at, "r", &round, &mut ledger);
            let value = quantile(&round, at).expect("forwards").amount;
            let sum: f64 = ledger.0.values().map(|row| row.amount.value).sum();
            assert!((sum - value).abs() <= 2.0, "{sum} of {value}");
            assert!((booked(&ledger, cause) / value - share).abs() < 0.001);
        }
    }

    #[test]
    fn with_its_parts_the_mean_is_explained_whole() {
        let round = two_lengths([[1, 2, 3, 4], [10, 20, 30, 40]]);
        let mut ledger = Ledger::default();
        book_mean("r", &round, &mut ledger);
        let sum: f64 = ledger.0.values().map(|row| row.amount.value).sum();
        let whole = mean(&round).expect("forwards");
        assert_eq!((whole.amount, whole.over), (sum, 100.0));
        assert_eq!(booked(&ledger, RUN_TO_RECEIVE), 3.0 * 90.0 + 30.0 * 10.0);
    }
}
