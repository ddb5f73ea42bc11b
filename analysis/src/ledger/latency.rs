//! Mean forwarding time, from data readable to data sent on: the wait until it is received, and the way to the send.
//!
//! Means add up, percentiles do not, so only the mean has a ledger. Receives that were never forwarded (headers, ends
//! of streams) are in the first part but not in the whole; what that makes is left as unexplained.

use super::Ledger;
use crate::stats::Sample;
use recording::{
    Histogram, Recording,
    histogram::{lower_bound, upper_bound},
};

/// Readable, but not yet received: wake-up, run queue and other work that came first.
pub const ARRIVAL_TO_RECEIVE: &str = "waiting to be received";
/// Received, but not yet sent on: the server's own work, hand-offs between threads included.
pub const RECEIVE_TO_SEND: &str = "between receive and send";

/// One round's forwards: their time together, and how many.
pub fn forwarding(recording: &Recording) -> Option<Sample> {
    let histogram = recording.latency.get("forwarding")?;
    Some(Sample {
        amount: mean(histogram)? * histogram.count as f64,
        over: histogram.count as f64,
    })
}

/// Books one round.
pub fn book(path: &str, recording: &Recording, ledger: &mut Ledger) {
    let Some(forwards) = recording.latency.get("forwarding") else {
        return;
    };
    for (cause, name) in [
        (ARRIVAL_TO_RECEIVE, "arrival_to_recv"),
        (RECEIVE_TO_SEND, "recv_to_send"),
    ] {
        let Some(part) = recording.latency.get(name).and_then(mean) else {
            continue;
        };
        let time = part * forwards.count as f64;
        let evidence = format!("{path}#/latency/{name}");
        ledger.add(None, cause, time.round() as u64, forwards.count, evidence);
    }
}

/// The mean, each value taken as the middle of its bucket; `None` if there is nothing in it.
fn mean(histogram: &Histogram) -> Option<f64> {
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
        book("r", &round, &mut ledger);
        let whole = forwarding(&round).expect("forwards");
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
        assert_eq!(forwarding(&Build::arm("go").done()), None);
        let empty = Build::arm("go").latency("forwarding", &[]).done();
        assert_eq!(forwarding(&empty), None);
    }
}
