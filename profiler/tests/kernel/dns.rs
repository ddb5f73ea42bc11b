//! Exchanges with name servers.

use crate::support::{assert_sound, record_with};
use recording::Recording;
use recording::peers::Peer;
use recording::vocabulary::{ProbeGroup, Transport};
use std::io::{Read, Write};
use std::net::{TcpListener, UdpSocket};
use std::thread::sleep;
use std::time::Duration;

const TIMES: u64 = 10;
const DELAY: Duration = Duration::from_millis(20);
/// Nothing but this test has a server there, unless one listens on all addresses.
const SERVER: &str = "127.0.0.77";

/// Answers queries of a client, each after a delay.
fn answer(udp: &UdpSocket, tcp: &TcpListener) {
    let mut query = [0; 12];
    for _ in 0..2 * TIMES {
        let (length, from) = udp.recv_from(&mut query).expect("a query");
        sleep(DELAY);
        udp.send_to(&query[..length], from).expect("sent");
    }
    let (mut stream, _) = tcp.accept().expect("a connection");
    while stream.read_exact(&mut query).is_ok() {
        sleep(DELAY);
        stream.write_all(&query).expect("sent");
    }
}

fn peer(recording: &Recording, transport: Transport) -> &Peer {
    let address = format!("{SERVER}:53");
    let mut peers = recording.peers.iter();
    let fits =
        |peer: &&Peer| peer.transport == transport && peer.address.as_ref() == Some(&address);
    let found = peers.find(fits);
    found.unwrap_or_else(|| panic!("no {transport}: {:#?}", recording.peers))
}

/// Says whether this kernel has the tracepoints of all sockets: before Linux 6.3, functions of TCP
/// stand in for them.
fn sees_datagrams(recording: &Recording) -> bool {
    let mut groups = recording.observer.probe_groups.iter();
    let sockets = groups.find(|group| group.group == ProbeGroup::Sockets);
    sockets.expect("listed").source != "fentry/fexit"
}

#[test]
fn measures_answers_of_a_name_server() {
    let server = (SERVER, 53);
    let (udp, tcp) = match (UdpSocket::bind(server), TcpListener::bind(server)) {
        (Ok(udp), Ok(tcp)) => (udp, tcp),
        (Err(error), _) | (_, Err(error)) => {
            return eprintln!("skipped: no port 53 at {SERVER}: {error}");
        }
    };
    for options in [&[][..], &["--raw-tracepoints"]] {
        let clones = (udp.try_clone(), tcp.try_clone());
        let (udp, tcp) = (clones.0.expect("a clone"), clones.1.expect("a clone"));
        // Not waited for: without a client it never ends.
        std::thread::spawn(move || answer(&udp, &tcp));
        let recording = record_with(&["resolve", SERVER, &TIMES.to_string()], options, |_| ());
        assert_sound(&recording);
        let delay_ns = DELAY.as_nanos() as u64;
        let mut expected = vec![(Transport::Tcp, TIMES)];
        if sees_datagrams(&recording) {
            expected.push((Transport::Udp, 2 * TIMES));
        }
        let all: u64 = expected.iter().map(|(_, answers)| answers).sum();
        for (transport, answers) in expected {
            let peer = peer(&recording, transport);
            assert_eq!(peer.dns_answers, answers, "{peer:?}");
            // A client that loses its CPU at the end of a send begins late to measure.
            assert!(peer.dns_ns >= answers * delay_ns / 2, "{peer:?}");
        }
        let lengths = &recording.latency["dns"];
        assert_eq!(lengths.count, all);
    }
}
