//! Socket activity, latency histograms and relays of the whole target.

use super::drain::Drained;
use profiler_common::histogram::Kind;
use recording::RelayBucket;
use recording::process::{Sockets, Syscall};
use std::collections::BTreeMap;

/// Returns the socket activity.
pub fn sockets(drained: &Drained, syscalls: &[Syscall]) -> Sockets {
    let counters = &drained.counters;
    // A successful accept is an accepted connection: the socket's change of state comes before it.
    let accepts = syscalls
        .iter()
        .filter(|call| call.name == "accept" || call.name == "accept4");
    let accepted = accepts
        .map(|call| call.count.saturating_sub(call.errors.values().sum()))
        .sum();
    Sockets {
        send_calls: counters.send_calls,
        send_bytes: counters.send_bytes,
        recv_calls: counters.recv_calls,
        recv_bytes: counters.recv_bytes,
        accepted,
        connected: counters.connected,
        closed: counters.closed,
        retransmits: counters.retransmits,
        requests: counters.requests,
        relays_matched: counters.relays_matched,
        relays_unmatched: counters.relays_unmatched,
        nagle_delayed_sends: counters.nagle_delayed_sends,
        send_sizes: drained.histogram(Kind::SendSize),
        recv_sizes: drained.histogram(Kind::RecvSize),
        // The session has it.
        series: Vec::new(),
    }
}

/// Returns the stages of relays by the bucket of their length, where there were relays.
pub fn relays(drained: &Drained) -> Vec<RelayBucket> {
    let used = (0u32..)
        .zip(&drained.relays)
        .filter(|(_, sum)| sum.count > 0);
    used.map(|(bucket, sum)| RelayBucket {
        bucket,
        count: sum.count,
        arrival_to_wakeup_ns: sum.until_woken_ns,
        run_queue_ns: sum.run_queue_ns,
        loop_busy_ns: sum.until_received_ns,
        receive_to_send_ns: sum.until_sent_ns,
    })
    .collect()
}

/// Returns the histograms by name.
pub fn latency(drained: &Drained) -> BTreeMap<String, recording::Histogram> {
    let kinds = [
        ("run_queue", Kind::RunQueue),
        ("off_cpu", Kind::OffCpu),
        ("wakeup_to_run", Kind::WakeupToRun),
        ("arrival_to_recv", Kind::ArrivalToRecv),
        ("recv_to_send", Kind::RecvToSend),
    ];
    let mut latency: BTreeMap<_, _> = kinds
        .into_iter()
        .map(|(name, kind)| (name.to_owned(), drained.histogram(kind)))
        .collect();
    // Many targets have none of them.
    let rare = [
        ("connect", Kind::Connect),
        ("dns", Kind::Dns),
        ("upstream", Kind::Upstream),
    ];
    for (name, kind) in rare {
        let lengths = drained.histogram(kind);
        if lengths.count > 0 {
            latency.insert(name.into(), lengths);
        }
    }
    // Relays are kept by the bucket of their latency, so they make a histogram already.
    let lengths: Vec<u64> = drained.relays.iter().map(|sum| sum.count).collect();
    latency.insert(
        "proxy_latency".into(),
        recording::Histogram::from_counts(&lengths),
    );
    latency
}
