//! Counts of requests, their latencies, and their sums.

use super::*;
use crate::checks::Checks;
use crate::client::Gap;

fn answer(status: u16) -> Answer {
    Answer {
        status,
        first_byte_ns: 2_000_000,
        first_token_ns: 3_000_000,
        first_output_ns: 5_000_000,
        last_token_ns: 7_000_000,
        end_ns: 9_000_000,
        tokens: 3,
        reasoning_tokens: 1,
        done: true,
        gaps: vec![Gap {
            tenths_us: 40_000,
            tokens: 2,
        }],
        body_start: b"sorry".to_vec(),
        ..Answer::default()
    }
}

fn complete(counters: &mut Counters, answer: &Answer) {
    counters.started(false);
    counters.ended(false);
    counters.completed(1_000_000, answer, &Checks::default().judge(answer));
}

#[test]
fn splits_the_gap_of_a_coalesced_chunk() {
    let mut counters = Counters::default();
    complete(&mut counters, &answer(200));
    assert_eq!(
        (counters.chunk_interval.count(), counters.itl.count()),
        (1, 2)
    );
    let near = |latency: &Latency, ns: u64| latency.max().abs_diff(ns) < ns / 500;
    assert!(near(&counters.itl, 2_000_000) && near(&counters.tpot, 2_000_000));
    assert!(near(&counters.ttfb, 1_000_000) && near(&counters.total, 8_000_000));
    assert!(near(&counters.ttft, 2_000_000) && near(&counters.ttfo, 4_000_000));
    assert_eq!((counters.kinds.answer, counters.kinds.reasoning), (2, 1));
}

#[test]
fn excludes_rejected_answers_from_percentiles() {
    let mut counters = Counters::default();
    complete(&mut counters, &answer(502));
    assert_eq!((counters.requests.completed, counters.ttft.count()), (1, 0));
    assert_eq!(counters.requests.rejected["status 502"], 1);
    assert_eq!(counters.error_bodies["status 502"], "sorry");
    assert_eq!(counters.checks[0], [0, 1]);
}

#[test]
fn counts_every_request_once() {
    let mut counters = Counters::default();
    complete(&mut counters, &answer(200));
    counters.started(true);
    assert_eq!((counters.active, counters.first_pending), (1, 1));
    counters.ended(true);
    counters.failed(None, Failure::Refused);
    counters.started(false);
    counters.ended(false);
    counters.cut(true);
    let requests = &counters.requests;
    assert_eq!((counters.active, counters.first_pending), (0, 0));
    assert_eq!(requests.failed["connection refused"], 1);
    let ends = (requests.started, requests.completed, requests.cut);
    assert_eq!((ends, counters.cut_unanswered), ((3, 1, 1), 1));
}

#[test]
fn counts_a_request_that_waited_too_long_as_failed() {
    const MS: u64 = 1_000_000;
    let mut counters = Counters::default();
    let overdue = |counters: &Counters, waited_ms: u64| counters.overdue(waited_ms * MS, 0, 0, 0);
    assert_eq!(overdue(&counters, 900), None);
    assert_eq!(overdue(&counters, 1_100), Some(Failure::Unanswered));
    counters.ttfb.record(5_000 * MS);
    assert_eq!(
        overdue(&counters, 9_000),
        None,
        "the server is known to be slow"
    );
    assert_eq!(overdue(&counters, 11_000), Some(Failure::Unanswered));
    let silent = |counters: &Counters, silent_ms: u64| {
        counters.overdue((20_000 + silent_ms) * MS, 0, MS, 20_000 * MS)
    };
    assert_eq!(silent(&counters, 900), None);
    assert_eq!(silent(&counters, 1_100), Some(Failure::Stalled));
    counters.chunk_interval.record(1_000 * MS);
    assert_eq!(silent(&counters, 1_900), None);
}

#[test]
fn counts_failures_of_this_host() {
    let mut counters = Counters::default();
    for failure in [Failure::Descriptors, Failure::Ports, Failure::Refused] {
        counters.failed(None, failure);
    }
    assert_eq!(counters.out_of_resources, 2);
}

#[test]
fn adds_and_subtracts_workers() {
    let (mut one, mut two) = (Counters::default(), Counters::default());
    complete(&mut two, &answer(200));
    complete(&mut two, &answer(500));
    two.usage.completion_tokens = 7;
    one.add(&two);
    one.add(&two);
    assert_eq!((one.requests.completed, one.ttft.count()), (4, 2));
    assert_eq!(one.checks, [[2, 2], [4, 0], [4, 0]]);
    assert_eq!(one.usage.completion_tokens, 14);
    let since = one.since(&two);
    assert_eq!((since.requests, since.checks), (two.requests, two.checks));
    assert_eq!((since.kinds, since.usage), (two.kinds, two.usage));
    assert_eq!(since.ttft.distribution(), two.ttft.distribution());
}
