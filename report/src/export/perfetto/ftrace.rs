//! Events of a timeline that ftrace knows: switches, wake-ups and system calls.

use super::complete::BEYOND;
use super::message::{FtraceEvent, SchedSwitch, SchedWaking, SysEnter, SysExit};
use super::{INTERRUPT, OTHER};
use recording::timeline::{Event, EventKind, OTHER_THREAD, PREEMPTED, WAKER_INTERRUPT};
use std::collections::HashMap;

/// Priority of a thread with nice 0.
const DEFAULT_PRIORITY: i32 = 120;
/// State of a thread that was preempted (`TASK_REPORT_MAX`).
const PREEMPTED_STATE: i64 = 0x100;
/// State of an idle thread of the kernel (`TASK_IDLE`, as traces report it).
const IDLE_STATE: i64 = 0x80;
/// Bits of the kernel's task state that a trace has (`TASK_REPORT`).
const REPORTED_STATES: u64 = 0x7f;

/// Makes events of ftrace.
pub(super) struct Ftrace<'a> {
    pub(super) names: &'a HashMap<u32, String>,
}

impl Ftrace<'_> {
    /// Returns the event that this one becomes; `None` if ftrace has no such event.
    pub(super) fn of(&self, event: &Event) -> Option<FtraceEvent> {
        let mut made = FtraceEvent {
            timestamp: event.time_ns,
            pid: Some(id(event.tid) as u32),
            ..FtraceEvent::default()
        };
        match EventKind::of(event.kind)? {
            EventKind::Switch => made.sched_switch = Some(self.switch(event)),
            EventKind::Waking => {
                // Perfetto takes the running thread for the waker, interrupted or not.
                let by_interrupt = event.second == WAKER_INTERRUPT;
                made.pid = Some(match by_interrupt {
                    true => INTERRUPT as u32,
                    false => event.first as u32,
                });
                made.sched_waking = Some(self.waking(event));
            }
            EventKind::Enter => {
                let id = Some(event.first as i64);
                made.sys_enter = Some(SysEnter { id });
            }
            EventKind::Exit => {
                made.sys_exit = Some(SysExit {
                    id: Some(event.first as i64),
                    ret: Some(event.second.cast_signed()),
                });
            }
            _ => return None,
        }
        Some(made)
    }

    fn switch(&self, event: &Event) -> SchedSwitch {
        let (previous, next) = (event.tid, event.first as u32);
        SchedSwitch {
            prev_comm: self.name(previous),
            prev_pid: Some(id(previous)),
            prev_prio: Some(DEFAULT_PRIORITY),
            prev_state: Some(state(event.second)),
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

fn id(tid: u32) -> i32 {
    match tid {
        OTHER_THREAD => OTHER,
        tid => tid as i32,
    }
}

fn state(state: u64) -> i64 {
    if state & BEYOND != 0 {
        return IDLE_STATE;
    }
    match state & PREEMPTED != 0 {
        true => PREEMPTED_STATE,
        false => (state & REPORTED_STATES) as i64,
    }
}
