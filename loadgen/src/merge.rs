//! Joins the results of several load generators that ran at the same time.
//!
//! Counts add up, and distributions are added as the histograms they are: percentiles of the whole are exactly those
//! one load generator would have measured. What has no such sum (a percentile of the generators themselves, a median
//! within one second) is told as the highest of the parts.

mod steps;

use crate::measure::{Latency, Tally, Totals};
use crate::threshold::Threshold;
use recording::LoadSummary;
use recording::load::{Client, Distribution, LoadCheck, LoadPoint};

/// What several load generators did together.
///
/// # Errors
/// In words, naming the position of the summary that cannot be joined, counted from 0.
pub fn merge(parts: &[LoadSummary]) -> Result<LoadSummary, (usize, String)> {
    let mut totals = Totals::default();
    for (position, part) in parts.iter().enumerate() {
        let part = counted(part).map_err(|reason| (position, reason))?;
        totals.tally.add(&part.tally);
        totals.tokens += part.tokens;
        totals.chunks += part.chunks;
        totals.bytes_sent += part.bytes_sent;
        totals.bytes_received += part.bytes_received;
        totals.elapsed_ns = totals.elapsed_ns.max(part.elapsed_ns);
    }
    let tally = &totals.tally;
    Ok(LoadSummary {
        schema: recording::LOAD_SCHEMA.into(),
        scenario: distinct(parts.iter().map(|part| part.scenario.clone())).join(" + "),
        urls: distinct(parts.iter().flat_map(|part| part.urls.clone())),
        duration_ns: totals.elapsed_ns,
        ended_early: parts.iter().find_map(|part| part.ended_early.clone()),
        requests: tally.requests.clone(),
        tokens: totals.tokens,
        chunks: totals.chunks,
        bytes_sent: totals.bytes_sent,
        bytes_received: totals.bytes_received,
        ttfb: tally.ttfb.distribution(),
        ttft: tally.ttft.distribution(),
        chunk_interval: tally.chunk_interval.distribution(),
        itl: tally.itl.distribution(),
        total: tally.total.distribution(),
        steps: steps::merge(parts)?,
        checks: checks(parts),
        thresholds: thresholds(parts, &totals)?,
        held: None,
        client: client(parts),
        series: series(parts),
    })
}

/// What a summary counted, as it was before it was summed up.
fn counted(part: &LoadSummary) -> Result<Totals, String> {
    Ok(Totals {
        tally: Tally {
            requests: part.requests.clone(),
            ttfb: read("ttfb", &part.ttfb)?,
            ttft: read("ttft", &part.ttft)?,
            chunk_interval: read("chunk_interval", &part.chunk_interval)?,
            itl: read("itl", &part.itl)?,
            total: read("total", &part.total)?,
            ..Tally::default()
        },
        elapsed_ns: part.duration_ns,
        bytes_sent: part.bytes_sent,
        bytes_received: part.bytes_received,
        tokens: part.tokens,
        chunks: part.chunks,
    })
}

fn read(name: &str, distribution: &Distribution) -> Result<Latency, String> {
    Latency::decode(distribution).map_err(|reason| format!("its {name} {reason}"))
}

fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

fn checks(parts: &[LoadSummary]) -> Vec<LoadCheck> {
    let mut checks: Vec<LoadCheck> = Vec::new();
    for check in parts.iter().flat_map(|part| &part.checks) {
        match checks.iter_mut().find(|known| known.name == check.name) {
            Some(known) => {
                known.passed += check.passed;
                known.failed += check.failed;
            }
            None => checks.push(check.clone()),
        }
    }
    checks
}

/// Each threshold judged anew, over the whole.
fn thresholds(
    parts: &[LoadSummary],
    totals: &Totals,
) -> Result<Vec<recording::load::Threshold>, (usize, String)> {
    let mut judged: Vec<recording::load::Threshold> = Vec::new();
    for (position, part) in parts.iter().enumerate() {
        for threshold in &part.thresholds {
            if judged.iter().all(|known| known.expr != threshold.expr) {
                let read: Threshold = threshold
                    .expr
                    .parse()
                    .map_err(|error| (position, format!("{error}")))?;
                judged.push(read.judged(totals));
            }
        }
    }
    Ok(judged)
}

