//! From what was measured to the summary others read.

use crate::clock::SECOND;
use crate::drive::Outcome;
use crate::plan::Plan;
use crate::saturation;
use recording::LOAD_SCHEMA;
use recording::load::{Client, LoadCheck, LoadSummary};

/// The summary of a run.
pub fn summarize(plan: &Plan, outcome: &Outcome) -> LoadSummary {
    let tally = &outcome.tally;
    LoadSummary {
        schema: LOAD_SCHEMA.into(),
        scenario: plan.scenario.clone(),
        duration_ns: outcome.offered_ns,
        ended_early: outcome.ended_early.clone(),
        requests: tally.requests.clone(),
        tokens: outcome.tokens,
        chunks: outcome.chunks,
        bytes_sent: outcome.bytes_sent,
        bytes_received: outcome.bytes_received,
        ttfb: tally.ttfb.distribution(),
        ttft: tally.ttft.distribution(),
        chunk_interval: tally.chunk_interval.distribution(),
        itl: tally.itl.distribution(),
        total: tally.total.distribution(),
        checks: checks(plan, outcome),
        thresholds: Vec::new(),
        client: client(plan, outcome),
        series: outcome.series.clone(),
    }
}

fn checks(plan: &Plan, outcome: &Outcome) -> Vec<LoadCheck> {
    let counts = outcome
        .tally
        .checks
        .iter()
        .copied()
        .chain(std::iter::repeat([0; 2]));
    let named = plan.checks.names().into_iter().zip(counts);
    named
        .map(|(name, [passed, failed])| LoadCheck {
            name,
            passed,
            failed,
        })
        .collect()
}

fn client(plan: &Plan, outcome: &Outcome) -> Client {
    let tally = &outcome.tally;
    let offered_s = outcome.offered_ns as f64 / SECOND as f64;
    let mut client = Client {
        cpu_ns: outcome.cpu_ns,
        peak_rss_bytes: outcome.peak_rss_bytes,
        scheduling_delay_p99_ns: tally.scheduling_delay.quantile(0.99),
        stamp_error_p50_ns: tally.stamp_error.quantile(0.5),
        stamp_error_p99_ns: tally.stamp_error.quantile(0.99),
        requested_rate: plan.requested_rate(),
        achieved_rate: if offered_s > 0.0 {
            tally.requests.started as f64 / offered_s
        } else {
            0.0
        },
        ..Client::default()
    };
    client.saturated_by = saturation::reasons(&client, plan.threads, outcome.elapsed_ns);
    client.saturated = !client.saturated_by.is_empty();
    client
}
