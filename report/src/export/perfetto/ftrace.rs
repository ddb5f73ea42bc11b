//! Events of a timeline that ftrace knows: switches, wake-ups and system calls.

use super::message::{FtraceEvent, SchedSwitch, SchedWaking, SysEnter, SysExit};
use super::{INTERRUPT, OTHER};
use recording::Recording;
use recording::timeline::{Event, EventKind, OTHER_THREAD, PREEMPTED, WAKER_INTERRUPT};
use std::collections::{HashMap, HashSet};

/// Priority of a thread with nice 0.
const DEFAULT_PRIORITY: i32 = 120;
/// State of a thread that was preempted (`TASK_REPORT_MAX`).
const PREEMPTED_STATE: i64 = 0x100;
/// Bits of the kernel's task state that a trace has (`TASK_REPORT`).
const REPORTED_STATES: u64 = 0x7f;

/// Makes the events of one CPU after the other.
pub(super) struct Ftrace<'a> {
    names: &'a HashMap<u32, String>,
    /// Returns from system calls whose beginning is not in the timeline, by thread and time, with
    /// the time from which on the thread was in the call.
    without_enter: HashMap<(u32, u64), u64>,
    /// The thread that has this CPU; `None` before its first switch.
    on_cpu: Option<u32>,
}

impl<'a> Ftrace<'a> {
    /// `events` are those of all CPUs in the order of time.
    pub(super) fn new(
        recording: &Recording,
        names: &'a HashMap<u32, String>,
        start_ns: u64,
        events: &[&Event],
    ) -> Self {
        let threads = recording.threads.iter();
        let started = threads.filter(|thread| thread.started_ns.is_some());
        let started: HashSet<u32> = started.map(|thread| thread.tid).collect();
        let mut entered = HashSet::new();
        let mut without_enter = HashMap::new();
        for event in events {
            let kind = EventKind::of(event.kind);
            let is_exit = kind == Some(EventKind::Exit);
            let is_call = is_exit || kind == Some(EventKind::Enter);
            if is_call && entered.insert(event.tid) && is_exit {
                // A new thread returns from its parent's call.
                let is_new = started.contains(&event.tid);
                let since = if is_new { event.time_ns } else { start_ns };
                without_enter.insert((event.tid, event.time_ns), since);
            }
        }
        Ftrace {
            names,
            without_enter,
            on_cpu: None,
        }
    }

    /// Goes on to the events of another CPU.
    pub(super) fn begin_cpu(&mut self) {
        self.on_cpu = None;
    }

    /// Returns the events that this one becomes; none if ftrace has no such events.
    pub(super) fn of(&mut self, event: &Event) -> Vec<FtraceEvent> {
        let mut made = FtraceEvent {
            timestamp: event.time_ns,
            pid: Some(id(event.tid) as u32),
            ..FtraceEvent::default()
        };
        match EventKind::of(event.kind) {
            Some(EventKind::Switch) => return self.switch(event, made),
            Some(EventKind::Waking) => {
                // Perfetto takes the running thread for the waker, interrupted or not.
                let by_interrupt = event.second == WAKER_INTERRUPT;
                made.pid = Some(if by_interrupt {
                    INTERRUPT as u32
                } else {
                    event.first as u32
                });
                made.sched_waking = Some(self.waking(event));
            }
            Some(EventKind::Enter) => made.sys_enter = Some(enter(event)),
            Some(EventKind::Exit) => return self.exit(event, made),
            _ => return Vec::new(),
        }
        vec![made]
    }

    /// A call that began before the timeline begins with it.
    fn exit(&self, event: &Event, mut made: FtraceEvent) -> Vec<FtraceEvent> {
        let since = self.without_enter.get(&(event.tid, event.time_ns));
        let enter = since.map(|since| FtraceEvent {
            timestamp: *since,
            sys_enter: Some(enter(event)),
            ..made.clone()
        });
        made.sys_exit = Some(SysExit {
            id: Some(event.first as i64),
            ret: Some(event.second.cast_signed()),
        });
        enter.into_iter().chain([made]).collect()
    }

    /// Switches between two tasks that are not the target's are not recorded. If one happened
    /// before this event, the task that follows appears for no time: Perfetto would take the
    /// earlier one's slice for unfinished otherwise.
    fn switch(&mut self, event: &Event, made: FtraceEvent) -> Vec<FtraceEvent> {
        let (previous, next) = (event.tid, event.first as u32);
        let missed = self.on_cpu.filter(|on_cpu| *on_cpu != previous);
        self.on_cpu = Some(next);
        let missed = missed.map(|earlier| FtraceEvent {
            pid: Some(id(earlier) as u32),
            sched_switch: Some(self.sched_switch(earlier, PREEMPTED_STATE, previous)),
            ..made.clone()
        });
        let switch = FtraceEvent {
            sched_switch: Some(self.sched_switch(previous, state(event.second), next)),
            ..made
        };
        missed.into_iter().chain([switch]).collect()
    }

    fn sched_switch(&self, previous: u32, state: i64, next: u32) -> SchedSwitch {
        SchedSwitch {
            prev_comm: self.name(previous),
            prev_pid: Some(id(previous)),
            prev_prio: Some(DEFAULT_PRIORITY),
            prev_state: Some(state),
            next_comm: self.name(next),
            next_pid: Some(id(next)),
            next_prio: Some(DEFAULT_PRIORITY),
        }
    }

    fn waking(&self, event: &Event) -> SchedWaking {
        SchedWaking {
            comm: self.name(event.tid),
            pid: Some(id(event.tid)),
            prio: Some(DEFAULT_PRIORITY),
            success: Some(1),
            target_cpu: Some(0),
        }
    }

    fn name(&self, tid: u32) -> String {
        match tid {
            0 => "swapper".into(),
            OTHER_THREAD => "others".into(),
            tid => self.names.get(&tid).cloned().unwrap_or_default(),
        }
    }
}

fn enter(event: &Event) -> SysEnter {
    SysEnter {
        id: Some(event.first as i64),
    }
}

fn id(tid: u32) -> i32 {
    match tid {
        OTHER_THREAD => OTHER,
        tid => tid as i32,
    }
}

fn state(state: u64) -> i64 {
    match state & PREEMPTED != 0 {
        true => PREEMPTED_STATE,
        false => (state & REPORTED_STATES) as i64,
    }
}
