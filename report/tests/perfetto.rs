//! A timeline of known events, read by Perfetto's own trace processor.

#[path = "support/trace_processor.rs"]
mod trace_processor;

use recording::process::{Thread, TreeProcess};
use recording::timeline::{
    Event, EventKind, OTHER_THREAD, PREEMPTED, WAKER_IDLE, WAKER_INTERRUPT, WAKER_OTHER,
    WAKER_THREAD,
};
use recording::tokens::{Lane, Token};
use recording::{Recording, Timeline};
use trace_processor::query;

const MAIN: u32 = 100;
const WORKER: u32 = 101;
/// Numbers of system calls on x86-64.
const WRITE: u64 = 1;
const MUNMAP: u64 = 11;
const FUTEX: u64 = 202;
const EPOLL_WAIT: u64 = 232;
const ASLEEP: u64 = 1;

fn event(time_ns: u64, tid: u32, kind: EventKind, first: u64, second: u64) -> Event {
    Event {
        time_ns,
        tid,
        kind: kind as u32,
        first,
        second,
    }
}

fn recording() -> Recording {
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
fn timeline() -> Timeline {
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

fn trace(recording: &Recording) -> Vec<u8> {
    let mut trace = Vec::new();
    report::export::perfetto::write(recording, &timeline(), &mut trace).expect("written");
    trace
}

/// Returns the rows of each query.
fn ask<const N: usize>(recording: &Recording, queries: [&str; N]) -> [Vec<String>; N] {
    let rows = query(&trace(recording), &queries);
    rows.try_into().expect("an answer each")
}

#[test]
fn reads_every_switch_and_state_of_a_thread() {
    let [switches, states] = ask(
        &recording(),
        [
            "SELECT cpu, ts, dur, tid, end_state FROM sched_slice JOIN thread USING (utid) \
             WHERE dur != 0 ORDER BY cpu, ts",
            "SELECT ts, dur, state FROM thread_state JOIN thread USING (utid) \
             WHERE tid = 100 AND ts >= 1900 ORDER BY ts",
        ],
    );
    let other = (1 << 22) + 1;
    let expected = [
        "0 1900 1100 0 R+".to_owned(),
        "0 3000 950 100 S".into(),
        "0 3950 -1 0 -".into(),
        "1 1350 650 101 S".into(),
        "1 2000 1500 0 R".into(),
        "1 3500 200 101 R+".into(),
        format!("1 3700 200 {other} R+"),
        "1 3900 -1 101 -".into(),
    ];
    assert_eq!(switches, expected);
    let expected = [
        "1900 500 S",
        "2400 600 R",
        "3000 950 Running",
        "3950 10 S",
        "3960 -1 R",
    ];
    assert_eq!(states, expected);
}

#[test]
fn reads_the_waker_of_each_wake_up() {
    let [wakers] = ask(
        &recording(),
        ["SELECT s.ts, t.tid, w.name FROM thread_state s \
          JOIN thread t USING (utid) JOIN thread w ON w.utid = s.waker_utid ORDER BY s.ts"],
    );
    let expected = [
        "1200 101 main",
        "2400 100 swapper",
        "3350 101 main",
        "3800 101 interrupt",
        "3960 100 other process",
    ];
    assert_eq!(wakers, expected);
}

#[test]
fn reads_slices_of_calls_collections_and_tokens() {
    let [calls, collections, faults, tokens] = ask(
        &recording(),
        [
            "SELECT name, ts, dur FROM slice WHERE name GLOB 'sys_*' ORDER BY ts",
            "SELECT s.name, s.ts, s.dur, t.name FROM slice s JOIN track t ON t.id = s.track_id \
             WHERE s.name = 'garbage collection'",
            "SELECT ts FROM slice WHERE name = 'page fault' ORDER BY ts",
            "SELECT s.name, s.ts, s.dur, s.depth FROM slice s JOIN track t ON t.id = s.track_id \
             WHERE t.name = 'tokens' AND s.dur > 0 ORDER BY ts, depth",
        ],
    );
    let expected = [
        "sys_futex 500 500",
        "sys_write 1100 200",
        "sys_munmap 1600 100",
        "sys_epoll_wait 1800 1300",
        "sys_futex 3300 100",
    ];
    assert_eq!(calls, expected);
    assert_eq!(collections, ["garbage collection 1500 150 collections"]);
    assert_eq!(faults, ["1400", "1410"]);
    let expected = [
        "token 2500 1100 0",
        "arrival to receive 2500 700 1",
        "receive to send 3200 400 1",
    ];
    assert_eq!(tokens, expected);
}

/// Arrows with name and time at both ends.
const ARROWS: &str = "SELECT o.name, o.ts, i.name, i.ts, ti.tid FROM flow \
    JOIN slice o ON o.id = flow.slice_out JOIN slice i ON i.id = flow.slice_in \
    LEFT JOIN thread_track tt ON tt.id = i.track_id LEFT JOIN thread ti USING (utid) \
    ORDER BY o.ts, i.ts";

#[test]
fn reads_arrows_of_wake_ups_and_tokens() {
    let [arrows] = ask(&recording(), [ARROWS]);
    let expected = [
        "wakes worker 1200 woken by main 1350 101",
        "token 2500 receive 3200 100",
        "receive 3200 send 3600 101",
        "wakes worker 3350 woken by main 3500 101",
    ];
    assert_eq!(arrows, expected);
}

#[test]
fn leads_the_arrow_of_a_kept_token_along_its_path() {
    let mut recording = recording();
    let lane = |tid, from, to| Lane {
        tid,
        had: [from, to],
        ..Lane::default()
    };
    recording.tokens.slowest = vec![Token {
        arrival_ns: 2500,
        received_ns: 700,
        latency_ns: 1100,
        lanes: vec![lane(MAIN, 0, 850), lane(WORKER, 850, 1100)],
        ..Token::default()
    }];
    let [mut arrows] = ask(&recording, [ARROWS]);
    arrows.retain(|arrow| !arrow.starts_with("wakes"));
    let expected = [
        "token 2500 receive 3200 100",
        "receive 3200 hand-off 3350 101",
        "hand-off 3350 send 3600 101",
    ];
    assert_eq!(arrows, expected);
}

#[test]
fn gives_the_trace_processor_nothing_to_complain_about() {
    let [complaints, threads] = ask(
        &recording(),
        [
            "SELECT name, value FROM stats WHERE severity != 'info' AND value > 0",
            "SELECT tid, thread.name, pid, process.name FROM thread JOIN process USING (upid) \
             WHERE tid > 0 ORDER BY tid LIMIT 3",
        ],
    );
    assert_eq!(complaints, Vec::<String>::new());
    let other = (1 << 22) + 1;
    let expected = [
        format!("7 other process {other} others"),
        "100 main 100 server".into(),
        "101 worker 100 server".into(),
    ];
    assert_eq!(threads, expected);
}
