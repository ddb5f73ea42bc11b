//! A recording and a timeline of known events.

use recording::process::{Thread, TreeProcess};
use recording::timeline::{
    Event, EventKind, OTHER_THREAD, PREEMPTED, WAKER_IDLE, WAKER_INTERRUPT, WAKER_OTHER,
    WAKER_THREAD,
};
use recording::{Recording, Timeline};

pub const MAIN: u32 = 100;
pub const WORKER: u32 = 101;
/// Numbers of system calls on x86-64.
pub const WRITE: u64 = 1;
pub const MUNMAP: u64 = 11;
pub const FUTEX: u64 = 202;
pub const EPOLL_WAIT: u64 = 232;
pub const ASLEEP: u64 = 1;

pub fn event(time_ns: u64, tid: u32, kind: EventKind, first: u64, second: u64) -> Event {
    Event {
        time_ns,
        tid,
        kind: kind as u32,
        first,
        second,
    }
}

pub fn recording() -> Recording {
    let thread = |tid, name: &str| Thread {
        pid: MAIN,
        tid,
        name: name.into(),
        ..Thread::default()
    };
    let mut recording = Recording::default();
    // The numbers of system calls and states depend on these.
    recording.host.arch = "x86_64".into();
    recording.host.kernel = "6.18.5".into();
    recording.window.duration_ns = 4000;
    recording.processes = vec![TreeProcess {
        pid: MAIN,
        name: "server".into(),
        ..TreeProcess::default()
    }];
    recording.threads = vec![thread(MAIN, "main"), thread(WORKER, "worker")];
    recording
}

/// The main thread wakes the worker, collects and sleeps until a token arrives; then it receives
/// the token and wakes the worker again, which sends it.
pub fn timeline() -> Timeline {
    use EventKind::*;
    let first = vec![
        // It began before the timeline.
        event(1000, MAIN, Exit, FUTEX, 0),
        event(1100, MAIN, Enter, WRITE, 0),
        event(1200, WORKER, Waking, MAIN.into(), WAKER_THREAD),
        event(1300, MAIN, Exit, WRITE, 1),
        event(1400, MAIN, Fault, 0x1000, 0),
        event(1410, MAIN, Fault, 0x2000, 1),
        event(1500, MAIN, GcBegin, 0, 0),
        event(1600, MAIN, Enter, MUNMAP, 0),
        // The kernel runs the probe of a return inside of a system call.
        event(1650, MAIN, GcEnd, 0, 0),
        event(1700, MAIN, Exit, MUNMAP, 0),
        event(1800, MAIN, Enter, EPOLL_WAIT, 0),
        event(1900, MAIN, Switch, 0, ASLEEP),
        // A switch from the idle task to another process came before, and was not seen.
        event(3000, OTHER_THREAD, Switch, MAIN.into(), PREEMPTED),
        event(3100, MAIN, Exit, EPOLL_WAIT, 1),
        event(3200, MAIN, Receive, 2500, 3),
        event(3300, MAIN, Enter, FUTEX, 0),
        event(3350, WORKER, Waking, MAIN.into(), WAKER_THREAD),
        event(3400, MAIN, Exit, FUTEX, 1),
        event(3950, MAIN, Switch, 0, ASLEEP),
        event(3960, MAIN, Waking, 7, WAKER_OTHER),
    ];
    let second = vec![
        event(1350, OTHER_THREAD, Switch, WORKER.into(), PREEMPTED),
        event(2000, WORKER, Switch, 0, ASLEEP),
        event(2400, MAIN, Waking, 0, WAKER_IDLE),
        event(3500, 0, Switch, WORKER.into(), 0),
        event(3600, WORKER, Send, 2500, 700 << 32 | 4),
        event(3700, WORKER, Switch, OTHER_THREAD.into(), PREEMPTED),
        event(3800, WORKER, Waking, MAIN.into(), WAKER_INTERRUPT),
        event(3900, OTHER_THREAD, Switch, WORKER.into(), PREEMPTED),
    ];
    Timeline {
        start_ns: 500,
        end_ns: 4000,
        cpus: vec![first, second],
        ..Timeline::default()
    }
}
