//! Requests in flight: how long they take, and in which states the threads are that serve them.

mod chains;
mod of_arm;

pub use of_arm::of_arm;

use super::lane::Lane;
use super::states::Tracks;
use super::times::joined;
use super::{means, path::role};
use recording::process::Thread;
use recording::requests::{Requests, StateTimes, ThreadStates};
use recording::timeline::{Event, EventKind, split_relayed};
use recording::tokens::PathPart;
use recording::vocabulary::{PathKind, Role};
use recording::{Recording, Timeline};
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// A request that sent nothing in the last such share of the timeline has ended.
const QUIET: u64 = 10;

/// A request.
#[derive(Debug)]
struct Request {
    from_ns: u64,
    /// Last send so far.
    sent_ns: Option<u64>,
    /// Whether its beginning is in the timeline.
    begins: bool,
    /// Whether its end is.
    ends: bool,
    /// First and last receive or send of each thread that serves it.
    served: BTreeMap<u32, (u64, u64)>,
}

impl Request {
    fn new(from_ns: u64, begins: bool) -> Self {
        Self {
            from_ns,
            sent_ns: None,
            begins,
            ends: false,
            served: BTreeMap::new(),
        }
    }

    fn touch(&mut self, tid: u32, time: u64) {
        let time = time.max(self.from_ns);
        let served = self.served.entry(tid).or_insert((time, time));
        *served = (served.0.min(time), served.1.max(time));
    }

    fn length_ns(&self) -> u64 {
        self.sent_ns
            .map_or(0, |sent| sent.saturating_sub(self.from_ns))
    }

    fn is_whole(&self) -> bool {
        self.begins && self.ends
    }
}

/// Finds the requests of a timeline, whose `events` are in the order of time.
pub(super) fn find(
    recording: &Recording,
    timeline: &Timeline,
    (events, tracks): (&[&Event], &Tracks),
    roles: &BTreeMap<u32, Role>,
) -> Requests {
    let requests = requests(events, timeline);
    let lanes = recording.threads.iter().enumerate();
    let lanes = lanes.filter_map(|(index, thread)| {
        let lane = tracks.lane(thread.tid, life(thread, recording, timeline))?;
        Some((thread.tid, (index, lane)))
    });
    let lanes: BTreeMap<u32, (usize, Lane)> = lanes.collect();
    let covered_ns = timeline.end_ns.saturating_sub(timeline.start_ns);
    let whole: Vec<&Request> = requests
        .iter()
        .filter(|request| request.is_whole())
        .collect();
    let lengths: u64 = whole.iter().map(|request| request.length_ns()).sum();
    let all: u64 = requests.iter().map(Request::length_ns).sum();
    let served = lanes.keys().map(|tid| (*tid, served(&requests, *tid)));
    let served: BTreeMap<u32, Vec<(u64, u64)>> = served.collect();
    let mut threads: Vec<ThreadStates> = lanes
        .iter()
        .map(|(tid, (index, lane))| states(*index, lane, &served[tid]))
        .collect();
    threads.sort_by_key(|thread| Reverse(thread.in_request.whole_ns()));
    Requests {
        count: whole.len() as u64,
        covered_ns,
        mean_ns: lengths.checked_div(whole.len() as u64).unwrap_or(0),
        in_flight: all as f64 / covered_ns.max(1) as f64,
        parts: means(whole.iter().map(|request| parts(request, &lanes, roles))),
        chains: chains::of(
            lanes
                .iter()
                .map(|(tid, (_, lane))| (*tid, lane, served[tid].as_slice())),
            tracks,
            roles,
        ),
        threads,
    }
}

/// Returns the part of the timeline in which a thread lived.
fn life(thread: &Thread, recording: &Recording, timeline: &Timeline) -> (u64, u64) {
    let opened_ns = timeline.end_ns.saturating_sub(recording.window.duration_ns);
    let from = thread.started_ns.map_or(0, |started| opened_ns + started);
    let to = thread.exited_ns.map(|exited| opened_ns + exited);
    let from = from.clamp(timeline.start_ns, timeline.end_ns);
    (
        from,
        to.unwrap_or(timeline.end_ns).clamp(from, timeline.end_ns),
    )
}

