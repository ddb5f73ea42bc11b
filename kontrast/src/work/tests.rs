use super::*;
use recording::process::{SocketPoint, Syscall, SyscallPoint};

fn spec(text: &str) -> Spec {
    text.parse().expect(text)
}

fn busy() -> Recording {
    let mut recording = Recording::default();
    recording.sockets.requests = 10;
    recording.sockets.send_bytes = 300;
    recording.sockets.recv_bytes = 50;
    recording.syscalls = vec![Syscall {
        name: "fsync".into(),
        count: 4,
        ..Syscall::default()
    }];
    recording
}

fn count(text: &str) -> (Option<u64>, String) {
    let mut recording = busy();
    set(&mut recording, Some(&spec(text)), None);
    let note = recording.checks.iter().map(|check| check.note.clone());
    let count = recording.work.map(|work| work.count);
    (count, note.collect::<Vec<_>>().join("; "))
}

#[test]
fn reads_sources_back() {
    for text in [
        "query=load",
        "command=kernel:requests",
        "byte=kernel:bytes",
        "connection=kernel:accepts",
        "sync=syscall:fsync",
        "request=prometheus:http://h:9/m#n{a=\"b\"}",
        "command=command:redis-cli info stats#total_commands_processed",
        "line=file:/tmp/count",
    ] {
        assert_eq!(spec(text).to_string(), text);
    }
}

#[test]
fn rejects_unknown_sources() {
    for (text, why) in [
        ("requests", "NAME=SOURCE"),
        ("=load", "name of a unit"),
        ("two words=load", "name of a unit"),
        ("x=", "known are load"),
        ("x=magic:1", "known are load"),
        ("x=kernel:magic", "known are load"),
        ("x=file:", "known are load"),
        ("x=syscall:frobnicate", "no system call"),
        ("x=prometheus:http://h/m", "#METRIC"),
    ] {
        let error = text.parse::<Spec>().expect_err(text);
        assert!(error.contains(why), "{text}: {error}");
    }
}

#[test]
fn counts_by_the_kernel() {
    assert_eq!(count("r=kernel:requests").0, Some(10));
    assert_eq!(count("b=kernel:bytes").0, Some(350));
    assert_eq!(count("s=syscall:fsync").0, Some(4));
}

#[test]
fn has_a_series_of_requests_and_bytes_by_the_kernel() {
    let series = |text: Option<&str>| -> Vec<(u64, u64)> {
        let mut recording = busy();
        recording.sockets.series = vec![SocketPoint {
            t_ns: 1_000,
            requests: 7,
            bytes: 90,
        }];
        set(&mut recording, text.map(spec).as_ref(), None);
        let work = recording.work.expect("a count");
        let points = work.series.iter();
        points.map(|point| (point.t_ns, point.count)).collect()
    };
    assert_eq!(series(Some("r=kernel:requests")), [(1_000, 7)]);
    assert_eq!(series(Some("b=kernel:bytes")), [(1_000, 90)]);
    assert_eq!(series(None), [(1_000, 7)]);
}

#[test]
fn has_a_series_of_accepts_and_calls_by_the_kernel() {
    let series = |text: &str| -> Vec<(u64, u64)> {
        let mut recording = busy();
        let call = |name: &str, counts: [(u64, u64); 2]| {
            let point = |(at, (count, failed))| SyscallPoint {
                t_ns: at * 1_000,
                count,
                failed,
            };
            Syscall {
                name: name.into(),
                count: counts[1].0,
                series: (1u64..).zip(counts).map(point).collect(),
                ..Syscall::default()
            }
        };
        recording.sockets.accepted = 8;
        recording.syscalls = vec![
            call("accept", [(2, 0), (4, 1)]),
            call("accept4", [(3, 1), (6, 1)]),
            call("read", [(9, 0), (9, 0)]),
        ];
        set(&mut recording, Some(&spec(text)), None);
        let points = recording.work.expect("a count").series;
        points.iter().map(|it| (it.t_ns, it.count)).collect()
    };
    assert_eq!(series("c=kernel:accepts"), [(1_000, 4), (2_000, 8)]);
    assert_eq!(series("r=syscall:read"), [(1_000, 9), (2_000, 9)]);
    assert_eq!(series("a=syscall:accept4"), [(1_000, 3), (2_000, 6)]);
}

#[test]
fn names_the_calls_to_follow() {
    assert_eq!(spec("c=kernel:accepts").syscalls(), ["accept", "accept4"]);
    assert_eq!(spec("s=syscall:fsync").syscalls(), ["fsync"]);
    assert!(spec("r=kernel:requests").syscalls().is_empty());
}

#[test]
fn fails_a_check_without_a_count() {
    let (count_of_accepts, note) = count("c=kernel:accepts");
    assert!(
        count_of_accepts.is_none() && note.contains("the kernel saw none"),
        "{note}"
    );
    let (_, note) = count("c=syscall:read");
    assert!(note.contains("no call of read"), "{note}");
    let mut recording = busy();
    let nothing = Counted {
        count: 0,
        series: Vec::new(),
    };
    set(&mut recording, Some(&spec("x=file:/x")), Some(Ok(nothing)));
    assert!(recording.work.is_none() && !recording.checks[0].ok);
    assert!(recording.checks[0].note.contains("did not grow"));
}

#[test]
fn assumes_requests_of_the_kernel_where_no_unit_is_named() {
    let mut recording = busy();
    set(&mut recording, None, None);
    let work = recording.work.expect("requests");
    assert!(work.assumed && work.count == 10);
}
