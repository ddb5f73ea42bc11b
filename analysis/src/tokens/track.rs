//! One thread over time: its states, system calls and collections.

use recording::timeline::{Event, WAKER_OTHER, WAKER_THREAD};

/// The scheduler's state of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    OnCpu,
    /// After a wake-up, or before the first event.
    Runnable,
    Preempted,
    Throttled,
    Asleep,
}

/// A wake-up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wake {
    pub(super) time_ns: u64,
    pub(super) source: Source,
}

impl Wake {
    /// Returns the thread of the target that woke it.
    pub(super) fn waker(&self) -> Option<u32> {
        match self.source {
            Source::Thread(waker) => Some(waker),
            _ => None,
        }
    }
}

/// Who woke a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Thread(u32),
    Interrupt,
    /// Another process, or an interrupt while it ran.
    OtherProcess,
}

impl Source {
    pub(super) fn of(waking: &Event) -> Self {
        match waking.second {
            WAKER_THREAD => Source::Thread(waking.first as u32),
            WAKER_OTHER => Source::OtherProcess,
            _ => Source::Interrupt,
        }
    }
}

/// A thread over time.
#[derive(Debug, Default)]
pub(super) struct Track {
    pub(super) states: Vec<(u64, State)>,
    /// Wake-ups that ended a sleep.
    pub(super) wakes: Vec<Wake>,
    /// The last wake-up while it was on a CPU.
    pub(super) early: Option<Wake>,
    /// System calls: entry, return (`u64::MAX` while under way), number.
    pub(super) calls: Vec<(u64, u64, u32)>,
    pub(super) collections: Vec<(u64, u64)>,
    pub(super) faults: Vec<u64>,
    /// Times on a CPU in which it did not run for a part: from, to, part.
    pub(super) stolen: Vec<(u64, u64, u64)>,
}

impl Track {
    pub(super) fn wake(&mut self, time_ns: u64, source: Source) {
        let wake = Wake { time_ns, source };
        match self.states.last() {
            Some((_, State::OnCpu)) => self.early = Some(wake),
            Some((_, State::Asleep)) => {
                self.states.push((time_ns, State::Runnable));
                self.wakes.push(wake);
            }
            _ => (),
        }
    }

    /// Gives it a CPU. A wake-up from another CPU may come while a thread goes to sleep, and before
    /// the event of that: then it was runnable all the time.
    pub(super) fn run(&mut self, time_ns: u64) {
        let early = self.early.take();
        if let Some((since_ns, state @ State::Asleep)) = self.states.last_mut()
            && let Some(wake) = early
        {
            *state = State::Runnable;
            self.wakes.push(Wake {
                time_ns: *since_ns,
                ..wake
            });
        }
        self.states.push((time_ns, State::OnCpu));
    }

    /// Notes that a quota took a part of the wait that has just ended, which began with it.
    pub(super) fn throttle(&mut self, ns: u64) {
        let Some(before) = self.states.len().checked_sub(2) else {
            return;
        };
        let ((from, waits), (to, _)) = (self.states[before], self.states[before + 1]);
        if !matches!(waits, State::Runnable | State::Preempted) {
            return;
        }
        self.states[before].1 = State::Throttled;
        let until = from.saturating_add(ns).min(to);
        if until < to {
            self.states.insert(before + 1, (until, waits));
        }
    }

    /// Notes that a part of the time on a CPU that ends now was stolen.
    pub(super) fn steal(&mut self, now: u64, ns: u64) {
        let mut states = self.states.iter().rev();
        let on_cpu = states.find(|(_, state)| *state == State::OnCpu);
        if let Some((from, _)) = on_cpu {
            self.stolen
                .push((*from, now, ns.min(now.saturating_sub(*from))));
        }
    }

    pub(super) fn leave(&mut self, time: u64, nr: u32) {
        match self.calls.last_mut() {
            Some(call) if call.1 == u64::MAX => call.1 = time,
            // It was entered before the timeline.
            None => self.calls.push((0, time, nr)),
            Some(_) => (),
        }
    }

    pub(super) fn state(&self, at: u64) -> State {
        let after = self.states.partition_point(|(time, _)| *time <= at);
        self.states[..after]
            .last()
            .map_or(State::Asleep, |(_, state)| *state)
    }

    pub(super) fn call(&self, at: u64) -> Option<u32> {
        let after = self.calls.partition_point(|call| call.0 <= at);
        let call = self.calls[..after].last()?;
        (at < call.1).then_some(call.2)
    }
}
