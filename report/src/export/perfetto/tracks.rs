//! Track events: page faults and collections on the tracks of their threads, and tokens on tracks
//! of their process.

use super::message::{Packet, ThreadTrack, TrackDescriptor, TrackEvent, TrackEventType};
use crate::clean::clean;
use recording::timeline::{Event, EventKind, split_relayed};
use recording::{Recording, Timeline};
use std::collections::{BTreeMap, BTreeSet};

/// First track of tokens; tracks of threads have the thread's id.
const TOKENS: u64 = 1 << 32;

/// Returns the descriptors of tracks and their events.
pub(super) fn packets(recording: &Recording, timeline: &Timeline) -> Vec<Packet> {
    let mut events: Vec<&Event> = timeline.cpus.iter().flatten().collect();
    events.sort_by_key(|event| event.time_ns);
    let mut packets = Vec::new();
    let mut threads = BTreeSet::new();
    let mut open = BTreeSet::new();
    for event in &events {
        let kind = EventKind::of(event.kind);
        let (shape, name) = match kind {
            Some(EventKind::Fault) => (TrackEventType::Instant, "page fault"),
            Some(EventKind::GcBegin) => (TrackEventType::SliceBegin, "garbage collection"),
            Some(EventKind::GcEnd) => (TrackEventType::SliceEnd, "garbage collection"),
            _ => continue,
        };
        let collection = (event.tid, event.first);
        // One that began before the timeline has no beginning in it.
        let is_open = match shape {
            TrackEventType::SliceBegin => open.insert(collection),
            TrackEventType::SliceEnd => open.remove(&collection),
            TrackEventType::Instant => true,
        };
        if is_open {
            threads.insert(event.tid);
            packets.push(packet(event.time_ns, event.tid.into(), shape, name));
        }
    }
    let mut all: Vec<Packet> = recording
        .threads
        .iter()
        .filter(|thread| threads.contains(&thread.tid))
        .map(|thread| {
            let track = ThreadTrack {
                pid: thread.pid as i32,
                tid: thread.tid.into(),
                thread_name: clean(&thread.name),
            };
            descriptor(TrackDescriptor {
                uuid: thread.tid.into(),
                thread: Some(track),
                ..TrackDescriptor::default()
            })
        })
        .collect();
    all.append(&mut packets);
    all.append(&mut tokens(&events, timeline.start_ns));
    all
}

fn descriptor(track: TrackDescriptor) -> Packet {
    Packet {
        track_descriptor: Some(track),
        ..Packet::default()
    }
}

fn packet(time_ns: u64, track_uuid: u64, shape: TrackEventType, name: &str) -> Packet {
    let ends = shape == TrackEventType::SliceEnd;
    Packet {
        timestamp: Some(time_ns),
        track_event: Some(TrackEvent {
            r#type: Some(shape.into()),
            track_uuid,
            categories: vec!["kontrast".into()],
            name: (!ends).then(|| name.into()),
            ..TrackEvent::default()
        }),
        ..Packet::default()
    }
}

/// Makes a slice of each token from its arrival to its send, with the receive between. Tokens that
/// overlap go to different tracks.
fn tokens(events: &[&Event], start_ns: u64) -> Vec<Packet> {
    let sends = events.iter().filter(|event| {
        let is_send = EventKind::of(event.kind) == Some(EventKind::Send);
        is_send && event.first >= start_ns
    });
    let mut sends: Vec<&&Event> = sends.collect();
    sends.sort_by_key(|event| event.first);
    let mut busy_until: Vec<u64> = Vec::new();
    let mut packets: BTreeMap<u64, Vec<Packet>> = BTreeMap::new();
    for event in sends {
        let (after, _) = split_relayed(event.second);
        let (arrival, received) = (event.first, event.first + after);
        let free = busy_until.iter().position(|until| *until <= arrival);
        let lane = free.unwrap_or_else(|| {
            busy_until.push(0);
            busy_until.len() - 1
        });
        busy_until[lane] = event.time_ns;
        let track = TOKENS + lane as u64;
        let slice = |from, to, name: &str| {
            [
                packet(from, track, TrackEventType::SliceBegin, name),
                packet(to, track, TrackEventType::SliceEnd, name),
            ]
        };
        let of_track = packets.entry(track).or_default();
        let [begin, end] = slice(arrival, event.time_ns, "token");
        of_track.push(begin);
        of_track.extend(slice(arrival, received, "arrival to receive"));
        of_track.extend(slice(received, event.time_ns, "receive to send"));
        of_track.push(end);
    }
    let named = packets.into_iter().flat_map(|(uuid, packets)| {
        let track = descriptor(TrackDescriptor {
            uuid,
            name: Some("tokens".into()),
            ..TrackDescriptor::default()
        });
        std::iter::once(track).chain(packets)
    });
    named.collect()
}
