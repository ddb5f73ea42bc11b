//! What the programs counted of the whole target: sockets, distributions, forwards.

use super::drain::Drained;
use profiler_common::histogram::Kind;
use recording::Forwards;
use recording::process::{Sockets, Syscall};
use std::collections::BTreeMap;

/// Socket activity.
pub fn sockets(drained: &Drained, syscalls: &[Syscall]) -> Sockets {
    let counters = &drained.counters;
    // An accept that succeeds is an accepted connection; the kernel's state changes happen before anyone accepts.
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
        forwards_matched: counters.forwards_matched,
        forwards_unmatched: counters.forwards_unmatched,
        held_sends: counters.held_sends,
        send_sizes: drained.histogram(Kind::SendSize),
        recv_sizes: drained.histogram(Kind::RecvSize),
    }
}

/// What forwards of each length were made of, where there were any.
pub fn forwards(drained: &Drained) -> Vec<Forwards> {
    let used = (0u32..)
        .zip(&drained.forwards)
        .filter(|(_, sum)| sum.count > 0);
    used.map(|(bucket, sum)| Forwards {
        bucket,
        count: sum.count,
        until_woken_ns: sum.until_woken_ns,
        run_queue_ns: sum.run_queue_ns,
        until_received_ns: sum.until_received_ns,
        until_sent_ns: sum.until_sent_ns,
    })
    .collect()
}

/// The distributions, by name.
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
    // Forwards are kept by the bucket of their length, which makes them a distribution already.
    let lengths: Vec<u64> = drained.forwards.iter().map(|sum| sum.count).collect();
    latency.insert(
        "forwarding".into(),
        recording::Histogram::from_counts(&lengths),
    );
    latency
}
