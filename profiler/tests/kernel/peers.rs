//! Traffic with third parties.

use crate::support::{alone, assert_sound, known, record_with, recorder, require_privilege};
use recording::Recording;
use recording::peers::Peer;
use recording::vocabulary::Transport;
use socket2::SockRef;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram, UnixListener};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::thread::JoinHandle;
use std::time::Duration;

const TIMES: u64 = 20;

/// Sends every message of 1,000 bytes back to its sender.
fn echo(mut stream: impl Read + Write) {
    let mut message = [0; 1_000];
    while stream.read_exact(&mut message).is_ok() {
        stream.write_all(&message).expect("it reads");
    }
}

/// Records a process beside the third parties, which are this one's.
fn record_third_parties(options: &[&str]) -> (Recording, [String; 5]) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let path = folder.path().display().to_string();
    let udp = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let tcp = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let stream = UnixListener::bind(folder.path().join("stream")).expect("a free path");
    let name = SocketAddr::from_abstract_name(&path).expect("a name");
    let named = UnixListener::bind_addr(&name).expect("a free name");
    let log = UnixDatagram::bind(folder.path().join("datagrams")).expect("a free path");
    let addresses = [
        udp.local_addr().expect("bound").to_string(),
        tcp.local_addr().expect("bound").to_string(),
        format!("{path}/stream"),
        format!("@{path}"),
        format!("{path}/datagrams"),
    ];
    let port = |address: &str| address.rsplit(':').next().expect("a port").to_owned();
    let (udp_port, tcp_port) = (port(&addresses[0]), port(&addresses[1]));
    let behaviour = ["third-parties", &udp_port, &tcp_port, &path, "20"];
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (_, from) = udp.recv_from(&mut [0; 50]).expect("a datagram");
            udp.send_to(&[7; 50], from).expect("sent");
        });
        scope.spawn(|| echo(tcp.accept().expect("a connection").0));
        scope.spawn(|| echo(stream.accept().expect("a connection").0));
        scope.spawn(|| echo(named.accept().expect("a connection").0));
        scope.spawn(|| {
            (0..TIMES).for_each(|_| {
                log.recv(&mut [0; 70]).expect("a datagram");
            });
        });
        let recording = record_with(&behaviour, options, |_| ());
        (recording, addresses)
    })
}

fn peer<'a>(recording: &'a Recording, address: &str) -> &'a Peer {
    let mut peers = recording.peers.iter();
    let found = peers.find(|peer| peer.address.as_deref() == Some(address));
    found.unwrap_or_else(|| panic!("no {address}: {:#?}", recording.peers))
}

#[test]
fn counts_traffic_with_third_parties_by_their_address() {
    for options in [&[][..], &["--raw-tracepoints"]] {
        let (recording, [udp, tcp, stream, named, log]) = record_third_parties(options);
        assert_sound(&recording);
        let expected = [
            (&udp, Transport::Udp, 2 * TIMES, 50, 1),
            (&tcp, Transport::Tcp, TIMES, 1_000, TIMES),
            (&stream, Transport::Unix, TIMES, 1_000, TIMES),
            (&named, Transport::Unix, TIMES, 1_000, TIMES),
            (&log, Transport::Unix, TIMES, 70, 0),
        ];
        for (address, transport, sends, size, receives) in expected {
            let peer = peer(&recording, address);
            assert_eq!(peer.transport, transport, "{address}");
            assert_eq!(
                (peer.send_calls, peer.send_bytes),
                (sends, sends * size),
                "{address}"
            );
            assert_eq!(peer.recv_bytes, receives * size, "{address}");
            assert!(!peer.upstream);
        }
        assert_eq!(
            recording.peers.len(),
            expected.len(),
            "{:#?}",
            recording.peers
        );
    }
}

/// Returns how many runs of probes the kernel skipped. On a machine that is so busy that a virtual
/// CPU stands still inside a probe, the interrupts that follow lead to the same hook many times.
fn skipped(recording: &Recording) -> u64 {
    let groups = recording.observer.probe_groups.iter();
    groups.map(|group| group.skipped).sum()
}

#[test]
fn counts_segments_sent_again_by_peer() {
    // A listener drops what comes while its queue is full, and the other side sends it again.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    SockRef::from(&listener).listen(0).expect("a shorter queue");
    let address = listener.local_addr().expect("bound");
    let _only_one = TcpStream::connect(address).expect("room for one");
    for options in [&[][..], &["--raw-tracepoints"]] {
        let behaviour = ["connect-in-vain", &address.port().to_string()];
        let recording = record_with(&behaviour, options, |_| ());
        assert_sound(&recording);
        let sockets = &recording.sockets;
        let again = sockets.retransmits;
        assert!(again + skipped(&recording) > 0, "{sockets:?}");
        let of_peer = |peer: &&Peer| peer.retransmits > 0;
        let Some(peer) = recording.peers.iter().find(of_peer) else {
            assert_eq!(again, 0);
            continue;
        };
        assert_eq!(peer.address, Some(address.to_string()));
        assert_eq!((peer.send_calls, peer.recv_calls), (0, 0));
        assert_eq!(peer.retransmits, again);
    }
}