fn client(parts: &[LoadSummary]) -> Client {
    let mut client = Client::default();
    for part in parts.iter().map(|part| &part.client) {
        client.cpu_ns += part.cpu_ns;
        client.peak_rss_bytes += part.peak_rss_bytes;
        client.requested_rate += part.requested_rate;
        client.achieved_rate += part.achieved_rate;
        client.late_starts += part.late_starts;
        client.saturated |= part.saturated;
        client
            .saturated_by
            .extend(part.saturated_by.iter().cloned());
        for (mine, theirs) in [
            (
                &mut client.scheduling_delay_p99_ns,
                part.scheduling_delay_p99_ns,
            ),
            (&mut client.stamp_error_p50_ns, part.stamp_error_p50_ns),
            (&mut client.stamp_error_p99_ns, part.stamp_error_p99_ns),
            (&mut client.start_delay_p99_ns, part.start_delay_p99_ns),
        ] {
            *mine = theirs.max(*mine);
        }
    }
    client
}

/// Second by second, as each generator counted its own.
fn series(parts: &[LoadSummary]) -> Vec<LoadPoint> {
    let length = parts
        .iter()
        .map(|part| part.series.len())
        .max()
        .unwrap_or(0);
    let mut series = vec![LoadPoint::default(); length];
    for part in parts {
        for (mine, theirs) in series.iter_mut().zip(&part.series) {
            mine.t_ns = mine.t_ns.max(theirs.t_ns);
            mine.active += theirs.active;
            mine.completed += theirs.completed;
            mine.failed += theirs.failed;
            mine.tokens += theirs.tokens;
            mine.load += theirs.load;
            mine.ttft_p50_ns = mine.ttft_p50_ns.max(theirs.ttft_p50_ns);
            mine.ttft_p99_ns = mine.ttft_p99_ns.max(theirs.ttft_p99_ns);
            mine.itl_p50_ns = mine.itl_p50_ns.max(theirs.itl_p50_ns);
        }
    }
    series
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::tests::summary;

    #[test]
    fn parts_add_up_exactly() {
        let (one, mut two) = (summary(), summary());
        let mut slow = Latency::default();
        (1..=30).for_each(|ms| slow.record(ms * 1_000_000));
        two.ttft = slow.distribution();
        two.scenario = "soak".into();
        let whole = merge(&[one.clone(), two]).unwrap();
        slow.add(&Latency::decode(&one.ttft).unwrap());
        assert_eq!(whole.ttft, slow.distribution());
        assert_eq!(whole.scenario, "quick + soak");
        assert_eq!(
            (
                whole.requests.started,
                whole.requests.failed["connection reset"]
            ),
            (28, 2)
        );
        assert_eq!((whole.tokens, whole.bytes_received), (1_000, 246_912));
        assert_eq!((whole.checks[0].passed, whole.series[0].active), (20, 20));
        assert!(whole.client.saturated);
    }

    #[test]
    fn one_part_stays_what_it_is() {
        let mut part = summary();
        part.thresholds.clear();
        assert_eq!(merge(std::slice::from_ref(&part)).unwrap(), part);
    }

    #[test]
    fn thresholds_are_judged_over_the_whole() {
        let mut two = summary();
        two.thresholds[0].expr = "ttft:count<1".into();
        assert!(
            merge(&[summary(), two.clone()])
                .unwrap_err()
                .1
                .contains("ttft:count<1")
        );
        two.thresholds[0].expr = "requests:count>20".into();
        two.thresholds[0].ok = false;
        let whole = merge(&[summary(), two]).unwrap();
        assert_eq!(
            whole
                .thresholds
                .iter()
                .map(|threshold| threshold.ok)
                .collect::<Vec<_>>(),
            [false, true]
        );
    }

    #[test]
    fn a_part_without_histograms_is_refused_by_position() {
        let mut two = summary();
        two.ttft.hdr = None;
        let (position, reason) = merge(&[summary(), two]).unwrap_err();
        assert_eq!(position, 1);
        assert!(reason.contains("ttft"), "{reason}");
    }
}
