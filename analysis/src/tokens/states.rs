//! States of threads over time, from the events of a timeline.

use super::times::{joined, near};
use super::track::{Source, State, Track, Wake};
use recording::Timeline;
use recording::timeline::{Event, EventKind, PREEMPTED};
use recording::tokens::Span;
use recording::vocabulary::{PathKind, Role};
use std::collections::{BTreeMap, BTreeSet};

/// Wake-ups of JavaScriptCore's gc threads that are nearer than this belong to one collection, ns.
const ONE_COLLECTION_NS: u64 = 1_000_000;

/// All threads over time.
#[derive(Debug, Default)]
pub(super) struct Tracks<'a> {
    of: BTreeMap<u32, Track>,
    /// Collections that stop all threads of the process.
    collections: Vec<(u64, u64)>,
    names: Option<&'a BTreeMap<u32, String>>,
}

impl<'a> Tracks<'a> {
    /// Follows the threads through events in the order of time.
    pub(super) fn of(
        events: &[&Event],
        timeline: &'a Timeline,
        roles: &BTreeMap<u32, Role>,
    ) -> Self {
        let mut tracks = Tracks {
            names: Some(&timeline.syscall_names),
            ..Tracks::default()
        };
        for event in events {
            tracks.add(event);
        }
        let helpers = roles
            .iter()
            .filter(|(_, role)| **role == Role::JscHeapHelper);
        let helpers: BTreeSet<u32> = helpers.map(|(tid, _)| *tid).collect();
        tracks.collections = tracks.bursts(&helpers, timeline.end_ns);
        tracks
    }

    fn add(&mut self, event: &Event) {
        let (time, tid) = (event.time_ns, event.tid);
        let Some(kind) = EventKind::of(event.kind) else {
            return;
        };
        match kind {
            EventKind::Switch => {
                let runnable = event.second & PREEMPTED != 0 || event.second == 0;
                let state = if runnable {
                    State::Preempted
                } else {
                    State::Asleep
                };
                self.track(tid, State::OnCpu).states.push((time, state));
                self.track(event.first as u32, State::Runnable).run(time);
            }
            EventKind::Waking => {
                self.track(tid, State::Asleep).wake(time, Source::of(event));
            }
            EventKind::Enter => {
                let call = (time, u64::MAX, event.first as u32);
                self.track(tid, State::OnCpu).calls.push(call);
            }
            EventKind::Exit => self
                .track(tid, State::OnCpu)
                .leave(time, event.first as u32),
            EventKind::Fault => self.track(tid, State::OnCpu).faults.push(time),
            EventKind::GcBegin => {
                self.track(tid, State::OnCpu)
                    .collections
                    .push((time, u64::MAX));
            }
            EventKind::GcEnd => {
                if let Some(last) = self.track(tid, State::OnCpu).collections.last_mut() {
                    last.1 = last.1.min(time);
                }
            }
            EventKind::Throttled => self.track(tid, State::OnCpu).throttle(event.first),
            EventKind::Stolen => self.track(tid, State::Asleep).steal(time, event.first),
            EventKind::Receive | EventKind::Send | EventKind::Request => {
                self.track(tid, State::OnCpu);
            }
        }
    }

    /// Returns the track of a thread. Its first event shows in which state it was before.
    fn track(&mut self, tid: u32, before: State) -> &mut Track {
        self.of.entry(tid).or_insert_with(|| Track {
            states: vec![(0, before)],
            ..Track::default()
        })
    }

    /// Returns the times in which gc threads are awake.
    fn bursts(&self, helpers: &BTreeSet<u32>, end_ns: u64) -> Vec<(u64, u64)> {
        let tracks = self.of.iter().filter(|(tid, _)| helpers.contains(*tid));
        let awake = tracks.flat_map(|(_, track)| {
            let ends = track.states.iter().skip(1).map(|(time, _)| *time);
            let spans = track.states.iter().zip(ends.chain([end_ns]));
            spans.filter_map(|((from, state), to)| (*state != State::Asleep).then_some((*from, to)))
        });
        near(awake.collect(), ONE_COLLECTION_NS)
    }

    /// Returns the last wake-up by a thread that ended a sleep of a thread in a time.
    pub(super) fn last_wake(&self, tid: u32, (from, to): (u64, u64)) -> Option<Wake> {
        let last = self.wake_between(tid, (from, to));
        last.filter(|wake| wake.waker().is_some())
    }