/// Connections of this process, one after the other until it is dropped.
struct Connections {
    ended: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Connections {
    fn to(address: std::net::SocketAddr) -> Self {
        let ended = Arc::<AtomicBool>::default();
        let ends = ended.clone();
        let thread = std::thread::spawn(move || {
            while !ends.load(SeqCst) {
                let stream = TcpStream::connect(address).expect("it listens");
                // A reset, so that no port stays taken.
                let linger = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
                linger.expect("a socket can");
            }
        });
        let thread = Some(thread);
        Self { ended, thread }
    }
}

impl Drop for Connections {
    fn drop(&mut self) {
        self.ended.store(true, SeqCst);
        let joined = self.thread.take().map(JoinHandle::join);
        assert!(std::thread::panicking() || matches!(joined, Some(Ok(()))));
    }
}

/// The kernel soon uses the address of a closed socket again: it may have been one of a process
/// that is not recorded.
#[test]
#[ignore = "one of 2,000 was missing in 1 of 16 runs on a busy machine; the cause is not known"]
fn counts_every_connection_beside_those_of_other_processes() {
    const COUNT: u64 = 2_000;
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let others = Connections::to(address);
    let behaviour = ["reconnect", &address.port().to_string(), &COUNT.to_string()];
    let recording = record_with(&behaviour, &[], |_| ());
    drop(others);
    assert_sound(&recording);
    let (connected, skipped) = (recording.sockets.connected, skipped(&recording));
    assert!(
        (COUNT.saturating_sub(skipped)..=COUNT).contains(&connected),
        "{connected} of {COUNT}, {skipped} skipped"
    );
    assert_eq!(recording.latency["connect"].count, connected);
}

#[test]
fn adds_up_peers_that_have_no_room() {
    const COUNT: u64 = 2_000;
    let recording = record_with(&["scatter", "40000", "2000"], &[], |_| ());
    assert_sound(&recording);
    let peers = &recording.peers;
    assert_eq!(peers.len(), 64 + 1, "{peers:#?}");
    let bytes: u64 = peers.iter().map(|peer| peer.send_bytes).sum();
    assert_eq!(bytes, COUNT);
    let others = peers.iter().find(|peer| peer.address.is_none());
    assert_eq!(others.map(|peer| peer.send_bytes), Some(COUNT - 64));
}

#[test]
fn counts_clients_at_other_ports_than_the_load_as_third_parties() {
    require_privilege();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let recording = {
        let _alone = alone();
        let mut target = known(&["two-ports"]);
        let pid = target.line();
        target.say("go");
        let ports = target.line();
        let (load, other) = ports.split_once(' ').expect("two ports");
        let mut recorder = recorder(&pid, dir.path(), &["--load-port", load]);
        for (port, times) in [(load, 3), (other, TIMES)] {
            let address = format!("127.0.0.1:{port}");
            let mut stream = TcpStream::connect(address).expect("it listens");
            for _ in 0..times {
                stream.write_all(&[7; 1_000]).expect("sent");
                stream.read_exact(&mut [0; 1_000]).expect("answered");
            }
        }
        assert_eq!(target.line(), "done");
        assert!(matches!(recorder.end().code(), Some(0 | 3)));
        let recording = recording::io::load_recording(dir.path()).expect("a recording");
        let address = format!("127.0.0.1 (to port {other})");
        let peer = peer(&recording, &address);
        assert_eq!(peer.transport, Transport::Tcp);
        assert_eq!((peer.recv_bytes, peer.recv_calls), (TIMES * 1_000, TIMES));
        assert_eq!((peer.send_bytes, peer.send_calls), (TIMES * 1_000, TIMES));
        recording
    };
    assert_sound(&recording);
    assert_eq!(recording.peers.len(), 1, "{:#?}", recording.peers);
    let sockets = &recording.sockets;
    assert_eq!(sockets.requests, 3);
    assert_eq!(sockets.recv_bytes, (3 + TIMES) * 1_000);
}

#[test]
fn counts_clients_as_no_peers() {
    let recording = record_with(&["answer", "12", "1"], &[], |_| ());
    assert_sound(&recording);
    // The client is a thread of the same process: only for that one the server is a peer.
    let peers = &recording.peers;
    assert_eq!(peers.len(), 1, "{peers:#?}");
    assert_eq!((peers[0].send_bytes, peers[0].recv_bytes), (12, 24));
}
