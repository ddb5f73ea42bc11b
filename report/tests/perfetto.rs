//! A timeline of known events, read by Perfetto's own trace processor.

#[path = "support/known_timeline.rs"]
mod known_timeline;
#[path = "support/trace_processor.rs"]
mod trace_processor;

use known_timeline::{MAIN, MUNMAP, WORKER, event, recording, timeline};
use recording::timeline::{Event, EventKind};
use recording::tokens::{Lane, Token};
use recording::{Recording, Timeline};
use trace_processor::query;

/// Returns the rows of each query.
fn ask<const N: usize>(recording: &Recording, queries: [&str; N]) -> [Vec<String>; N] {
    ask_of(recording, &timeline(), queries)
}

/// Likewise, of another timeline.
fn ask_of<const N: usize>(
    recording: &Recording,
    timeline: &Timeline,
    queries: [&str; N],
) -> [Vec<String>; N] {
    let mut trace = Vec::new();
    report::export::perfetto::write(recording, timeline, &mut trace).expect("written");
    let rows = query(&trace, &queries);
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

#[test]
fn ends_everything_with_each_piece_of_a_timeline() {
    let whole = timeline();
    // The first ends in a collection and the second begins in a wait, as `--slow` may cut them.
    let pieces = vec![(1250, 1550), (3050, 3650)];
    let is_in = |event: &Event| {
        let mut pieces = pieces.iter();
        pieces.any(|(from, to)| (*from..=*to).contains(&event.time_ns))
    };
    let mut cpus = whole.cpus.clone();
    cpus.iter_mut().for_each(|events| events.retain(is_in));
    let enter = event(1540, MAIN, EventKind::Enter, MUNMAP, 0);
    let before = cpus[0].partition_point(|event| event.time_ns < 1540);
    cpus[0].insert(before, enter);
    let cut = Timeline {
        pieces,
        cpus,
        ..whole
    };
    let [complaints, slices, switches, arrows] = ask_of(
        &recording(),
        &cut,
        [
            "SELECT name, value FROM stats WHERE severity != 'info' AND value > 0",
            "SELECT name, ts, dur FROM slice WHERE dur != 0 AND name NOT GLOB '*receive*' \
             ORDER BY ts, name",
            "SELECT cpu, ts, dur, tid, end_state FROM sched_slice JOIN thread USING (utid) \
             WHERE dur != 0 AND tid > 0 ORDER BY cpu, ts",
            ARROWS,
        ],
    );
    assert_eq!(complaints, Vec::<String>::new());
    let expected = [
        "sys_write 1250 50",
        "garbage collection 1500 50",
        "sys_munmap 1540 10",
        "token 2500 1100",
        "sys_epoll_wait 3050 50",
        "sys_futex 3300 100",
    ];
    assert_eq!(slices, expected);
    let other = (1 << 22) + 1;
    let expected = [
        format!("1 1250 100 {other} R+"),
        "1 1350 200 101 I".into(),
        "1 3500 150 101 I".into(),
    ];
    assert_eq!(switches, expected);
    let is_earlier = |arrow: &String| arrow.contains("1350");
    assert!(!arrows.iter().any(is_earlier), "{arrows:?}");
}

#[test]
fn cleans_hostile_names() {
    let hostile = "\u{1b}[2J\u{202e}<b>\n".repeat(1 << 16);
    let mut recording = recording();
    for thread in &mut recording.threads {
        thread.name.clone_from(&hostile);
    }
    for process in &mut recording.processes {
        process.name.clone_from(&hostile);
    }
    recording.target.cmdline = vec![hostile];
    let mut trace = Vec::new();
    report::export::perfetto::write(&recording, &timeline(), &mut trace).expect("written");
    let text = String::from_utf8_lossy(&trace);
    assert!(
        text.contains("[2J") && text.len() < 1 << 16,
        "{}",
        text.len()
    );
    assert!(!text.contains("\u{1b}[2J") && !text.contains('\u{202e}'));
}
