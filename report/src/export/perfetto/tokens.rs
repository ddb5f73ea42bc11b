//! Track events of tokens, with arrows through the threads that handle them.

use super::tracks::{Flow, Track, Tracks};
use crate::Error;
use recording::timeline::{Event, EventKind, split_relayed};
use recording::tokens::Token;
use recording::{Recording, Timeline};
use std::collections::HashMap;

/// First id of the arrows of tokens; those of wake-ups are below.
const FLOWS: u64 = 1 << 48;

/// A token: an event of its send says when it arrived and was received.
struct Relay {
    arrival_ns: u64,
    received_ns: u64,
    sent_ns: u64,
    sender: u32,
}

/// Threads that handle a token, with the time from which each does, in order.
type Hops = Vec<(u64, u32)>;

/// Writes a slice for each token from its arrival to its send, with the receive between, and an
/// arrow from there to the threads that receive and send it. Tokens that overlap go to different
/// tracks. The path between is known for the tokens that the recording keeps.
pub(super) fn write(
    recording: &Recording,
    timeline: &Timeline,
    events: &[&Event],
    tracks: &mut Tracks<'_>,
) -> Result<(), Error> {
    let receivers = receivers(events);
    let paths = paths(recording, timeline);
    let mut busy_until: HashMap<u32, Vec<u64>> = HashMap::new();
    for (number, relay) in relays(events, timeline.start_ns).iter().enumerate() {
        let id = FLOWS + number as u64;
        let process = tracks.process(relay.sender);
        let lane = lane(busy_until.entry(process).or_default(), relay);
        let track = Track::Tokens(process, lane as u32);
        tracks.begin(relay.arrival_ns, track, "token", Flow::Through(id))?;
        tracks.begin(relay.arrival_ns, track, "arrival to receive", Flow::None)?;
        tracks.end(relay.received_ns, track)?;
        tracks.begin(relay.received_ns, track, "receive to send", Flow::None)?;
        tracks.end(relay.sent_ns, track)?;
        tracks.end(relay.sent_ns, track)?;
        let received = receivers.get(&(relay.arrival_ns, relay.received_ns));
        if let Some(tid) = received {
            let track = Track::Handling(*tid);
            tracks.instant(relay.received_ns, track, "receive", Flow::Through(id))?;
        }
        let hops = paths.get(&(relay.arrival_ns, relay.sent_ns));
        let hops = hops.into_iter().flatten();
        for &(from_ns, tid) in hops.filter(|(from_ns, _)| *from_ns > relay.received_ns) {
            let track = Track::Handling(tid);
            tracks.instant(from_ns, track, "hand-off", Flow::Through(id))?;
        }
        let track = Track::Handling(relay.sender);
        tracks.instant(relay.sent_ns, track, "send", Flow::End(id))?;
    }
    Ok(())
}

/// Returns the first lane that is free for a token, and takes it.
fn lane(busy_until: &mut Vec<u64>, relay: &Relay) -> usize {
    let free = busy_until
        .iter()
        .position(|until| *until <= relay.arrival_ns);
    let lane = free.unwrap_or(busy_until.len());
    busy_until.resize(busy_until.len().max(lane + 1), 0);
    busy_until[lane] = relay.sent_ns;
    lane
}

/// Returns the tokens in the order of their arrivals.
fn relays(events: &[&Event], start_ns: u64) -> Vec<Relay> {
    let sends = events.iter().filter(|event| {
        let is_send = EventKind::of(event.kind) == Some(EventKind::Send);
        is_send && event.first >= start_ns
    });
    let relay = |event: &&Event| Relay {
        arrival_ns: event.first,
        received_ns: event.first + split_relayed(event.second).0,
        sent_ns: event.time_ns,
        sender: event.tid,
    };
    let whole = sends
        .map(relay)
        .filter(|relay| relay.received_ns <= relay.sent_ns && relay.arrival_ns < relay.sent_ns);
    let mut relays: Vec<Relay> = whole.collect();
    relays.sort_by_key(|relay| relay.arrival_ns);
    relays
}

/// Returns the thread of each receive by the times of arrival and receive.
fn receivers(events: &[&Event]) -> HashMap<(u64, u64), u32> {
    let receives = events
        .iter()
        .filter(|event| EventKind::of(event.kind) == Some(EventKind::Receive));
    receives
        .map(|event| ((event.first, event.time_ns), event.tid))
        .collect()
}

/// Returns the hand-offs of the tokens whose paths are known, by the times of arrival and send.
fn paths(recording: &Recording, timeline: &Timeline) -> HashMap<(u64, u64), Hops> {
    let opened_ns = timeline.end_ns.saturating_sub(recording.window.duration_ns);
    let tokens = &recording.tokens;
    let kept = tokens.slowest.iter().chain(&tokens.median);
    let path = |token: &Token| {
        let arrival_ns = opened_ns + token.arrival_ns;
        let hops = token.lanes.iter();
        let hops = hops.map(|lane| (arrival_ns + lane.had[0], lane.tid));
        ((arrival_ns, arrival_ns + token.latency_ns), hops.collect())
    };
    kept.chain(&tokens.p99).map(path).collect()
}
