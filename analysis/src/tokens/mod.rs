//! Tokens of a timeline: which are slow, where they spend their time, and how slow ones differ from
//! others.

mod lane;
mod of_arm;
mod path;
pub mod requests;
mod states;
#[cfg(test)]
mod tests;
mod text;
mod times;
mod track;

pub use of_arm::of_arm;

use path::Relay;
use recording::requests::Requests;
use recording::timeline::{Event, EventKind, split_relayed};
use recording::tokens::{PathPart, Token, Tokens};
use recording::vocabulary::{PathKind, Role};
use recording::{Recording, Timeline};
use states::Tracks;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Slow tokens that are kept.
pub const SLOWEST: usize = 20;
/// Slow tokens whose lanes are kept.
const DRAWN: usize = 5;

/// Finds the tokens and requests of a timeline. `threshold_ns` is the latency above which a token
/// is slow. Threads must have roles.
pub fn find(recording: &Recording, timeline: &Timeline, threshold_ns: u64) -> (Tokens, Requests) {
    let mut events: Vec<&Event> = timeline.cpus.iter().flatten().collect();
    events.sort_by_key(|event| event.time_ns);
    let threads = recording.threads.iter();
    let roles = threads.map(|thread| (thread.tid, thread.role.clone()));
    let roles: BTreeMap<u32, Role> = roles.collect();
    let mut relays = relays(&events, timeline.start_ns);
    relays.sort_by_key(Relay::latency_ns);
    let tracks = Tracks::of(&events, timeline, &roles);
    let opened_ns = timeline.end_ns.saturating_sub(recording.window.duration_ns);
    let token = |relay: &Relay| path::token(relay, &tracks, &roles, opened_ns);
    let at = |share: f64| relays.get(place(relays.len(), share));
    let slow = relays.partition_point(|relay| relay.latency_ns() <= threshold_ns);
    let mean = |from: usize, to: usize| {
        let part = |relay: &Relay| path::parts(relay, &tracks, &roles);
        means(relays[from..to].iter().map(part))
    };
    let (low, high) = (place(relays.len(), 0.4), place(relays.len(), 0.6));
    let slowest = relays[slow..].iter().rev().take(SLOWEST).map(token);
    let mut slowest: Vec<Token> = slowest.collect();
    slowest
        .iter_mut()
        .skip(DRAWN)
        .for_each(|token| token.lanes.clear());
    let tokens = Tokens {
        count: relays.len() as u64,
        covered_ns: timeline.end_ns.saturating_sub(timeline.start_ns),
        p50_ns: at(0.5).map_or(0, Relay::latency_ns),
        p99_ns: at(0.99).map_or(0, Relay::latency_ns),
        threshold_ns,
        slow: (relays.len() - slow) as u64,
        slowest,
        median: at(0.5).map(token),
        p99: at(0.99).map(token),
        usual: mean(low, (high + 1).min(relays.len())),
        tail: mean(place(relays.len(), 0.99), relays.len()),
    };
    let requests = requests::find(recording, timeline, (&events, &tracks), &roles);
    (tokens, requests)
}

/// Returns the index of a percentile.
fn place(count: usize, share: f64) -> usize {
    let place = (count as f64 * share) as usize;
    place.min(count.saturating_sub(1))
}

/// Finds the relays that began in the timeline.
fn relays(events: &[&Event], start_ns: u64) -> Vec<Relay> {
    let of_kind = |kind: EventKind| {
        let events = events.iter().copied();
        events.filter(move |event| EventKind::of(event.kind) == Some(kind))
    };
    let receivers = of_kind(EventKind::Receive);
    let receivers = receivers.map(|event| ((event.first, event.time_ns), event.tid));
    let receivers: BTreeMap<(u64, u64), u32> = receivers.collect();
    let relay = |event: &Event| {
        let received_ns = event.first + split_relayed(event.second).0;
        let receiver = receivers.get(&(event.first, received_ns));
        Relay {
            arrival_ns: event.first,
            received_ns,
            sent_ns: event.time_ns,
            receiver: receiver.copied().unwrap_or(event.tid),
            sender: event.tid,
        }
    };
    let relays = of_kind(EventKind::Send).map(relay);
    let whole = relays.filter(|relay| {
        let in_order = relay.received_ns <= relay.sent_ns && relay.arrival_ns < relay.sent_ns;
        in_order && relay.arrival_ns >= start_ns
    });
    whole.collect()
}

/// Returns the mean parts of tokens, largest first.
fn means(tokens: impl Iterator<Item = Vec<PathPart>>) -> Vec<PathPart> {
    let mut sums: BTreeMap<(PathKind, Role, String), f64> = BTreeMap::new();
    let mut count = 0.0;
    for parts in tokens {
        count += 1.0;
        for part in parts {
            *sums
                .entry((part.kind, part.role, part.syscall))
                .or_default() += part.ns;
        }
    }
    let mean = |((kind, role, syscall), ns): (_, f64)| PathPart {
        kind,
        role,
        syscall,
        ns: ns / count,
    };
    let mut parts: Vec<PathPart> = sums.into_iter().map(mean).collect();
    parts.sort_by_key(|part| Reverse(part.ns.to_bits()));
    parts
}
