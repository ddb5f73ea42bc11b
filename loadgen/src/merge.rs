//! Merges the results of several load generators that ran at the same time.
//!
//! Counts and histograms are added, so the percentiles of the whole are exactly those that a single
//! load generator would have measured. Values that cannot be added (the percentiles of the load
//! generators themselves, and of single seconds) become the highest of the parts.

mod steps;

use crate::measure::{Counters, Latency, Totals};
use crate::threshold::Threshold;
use recording::LoadSummary;
use recording::load::{Client, Distribution, Goodput, LoadCheck, LoadPoint, Origin, Usage};
use std::collections::{BTreeMap, HashSet};

/// Returns the summary of several load generators.
///
/// # Errors
/// If a summary cannot be merged: its position, from 0, and the reason.
pub fn merge(parts: &[LoadSummary]) -> Result<LoadSummary, (usize, String)> {
    checked(parts)?;
    let mut totals = Totals::default();
    for (position, part) in parts.iter().enumerate() {
        let part = counted(part).map_err(|reason| (position, reason))?;
        totals.counters.add(&part.counters);
        totals.tokens += part.tokens;
        totals.chunks += part.chunks;
        totals.bytes_sent += part.bytes_sent;
        totals.bytes_received += part.bytes_received;
        totals.elapsed_ns = totals.elapsed_ns.max(part.elapsed_ns);
    }
    let counters = &totals.counters;
    Ok(LoadSummary {
        schema: recording::LOAD_SCHEMA.into(),
        origin: one_origin(parts),
        scenario: distinct(parts.iter().map(|part| part.scenario.clone())).join(" + "),
        urls: distinct(parts.iter().flat_map(|part| part.urls.clone())),
        duration_ns: totals.elapsed_ns,
        ended_early: parts.iter().find_map(|part| part.ended_early.clone()),
        unresponsive_ns: parts.iter().filter_map(|part| part.unresponsive_ns).max(),
        requests: counters.requests.clone(),
        error_bodies: counters.error_bodies.clone(),
        tokens: totals.tokens,
        token_kinds: counters.kinds,
        usage: Some(counters.usage).filter(|usage| *usage != Usage::default()),
        chunks: totals.chunks,
        bytes_sent: totals.bytes_sent,
        bytes_received: totals.bytes_received,
        ttfb: counters.ttfb.distribution(),
        ttft: counters.ttft.distribution(),
        ttfo: counters.ttfo.distribution(),
        chunk_interval: counters.chunk_interval.distribution(),
        itl: counters.itl.distribution(),
        tpot: counters.tpot.distribution(),
        total: counters.total.distribution(),
        goodput: goodput(parts)?,
        steps: steps::merge(parts)?,
        checks: checks(parts),
        thresholds: thresholds(parts, &totals)?,
        max_sustained: None,
        client: client(parts),
        series: series(parts),
    })
}

/// Refuses parts that are the same run, or whose sums do not fit.
fn checked(parts: &[LoadSummary]) -> Result<(), (usize, String)> {
    let mut runs = HashSet::new();
    let mut sums = [0u64; 12];
    for (position, part) in parts.iter().enumerate() {
        let run = part.origin.as_ref().map(|origin| &origin.run);
        if run.is_some_and(|run| !runs.insert(run)) {
            return Err((position, "it is a copy of another of these results".into()));
        }
        let requests = &part.requests;
        let sum = |reasons: &BTreeMap<String, u64>| {
            let counts = reasons.values();
            counts.fold(0u64, |sum, count| sum.saturating_add(*count))
        };
        let counts = [
            requests.started,
            requests.completed,
            requests.cut,
            sum(&requests.failed),
            sum(&requests.rejected),
            part.tokens,
            part.chunks,
            part.bytes_sent,
            part.bytes_received,
            part.client.cpu_ns,
            part.client.peak_rss_bytes,
            part.itl.count,
        ];
        for (sum, count) in sums.iter_mut().zip(counts) {
            let added = sum.checked_add(count);
            *sum = added.ok_or_else(|| (position, "its counts are too large to add".to_owned()))?;
        }
    }
    Ok(())
}

/// Returns the origin if there is only one part.
fn one_origin(parts: &[LoadSummary]) -> Option<Origin> {
    match parts {
        [part] => part.origin.clone(),
        _ => None,
    }
}

/// Adds goodput, which needs the same objectives everywhere.
fn goodput(parts: &[LoadSummary]) -> Result<Option<Goodput>, (usize, String)> {
    let Some(first) = parts.first().and_then(|part| part.goodput.clone()) else {
        return Ok(None);
    };
    let mut sum = Goodput {
        slo: first.slo,
        ..Goodput::default()
    };
    for (position, part) in parts.iter().enumerate() {
        match &part.goodput {
            Some(goodput) if goodput.slo == sum.slo => {
                sum.met += goodput.met;
                sum.ended += goodput.ended;
            }
            _ => {
                let reason = format!("its objectives are not {:?}", sum.slo);
                return Err((position, reason));
            }
        }
    }
    Ok(Some(sum))
}

/// Restores the counts of a summary.
fn counted(part: &LoadSummary) -> Result<Totals, String> {
    Ok(Totals {
        counters: Counters {
            requests: part.requests.clone(),
            ttfb: read("ttfb", &part.ttfb)?,
            ttft: read("ttft", &part.ttft)?,
            ttfo: read("ttfo", &part.ttfo)?,
            chunk_interval: read("chunk_interval", &part.chunk_interval)?,
            itl: read("itl", &part.itl)?,
            tpot: read("tpot", &part.tpot)?,
            error_bodies: part.error_bodies.clone(),
            kinds: part.token_kinds,
            usage: part.usage.unwrap_or_default(),
            goodput: part.goodput.as_ref().map_or(0, |goodput| goodput.met),
            checks: part
                .checks
                .iter()
                .map(|check| [check.passed, check.failed])
                .collect(),
            total: read("total", &part.total)?,
            ..Counters::default()
        },
        elapsed_ns: part.duration_ns,
        last_byte_ns: 0,
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

/// Judges each threshold again, over the whole.
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
        client.late_timers += part.late_timers;
        client.out_of_resources += part.out_of_resources;
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

/// Adds the series second by second.
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
#[path = "merge_tests.rs"]
mod tests;