    /// Returns the last wake-up that ended a sleep of a thread in a time.
    pub(super) fn wake_between(&self, tid: u32, (from, to): (u64, u64)) -> Option<Wake> {
        let wakes = &self.of.get(&tid)?.wakes;
        let end = wakes.partition_point(|wake| wake.time_ns <= to);
        let last = wakes[..end].last().copied();
        last.filter(|wake| wake.time_ns > from)
    }

    /// Returns the wake-up of a thread at an instant.
    pub(super) fn wake_at(&self, tid: u32, instant: u64) -> Option<Wake> {
        let wakes = &self.of.get(&tid)?.wakes;
        let place = wakes.partition_point(|wake| wake.time_ns < instant);
        let wake = wakes.get(place).copied();
        wake.filter(|wake| wake.time_ns == instant)
    }

    /// Returns the stays of a thread on a CPU that have a stolen part; `None` without any event.
    pub(super) fn stolen(&self, tid: u32) -> Option<&[(u64, u64, u64)]> {
        Some(&self.of.get(&tid)?.stolen)
    }

    /// Returns when a thread took page faults.
    pub(super) fn faults(&self, tid: u32, (from, to): (u64, u64)) -> impl Iterator<Item = u64> {
        let all = self
            .of
            .get(&tid)
            .map_or(&[][..], |track| track.faults.as_slice());
        let begin = all.partition_point(|time| *time < from);
        let times = all[begin..].iter().copied();
        times.take_while(move |time| *time <= to)
    }

    /// Returns the states of a thread in a time, in order and without gaps, ns since `from`.
    pub(super) fn spans(&self, tid: u32, (from, to): (u64, u64)) -> Vec<Span> {
        let Some(track) = self.of.get(&tid) else {
            return vec![Span {
                from_ns: 0,
                to_ns: to - from,
                ..Span::default()
            }];
        };
        let mut cuts = BTreeSet::from([from, to]);
        let inside = |time: &u64| *time > from && *time < to;
        let first = track.states.partition_point(|(time, _)| *time <= from);
        let states = track.states[first..].iter().map(|(time, _)| *time);
        cuts.extend(states.take_while(|time| *time < to));
        let first = track.calls.partition_point(|call| call.1 <= from);
        let calls = track.calls[first..].iter().take_while(|call| call.0 < to);
        cuts.extend(calls.flat_map(|call| [call.0, call.1]).filter(inside));
        let of_thread = track.collections.iter().chain(&self.collections);
        let of_thread = of_thread.filter(|gc| gc.0 < to && gc.1 > from).copied();
        let of_thread = joined(of_thread.collect());
        cuts.extend(of_thread.iter().flat_map(|gc| [gc.0, gc.1]).filter(inside));
        let cuts: Vec<u64> = cuts.into_iter().collect();
        let mut spans: Vec<Span> = Vec::new();
        for pair in cuts.windows(2) {
            let before = of_thread.partition_point(|gc| gc.0 <= pair[0]);
            let collects = of_thread[..before].last().is_some_and(|gc| pair[0] < gc.1);
            let (kind, syscall) = self.kind(track, pair[0], collects);
            match spans.last_mut() {
                Some(last) if last.kind == kind && last.syscall == syscall => {
                    last.to_ns = pair[1] - from;
                }
                _ => spans.push(Span {
                    from_ns: pair[0] - from,
                    to_ns: pair[1] - from,
                    kind,
                    syscall,
                }),
            }
        }
        spans
    }

    fn kind(&self, track: &Track, at: u64, collects: bool) -> (PathKind, String) {
        let call = track.call(at);
        let name = || {
            let names = self.names.zip(call);
            let name = names.and_then(|(names, nr)| names.get(&nr));
            name.cloned().unwrap_or_default()
        };
        match (track.state(at), call) {
            (State::Runnable, _) => (PathKind::RunQueue, String::new()),
            (State::Preempted, _) => (PathKind::Preempted, String::new()),
            (State::Throttled, _) => (PathKind::Throttled, String::new()),
            (State::OnCpu, None) if collects => (PathKind::Gc, String::new()),
            // A thread that waits for events is idle, also while another collects.
            (State::Asleep, Some(_)) if collects && name() == "futex" => {
                (PathKind::Gc, String::new())
            }
            (State::Asleep, _) => (PathKind::Asleep, name()),
            (State::OnCpu, Some(_)) => (PathKind::Syscall, name()),
            (State::OnCpu, None) => (PathKind::User, String::new()),
        }
    }
}
