//! Connections that the target opened.

use crate::support::{alone, assert_sound, known, recorder, require_privilege};
use nix::time::{ClockId, clock_getres};
use recording::Recording;
use recording::peers::Peer;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// Requests over each connection of the client.
const TIMES: u64 = 5;
const CONNECTIONS: u64 = 2;
const DELAY: Duration = Duration::from_millis(20);

/// Answers a client's requests of two bytes with one, each after a delay.
fn answer(mut stream: impl Read + Write) {
    while stream.read_exact(&mut [0; 2]).is_ok() {
        sleep(DELAY);
        stream.write_all(&[7]).expect("it reads");
    }
}

/// Records an event loop that asks this process; returns how long its requests took, by its clock.
fn record_client(listener: &TcpListener, options: &[&str], dir: &Path) -> (Recording, u64) {
    let port = listener.local_addr().expect("bound").port().to_string();
    let mut client = known(&["ask", &port, &TIMES.to_string()]);
    let pid = client.line();
    let mut recorder = recorder(&pid, dir, options);
    client.say("go");
    let took = std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            let (stream, _) = listener.accept().expect("a connection");
            scope.spawn(move || answer(stream));
        }
        client.line().parse().expect("nanoseconds")
    });
    assert_eq!(client.line(), "done");
    assert!(matches!(recorder.end().code(), Some(0 | 3)));
    let recording = recording::io::load_recording(dir).expect("a recording");
    (recording, took)
}

#[test]
fn measures_answers_that_an_event_loop_waits_for() {
    require_privilege();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    for options in [&[][..], &["--raw-tracepoints"]] {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (recording, took_ns) = {
            let _alone = alone();
            record_client(&listener, options, dir.path())
        };
        assert_sound(&recording);
        let answers = TIMES * CONNECTIONS;
        let [peer]: &[Peer] = &recording.peers else {
            panic!("{:#?}", recording.peers);
        };
        assert_eq!(peer.address.as_ref(), Some(&address));
        assert_eq!(peer.answers, answers, "{peer:?}");
        let delay_ns = DELAY.as_nanos() as u64;
        // The request begins inside of what the client measures, and before the server's delay.
        assert!(peer.answer_ns >= answers * delay_ns, "{peer:?}");
        assert!(peer.answer_ns <= took_ns, "{peer:?}, {took_ns}");
        let lengths = &recording.latency["upstream"];
        assert_eq!(lengths.count, answers);
        // The lower bound of a bucket.
        assert!(lengths.min >= delay_ns - delay_ns / 16, "{lengths:?}");
    }
}

/// Records a process that sends more than this one reads for a while; returns for how long the
/// window was full by the kernel's own word, and how much later the last reading may be, ns.
fn record_overfilled(
    listener: &TcpListener,
    end: &str,
    options: &[&str],
    dir: &Path,
) -> (Recording, u64, u64) {
    let port = listener.local_addr().expect("bound").port().to_string();
    let mut sender = known(&["overfill", &port, end]);
    let pid = sender.line();
    let mut recorder = recorder(&pid, dir, options);
    sender.say("go");
    let (mut stream, _) = listener.accept().expect("a connection");
    let bytes = sender.line().parse().expect("bytes");
    sleep(10 * DELAY);
    let start = Instant::now();
    if end == "goes on" {
        stream.read_exact(&mut vec![0; bytes]).expect("sent");
        stream.write_all(&[7]).expect("it reads");
    } else {
        sender.say(end);
    }
    let line = sender.line();
    let (limited_ns, step_ns) = line.split_once(' ').expect("two times");
    let parsed = |text: &str| text.parse().expect("nanoseconds");
    assert_eq!(sender.line(), "done");
    if end == "stalls" {
        sleep(DELAY);
    }
    assert!(matches!(recorder.end().code(), Some(0 | 3)));
    let later_ns = match end {
        "stalls" => start.elapsed().as_nanos() as u64,
        _ => parsed(step_ns),
    };
    let recording = recording::io::load_recording(dir).expect("a recording");
    (recording, parsed(limited_ns), later_ns)
}

#[test]
fn measures_time_in_which_a_full_window_keeps_from_sending() {
    require_privilege();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let jiffy = clock_getres(ClockId::CLOCK_MONOTONIC_COARSE).expect("readable");
    let slack_ns = 2 * Duration::from(jiffy).as_nanos() as u64;
    for (end, options) in [
        ("goes on", &[][..]),
        ("aborts", &[]),
        ("stalls", &[]),
        ("aborts", &["--raw-tracepoints"]),
    ] {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (recording, limited_ns, later_ns) = {
            let _alone = alone();
            record_overfilled(&listener, end, options, dir.path())
        };
        assert_sound(&recording);
        let [peer]: &[Peer] = &recording.peers else {
            panic!("{:#?}", recording.peers);
        };
        let recorded_ns = peer.rwnd_limited_ns;
        println!("{end}: {recorded_ns} ns; TCP_INFO: {limited_ns} ns, up to {later_ns} ns earlier");
        assert!(limited_ns > 0);
        assert!(recorded_ns + slack_ns >= limited_ns, "{peer:?}");
        assert!(recorded_ns <= limited_ns + later_ns + slack_ns, "{peer:?}");
        if end == "stalls" {
            let after_ns = DELAY.as_nanos() as u64;
            assert!(recorded_ns + slack_ns >= limited_ns + after_ns, "{peer:?}");
        }
    }
}
