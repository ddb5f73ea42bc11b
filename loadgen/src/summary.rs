//! From what was measured to the summary others read.

use crate::client::Request;
use crate::clock::per_second;
use crate::drive::Outcome;
use crate::measure::{StepTally, Tally};
use crate::plan::Plan;
use crate::saturation;
use crate::steps::Told;
use recording::LOAD_SCHEMA;
use recording::load::{Client, Held, LoadCheck, LoadStep, LoadSummary};

/// The summary of a run.
pub fn summarize(plan: &Plan, outcome: &Outcome) -> LoadSummary {
    let tally = &outcome.totals.tally;
    let client = client(plan, outcome);
    let held = outcome.held.clone().map(|held| Held {
        client_saturated: client.saturated,
        ..held
    });
    LoadSummary {
        schema: LOAD_SCHEMA.into(),
        scenario: plan.scenario.clone(),
        urls: plan
            .targets
            .iter()
            .map(|target| target.url.clone())
            .collect(),
        duration_ns: outcome.offered_ns,
        ended_early: outcome.ended_early.clone(),
        requests: tally.requests.clone(),
        tokens: outcome.totals.tokens,
        chunks: outcome.totals.chunks,
        bytes_sent: outcome.totals.bytes_sent,
        bytes_received: outcome.totals.bytes_received,
        ttfb: tally.ttfb.distribution(),
        ttft: tally.ttft.distribution(),
        chunk_interval: tally.chunk_interval.distribution(),
        itl: tally.itl.distribution(),
        total: tally.total.distribution(),
        steps: steps(plan, tally),
        checks: checks(plan, outcome),
        thresholds: plan
            .thresholds
            .iter()
            .map(|threshold| threshold.judged(&outcome.totals))
            .collect(),
        held,
        client,
        series: outcome.series.clone(),
    }
}

fn steps(plan: &Plan, tally: &Tally) -> Vec<LoadStep> {
    let nothing = StepTally::default();
    let step = |(told, request): (&Told, &Request)| {
        let counted = tally.steps.get(told.number).unwrap_or(&nothing);
        LoadStep {
            name: told.name.clone(),
            method: request.method.to_string(),
            path: told.path.clone(),
            good: counted.good,
            failed: counted.failed,
            ttft: counted.ttft.distribution(),
            total: counted.total.distribution(),
        }
    };
    plan.steps.told().map(step).collect()
}

fn checks(plan: &Plan, outcome: &Outcome) -> Vec<LoadCheck> {
    let counts = outcome
        .totals
        .tally
        .checks
        .iter()
        .copied()
        .chain(std::iter::repeat([0; 2]));
    let named = plan.steps.check_names().into_iter().zip(counts);
    named
        .map(|(name, [passed, failed])| LoadCheck {
            name,
            passed,
            failed,
        })
        .collect()
}

fn client(plan: &Plan, outcome: &Outcome) -> Client {
    let tally = &outcome.totals.tally;
    let mut client = Client {
        cpu_ns: outcome.cpu_ns,
        peak_rss_bytes: outcome.peak_rss_bytes,
        scheduling_delay_p99_ns: tally.scheduling_delay.quantile(0.99),
        stamp_error_p50_ns: tally.stamp_error.quantile(0.5),
        stamp_error_p99_ns: tally.stamp_error.quantile(0.99),
        requested_rate: plan.requested_rate(outcome.offered_ns),
        achieved_rate: per_second(tally.requests.started, outcome.offered_ns),
        late_starts: tally.start_delay.count_above(saturation::LATE_START_NS),
        start_delay_p99_ns: tally.start_delay.quantile(0.99),
        ..Client::default()
    };
    client.saturated_by = saturation::reasons(&client, plan.threads, outcome.totals.elapsed_ns);
    client.saturated = !client.saturated_by.is_empty();
    client
}
