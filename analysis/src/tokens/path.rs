//! The path of one token through threads.

use super::states::Tracks;
use recording::tokens::{Lane, PathPart, Span, Token};
use recording::vocabulary::{PathKind, Role};
use std::collections::BTreeMap;

/// Wake-ups that a path is followed back.
const LINKS: usize = 5;
/// Spans of all lanes of one token that are kept.
const SPANS: usize = 80;
/// Page faults of a lane that are kept.
const FAULTS: usize = 50;

/// The events of one token, monotonic ns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Relay {
    pub(super) arrival_ns: u64,
    pub(super) received_ns: u64,
    pub(super) sent_ns: u64,
    pub(super) receiver: u32,
    pub(super) sender: u32,
}

impl Relay {
    pub(super) fn latency_ns(&self) -> u64 {
        self.sent_ns - self.arrival_ns
    }
}

/// A thread that had the token for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stage {
    tid: u32,
    from_ns: u64,
    to_ns: u64,
}

/// Returns who had the token: the receiver until it received, then each thread until it woke the
/// next. The path is followed back from the sender, by what last woke it. A sender that was awake
/// all the time had other work before it, and one that a gc thread woke waited for a collection.
fn stages(relay: &Relay, tracks: &Tracks, roles: &BTreeMap<u32, Role>) -> Vec<Stage> {
    let mut back = Vec::new();
    let (mut tid, mut to_ns) = (relay.sender, relay.sent_ns);
    for _ in 0..LINKS {
        let Some(wake) = tracks.last_wake(tid, (relay.received_ns, to_ns)) else {
            break;
        };
        if wake.waker().is_some_and(|waker| collects(roles, waker)) {
            break;
        }
        back.push(Stage {
            tid,
            from_ns: wake.time_ns,
            to_ns,
        });
        to_ns = wake.time_ns;
        let Some(waker) = wake.waker() else { break };
        tid = waker;
    }
    back.push(Stage {
        tid,
        from_ns: relay.received_ns,
        to_ns,
    });
    back.push(Stage {
        tid: relay.receiver,
        from_ns: relay.arrival_ns,
        to_ns: relay.received_ns,
    });
    back.retain(|stage| stage.from_ns < stage.to_ns);
    back.reverse();
    back
}

/// Returns the parts of a token's latency, which add up to it, largest first.
pub(super) fn parts(relay: &Relay, tracks: &Tracks, roles: &BTreeMap<u32, Role>) -> Vec<PathPart> {
    let mut sums: BTreeMap<(PathKind, Role, String), u64> = BTreeMap::new();
    for stage in stages(relay, tracks, roles) {
        for span in tracks.spans(stage.tid, (stage.from_ns, stage.to_ns)) {
            let length = span.to_ns - span.from_ns;
            let before = stage.to_ns <= relay.received_ns;
            let kind = match span.kind {
                PathKind::User if before => PathKind::OtherWork,
                kind => kind,
            };
            *sums
                .entry((kind, role(roles, stage.tid), span.syscall))
                .or_default() += length;
        }
    }
    let part = |((kind, role, syscall), ns)| PathPart {
        kind,
        role,
        syscall,
        ns: ns as f64,
    };
    let mut parts: Vec<PathPart> = sums.into_iter().map(part).collect();
    parts.sort_by(|a, b| b.ns.total_cmp(&a.ns));
    parts
}

/// Returns a token with its lanes.
pub(super) fn token(
    relay: &Relay,
    tracks: &Tracks,
    roles: &BTreeMap<u32, Role>,
    window_ns: u64,
) -> Token {
    let parts = parts(relay, tracks, roles);
    let whole = (relay.arrival_ns, relay.sent_ns);
    let mut lanes: Vec<Lane> = Vec::new();
    for stage in stages(relay, tracks, roles) {
        let since = |time: u64| time - relay.arrival_ns;
        if let Some(lane) = lanes.iter_mut().find(|lane| lane.tid == stage.tid) {
            lane.had[1] = since(stage.to_ns);
            continue;
        }
        let faults = tracks.faults(stage.tid, whole).take(FAULTS);
        lanes.push(Lane {
            tid: stage.tid,
            role: role(roles, stage.tid),
            had: [since(stage.from_ns), since(stage.to_ns)],
            spans: tracks.spans(stage.tid, whole),
            faults: faults.map(since).collect(),
        });
    }
    let left_out = bound(&mut lanes);
    Token {
        arrival_ns: relay.arrival_ns.saturating_sub(window_ns),
        received_ns: relay.received_ns - relay.arrival_ns,
        latency_ns: relay.latency_ns(),
        text: super::text::sentence(relay.latency_ns(), &parts),
        parts,
        lanes,
        left_out,
    }
}

/// Leaves the shortest spans out where there are too many; returns their number.
fn bound(lanes: &mut [Lane]) -> u64 {
    let length = |span: &Span| span.to_ns - span.from_ns;
    let mut lengths: Vec<u64> = lanes
        .iter()
        .flat_map(|lane| &lane.spans)
        .map(length)
        .collect();
    if lengths.len() <= SPANS {
        return 0;
    }
    lengths.sort_unstable();
    let shortest = lengths[lengths.len() - SPANS];
    for lane in lanes {
        lane.spans.retain(|span| length(span) > shortest);
    }
    lengths.iter().filter(|length| **length <= shortest).count() as u64
}

fn collects(roles: &BTreeMap<u32, Role>, tid: u32) -> bool {
    matches!(roles.get(&tid), Some(Role::JscHeapHelper | Role::Gc))
}

pub(super) fn role(roles: &BTreeMap<u32, Role>, tid: u32) -> Role {
    roles.get(&tid).cloned().unwrap_or(Role::OtherProcess)
}
