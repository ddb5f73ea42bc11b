//! The trace that `--timeline` writes, read back by the schema of Perfetto and by its trace
//! processor.

#[path = "../../../report/tests/support/trace_processor.rs"]
mod trace_processor;

use crate::support::{Guard, alone, assert_sound, known, kontrast, require_privilege};
use prost::Message;
use recording::Recording;
use std::collections::BTreeSet;
use std::fs::File;

#[derive(Clone, PartialEq, Message)]
struct Trace {
    #[prost(message, repeated, tag = "1")]
    packet: Vec<Packet>,
}

#[derive(Clone, PartialEq, Message)]
struct Packet {
    #[prost(message, optional, tag = "1")]
    ftrace_events: Option<Bundle>,
    #[prost(message, optional, tag = "11")]
    track_event: Option<TrackEvent>,
}

#[derive(Clone, PartialEq, Message)]
struct Bundle {
    #[prost(message, repeated, tag = "2")]
    event: Vec<Event>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Event {
    #[prost(message, optional, tag = "4")]
    sched_switch: Option<Switch>,
    #[prost(message, optional, tag = "20")]
    sched_waking: Option<Waking>,
    #[prost(message, optional, tag = "330")]
    sys_exit: Option<Exit>,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Switch {
    #[prost(int32, tag = "2")]
    prev_pid: i32,
    #[prost(int32, tag = "6")]
    next_pid: i32,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Waking {
    #[prost(int32, tag = "2")]
    pid: i32,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Exit {
    #[prost(int64, tag = "1")]
    id: i64,
}

#[derive(Clone, PartialEq, Message)]
struct TrackEvent {
    #[prost(string, tag = "23")]
    name: String,
}

/// Records a known behaviour from its start to its end, with a timeline.
fn record(behaviour: &[&str], extra: &[&str]) -> (Recording, Trace) {
    let (recording, trace) = record_file(behaviour, extra);
    (recording, Trace::decode(trace.as_slice()).expect("a trace"))
}

/// Likewise, and returns the file as it is.
fn record_file(behaviour: &[&str], extra: &[&str]) -> (Recording, Vec<u8>) {
    let (recording, trace, _) = record_messages(behaviour, extra);
    (recording, trace)
}

/// Likewise, and returns what the recorder says, too.
fn record_messages(behaviour: &[&str], extra: &[&str]) -> (Recording, Vec<u8>, String) {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let out = dir.path().join("out");
    let messages = dir.path().join("messages");
    let mut known = known(behaviour);
    let pid = known.line();
    let mut command = kontrast();
    command.args(["record", "--until-stdin-closes", "--timeline", "600"]);
    command.args(["--pid", &pid, "--out"]).arg(&out).args(extra);
    command.stderr(File::create(&messages).expect("a new file"));
    let mut recorder = Guard::start(&mut command);
    let messages = || std::fs::read_to_string(&messages).expect("text");
    assert_eq!(recorder.line(), "recording", "{}", messages());
    known.say("go");
    assert_eq!(known.line(), "done");
    let status = recorder.end();
    assert!(
        matches!(status.code(), Some(0 | 3)),
        "{status}: {}",
        messages()
    );
    let trace = std::fs::read(out.join("timeline.perfetto-trace")).expect("written");
    let recording = recording::io::load_recording(&out).expect("a recording");
    (recording, trace, messages())
}

/// Asserts that the trace has each event that the recording counts.
fn assert_complete(recording: &Recording, trace: &Trace) {
    let extent = recording.observer.timeline.expect("there is a timeline");
    assert_eq!(extent.overwritten, 0);
    assert_eq!(extent.covered_ns, recording.window.duration_ns);
    let threads = recording.threads.iter().map(|thread| thread.tid as i32);
    let threads: BTreeSet<i32> = threads.collect();
    let bundles = trace
        .packet
        .iter()
        .filter_map(|packet| packet.ftrace_events.as_ref());
    let events: Vec<&Event> = bundles.flat_map(|bundle| &bundle.event).collect();
    let process = &recording.process;

    let switches = events.iter().filter_map(|event| event.sched_switch);
    let switches = switches
        .filter(|switch| threads.contains(&switch.prev_pid))
        .count() as u64;
    assert_eq!(
        switches,
        process.voluntary_switches + process.involuntary_switches
    );

    let exits = events
        .iter()
        .filter(|event| event.sys_exit.is_some())
        .count() as u64;
    let calls: u64 = recording.syscalls.iter().map(|call| call.count).sum();
    assert_eq!(exits, calls);

    let wakings = events.iter().filter_map(|event| event.sched_waking);
    assert!(wakings.clone().count() > 0);
    assert!(
        wakings
            .into_iter()
            .all(|waking| threads.contains(&waking.pid))
    );
}

#[test]
fn writes_each_switch_and_system_call_to_the_timeline() {
    let (recording, trace) = record(&["sleep", "200"], &[]);
    assert_sound(&recording);
    assert_complete(&recording, &trace);
}

#[test]
fn writes_the_same_timeline_by_raw_tracepoints() {
    let (recording, trace) = record(&["talk", "300", "100"], &["--raw-tracepoints"]);
    assert_sound(&recording);
    assert_complete(&recording, &trace);
}

#[test]
fn writes_a_timeline_that_the_trace_processor_reads_whole() {
    let (recording, trace) = record_file(&["talk", "300", "100"], &[]);
    assert_sound(&recording);
    let threads = recording
        .threads
        .iter()
        .map(|thread| thread.tid.to_string());
    let threads = threads.collect::<Vec<_>>().join(",");
    let of_target = format!("JOIN thread USING (utid) WHERE tid IN ({threads})");
    let queries = [
        "SELECT name, value FROM stats WHERE severity != 'info' AND value > 0",
        &format!("SELECT count(end_state) FROM sched_slice {of_target}"),
        "SELECT count(*) FROM slice WHERE name GLOB 'sys_*' AND dur >= 0",
        "SELECT count(*) FROM slice WHERE name = 'page fault'",
        &format!("SELECT count(waker_utid) FROM thread_state {of_target}"),
        "SELECT count(*) FROM flow",
    ];
    let answers = trace_processor::query(&trace, &queries);
    assert_eq!(answers[0], Vec::<String>::new());
    let count = |of: usize| answers[of][0].parse::<u64>().expect("a count");
    let process = &recording.process;
    let switches = process.voluntary_switches + process.involuntary_switches;
    assert_eq!(count(1), switches);
    let calls: u64 = recording.syscalls.iter().map(|call| call.count).sum();
    assert_eq!(count(2), calls);
    assert_eq!(count(3), recording.faults.user + recording.faults.kernel);
    let (woken, arrows) = (count(4), count(5));
    assert!(woken > 0 && arrows > 0, "{woken} {arrows}");
}

#[test]
fn writes_each_page_fault_to_the_timeline() {
    let (recording, trace) = record(&["touch", "3000"], &[]);
    let events = trace
        .packet
        .iter()
        .filter_map(|packet| packet.track_event.as_ref());
    let faults = events.filter(|event| event.name == "page fault").count() as u64;
    assert!(faults >= 3000);
    assert_eq!(faults, recording.faults.user + recording.faults.kernel);
}

#[test]
fn keeps_the_last_events_of_a_timeline_that_is_full() {
    let full = ["--timeline-size", "1"];
    let (recording, trace, messages) = record_messages(&["talk", "30000", "10"], &full);
    assert_sound(&recording);
    let trace = Trace::decode(trace.as_slice()).expect("a trace");
    let size = trace.encoded_len();
    assert!((1_000..2 << 20).contains(&size), "{size}");
    let calls: u64 = recording.syscalls.iter().map(|call| call.count).sum();
    let bundles = trace
        .packet
        .iter()
        .filter_map(|packet| packet.ftrace_events.as_ref());
    let exits = bundles.flat_map(|bundle| &bundle.event);
    let exits = exits.filter(|event| event.sys_exit.is_some()).count() as u64;
    assert!(exits > 0 && exits < calls, "{exits} of {calls}");
    // The file and the recorder say how much is missing.
    let extent = recording.observer.timeline.expect("there is a timeline");
    let process = &recording.process;
    let switches = process.voluntary_switches + process.involuntary_switches;
    // Each call has two events. All were in the time that was asked for.
    let least = 2 * calls + switches;
    assert!(extent.events + extent.overwritten >= least, "{extent:?}");
    assert!(extent.covered_ns < recording.window.duration_ns);
    let lost = format!("{} older events were overwritten", extent.overwritten);
    assert!(
        extent.overwritten > 0 && messages.contains(&lost),
        "{messages}"
    );
}
