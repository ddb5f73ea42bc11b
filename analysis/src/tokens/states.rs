//! States of threads over time, from the events of a timeline.

use recording::Timeline;
use recording::timeline::{Event, EventKind, PREEMPTED, WAKER_THREAD};
use recording::tokens::Span;
use recording::vocabulary::{PathKind, Role};
use std::collections::{BTreeMap, BTreeSet};

/// Wake-ups of JavaScriptCore's gc threads that are nearer than this belong to one collection, ns.
const ONE_COLLECTION_NS: u64 = 1_000_000;

/// The scheduler's state of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    OnCpu,
    Runnable,
    Asleep,
}

/// A wake-up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wake {
    pub(super) time_ns: u64,
    /// The thread that woke it; `None` for interrupts and other processes.
    pub(super) waker: Option<u32>,
}

/// A thread over time.
#[derive(Debug, Default)]
pub(super) struct Track {
    states: Vec<(u64, State)>,
    /// Wake-ups that ended a sleep.
    wakes: Vec<Wake>,
    /// System calls: entry, return (`u64::MAX` while under way), number.
    calls: Vec<(u64, u64, u32)>,
    collections: Vec<(u64, u64)>,
    pub(super) faults: Vec<u64>,
}

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
                    State::Runnable
                } else {
                    State::Asleep
                };
                self.track(tid, State::OnCpu).states.push((time, state));
                let next = self.track(event.first as u32, State::Runnable);
                next.states.push((time, State::OnCpu));
            }
            EventKind::Waking => {
                let waker = (event.second == WAKER_THREAD).then_some(event.first as u32);
                let track = self.track(tid, State::Asleep);
                if track
                    .states
                    .last()
                    .is_none_or(|(_, state)| *state == State::Asleep)
                {
                    track.states.push((time, State::Runnable));
                    track.wakes.push(Wake {
                        time_ns: time,
                        waker,
                    });
                }
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
        let mut awake: Vec<(u64, u64)> = awake.collect();
        awake.sort_unstable();
        let mut bursts: Vec<(u64, u64)> = Vec::new();
        for (from, to) in awake {
            match bursts.last_mut() {
                Some(last) if from <= last.1.saturating_add(ONE_COLLECTION_NS) => {
                    last.1 = last.1.max(to);
                }
                _ => bursts.push((from, to)),
            }
        }
        bursts
    }

    /// Returns the last wake-up by a thread that ended a sleep of a thread in a time.
    pub(super) fn last_wake(&self, tid: u32, (from, to): (u64, u64)) -> Option<Wake> {
        let wakes = &self.of.get(&tid)?.wakes;
        let end = wakes.partition_point(|wake| wake.time_ns <= to);
        let last = wakes[..end].last().copied();
        last.filter(|wake| wake.time_ns > from && wake.waker.is_some())
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
        let of_thread: Vec<_> = of_thread.filter(|gc| gc.0 < to && gc.1 > from).collect();
        cuts.extend(of_thread.iter().flat_map(|gc| [gc.0, gc.1]).filter(inside));
        let cuts: Vec<u64> = cuts.into_iter().collect();
        let mut spans: Vec<Span> = Vec::new();
        for pair in cuts.windows(2) {
            let collects = of_thread.iter().any(|gc| gc.0 <= pair[0] && pair[0] < gc.1);
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

impl Track {
    fn leave(&mut self, time: u64, nr: u32) {
        match self.calls.last_mut() {
            Some(call) if call.1 == u64::MAX => call.1 = time,
            // It was entered before the timeline.
            None => self.calls.push((0, time, nr)),
            Some(_) => (),
        }
    }

    fn state(&self, at: u64) -> State {
        let after = self.states.partition_point(|(time, _)| *time <= at);
        self.states[..after]
            .last()
            .map_or(State::Asleep, |(_, state)| *state)
    }

    fn call(&self, at: u64) -> Option<u32> {
        let after = self.calls.partition_point(|call| call.0 <= at);
        let call = self.calls[..after].last()?;
        (at < call.1).then_some(call.2)
    }
}
