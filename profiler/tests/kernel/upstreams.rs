//! Connections that the target opened.

use crate::support::{alone, assert_sound, known, recorder, require_privilege};
use recording::Recording;
use recording::peers::Peer;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

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