/// Finds requests by receives and sends of connections with clients. The tokens that were passed on
/// show which receives from upstream belong to a request.
fn requests(events: &[&Event], timeline: &Timeline) -> Vec<Request> {
    let mut receivers: BTreeMap<(u64, u64), u32> = BTreeMap::new();
    let mut open: BTreeMap<u64, Request> = BTreeMap::new();
    let mut done = Vec::new();
    for event in events {
        let (time, tid) = (event.time_ns, event.tid);
        match EventKind::of(event.kind) {
            Some(EventKind::Receive) => {
                receivers.insert((event.first, time), tid);
            }
            Some(EventKind::Request) => {
                let socket = event.second;
                if open.get(&socket).is_some_and(|open| open.sent_ns.is_some())
                    && let Some(mut before) = open.remove(&socket)
                {
                    before.ends = true;
                    done.push(before);
                }
                let request = open.entry(socket);
                request
                    .or_insert_with(|| Request::new(time, true))
                    .touch(tid, time);
            }
            Some(EventKind::Send) => {
                let (after, socket) = split_relayed(event.second);
                let request = open.entry(socket.into());
                let request = request.or_insert_with(|| Request::new(timeline.start_ns, false));
                let received = event.first + after;
                if let Some(receiver) = receivers.remove(&(event.first, received)) {
                    request.touch(receiver, received);
                }
                request.touch(tid, time);
                request.sent_ns = Some(time);
            }
            _ => (),
        }
    }
    let quiet_ns = timeline.end_ns.saturating_sub(timeline.start_ns) / QUIET;
    let quiet_since = timeline.end_ns.saturating_sub(quiet_ns);
    done.extend(open.into_values().map(|mut request| {
        request.ends = request.sent_ns.is_some_and(|sent| sent < quiet_since);
        request
    }));
    done
}

/// Returns the times in which a thread serves requests, in order and apart from each other.
fn served(requests: &[Request], tid: u32) -> Vec<(u64, u64)> {
    let times = requests
        .iter()
        .filter_map(|request| request.served.get(&tid));
    joined(times.copied().collect())
}

/// Returns the states of a thread inside and outside of the requests that it serves.
fn states(thread: usize, lane: &Lane, served: &[(u64, u64)]) -> ThreadStates {
    let mut in_request = StateTimes::default();
    for time in served {
        add(&mut in_request, lane, *time);
    }
    let mut outside = StateTimes::default();
    let begins = served.iter().map(|(from, _)| *from).chain([lane.life.1]);
    let ends = [lane.life.0].into_iter();
    let ends = ends.chain(served.iter().map(|(_, to)| *to));
    for (from, to) in ends.zip(begins) {
        add(&mut outside, lane, (from, to));
    }
    ThreadStates {
        thread,
        in_request,
        outside,
    }
}

fn add(times: &mut StateTimes, lane: &Lane, time: (u64, u64)) {
    for ((kind, _), ns) in lane.within(time) {
        let state = match kind {
            PathKind::OtherWork | PathKind::User | PathKind::Syscall => &mut times.on_cpu_ns,
            PathKind::Gc => &mut times.gc_ns,
            PathKind::RunQueue => &mut times.run_queue_ns,
            PathKind::Preempted => &mut times.preempted_ns,
            PathKind::Throttled => &mut times.throttled_ns,
            PathKind::Stolen => &mut times.stolen_ns,
            PathKind::Asleep => &mut times.asleep_ns,
        };
        *state += ns;
    }
}

/// Returns the time of the threads that serve a request, by state.
fn parts(
    request: &Request,
    lanes: &BTreeMap<u32, (usize, Lane)>,
    roles: &BTreeMap<u32, Role>,
) -> Vec<PathPart> {
    let served = request.served.iter();
    let lanes = served.filter_map(|(tid, time)| Some((*tid, *time, &lanes.get(tid)?.1)));
    let parts = lanes.flat_map(|(tid, time, lane)| {
        let within = lane.within(time).into_iter();
        within.map(move |((kind, syscall), ns)| PathPart {
            kind,
            role: role(roles, tid),
            syscall,
            ns: ns as f64,
        })
    });
    parts.collect()
}

#[cfg(test)]
mod tests;
