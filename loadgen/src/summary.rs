//! Summary of a run.

use crate::client::Request;
use crate::clock::per_second;
use crate::drive::Outcome;
use crate::measure::{Counters, StepCounters};
use crate::plan::Plan;
use crate::saturation;
use crate::steps::StepId;
use recording::LOAD_SCHEMA;
use recording::load::{Client, Goodput, LoadCheck, LoadStep, LoadSummary, MaxSustained, Usage};

/// Returns the summary of a run.
pub fn summarize(plan: &Plan, outcome: &Outcome) -> LoadSummary {
    let counters = &outcome.totals.counters;
    let client = client(plan, outcome);
    let held = outcome.held.clone().map(|held| MaxSustained {
        client_saturated: client.saturated,
        ..held
    });
    let bodies = counters.error_bodies.iter();
    LoadSummary {
        schema: LOAD_SCHEMA.into(),
        origin: Some(plan.origin.clone()),
        scenario: plan.scenario.clone(),
        urls: plan
            .targets
            .iter()
            .map(|target| target.url.clone())
            .collect(),
        duration_ns: outcome.offered_ns,
        ended_early: outcome.ended_early.clone(),
        unresponsive_ns: outcome.unresponsive_ns,
        requests: counters.requests.clone(),
        error_bodies: bodies
            .map(|(reason, body)| (reason.clone(), plan.secrets.mask(body)))
            .collect(),
        tokens: outcome.totals.tokens,
        token_kinds: counters.kinds,
        usage: Some(counters.usage).filter(|usage| *usage != Usage::default()),
        chunks: outcome.totals.chunks,
        bytes_sent: outcome.totals.bytes_sent,
        bytes_received: outcome.totals.bytes_received,
        ttfb: counters.ttfb.distribution(),
        ttft: counters.ttft.distribution(),
        ttfo: counters.ttfo.distribution(),
        chunk_interval: counters.chunk_interval.distribution(),
        itl: counters.itl.distribution(),
        tpot: counters.tpot.distribution(),
        total: counters.total.distribution(),
        goodput: plan.slo.as_ref().map(|slo| Goodput {
            slo: slo.text.clone(),
            met: counters.goodput,
            ended: counters.finished(),
        }),
        steps: steps(plan, counters),
        checks: checks(plan, counters),
        thresholds: plan
            .thresholds
            .iter()
            .map(|threshold| threshold.judged(&outcome.totals))
            .collect(),
        max_sustained: held,
        client,
        series: outcome.series.clone(),
    }
}

fn steps(plan: &Plan, counters: &Counters) -> Vec<LoadStep> {
    let nothing = StepCounters::default();
    let step = |(id, request): (&StepId, &Request)| {
        let counted = counters.steps.get(id.number).unwrap_or(&nothing);
        LoadStep {
            name: id.name.clone(),
            method: request.method.to_string(),
            path: id.path.clone(),
            good: counted.good,
            failed: counted.failed,
            ttft: counted.ttft.distribution(),
            total: counted.total.distribution(),
        }
    };
    plan.steps.several_ids().map(step).collect()
}

fn checks(plan: &Plan, counters: &Counters) -> Vec<LoadCheck> {
    let counts = counters.checks.iter().copied();
    let counts = counts.chain(std::iter::repeat([0; 2]));
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
    let counters = &outcome.totals.counters;
    let mut client = Client {
        cpu_ns: outcome.cpu_ns,
        peak_rss_bytes: outcome.peak_rss_bytes,
        scheduling_delay_p99_ns: counters.scheduling_delay.quantile(0.99),
        late_timers: counters
            .scheduling_delay
            .count_above(saturation::LATE_TIMER_NS),
        stamp_error_p50_ns: counters.stamp_error.quantile(0.5),
        stamp_error_p99_ns: counters.stamp_error.quantile(0.99),
        requested_rate: plan.requested_rate(outcome.offered_ns),
        achieved_rate: per_second(counters.requests.started, outcome.offered_ns),
        late_starts: counters.start_delay.count_above(saturation::LATE_START_NS),
        start_delay_p99_ns: counters.start_delay.quantile(0.99),
        out_of_resources: counters.out_of_resources,
        ..Client::default()
    };
    let (elapsed_ns, offered_ns) = (outcome.totals.elapsed_ns, outcome.offered_ns);
    client.saturated_by = saturation::reasons(&client, plan.threads, elapsed_ns, offered_ns);
    client.saturated = !client.saturated_by.is_empty();
    client
}
