//! The check `bytes_vs_load`: the bytes on the target's sockets equal those that its peers counted.

use super::stub::Moved;
use recording::{
    LoadSummary, Recording,
    observer::{Check, Mode},
    peers::{Peer, third_parties},
    vocabulary::Transport,
};
use std::net::SocketAddr;

/// Name of the check.
const NAME: &str = "bytes_vs_load";
/// Allowed difference, as a share of the expected bytes.
const TOLERANCE: f64 = 0.01;

/// Counters of the target's peers for the time of the recording.
pub struct Peers<'a> {
    /// Summary of the load generator; `None` for a command of the user's.
    pub load: Option<&'a LoadSummary>,
    /// Bytes that the stub moved; `None` for a target that already ran, which may have another
    /// upstream.
    pub stub: Option<Moved>,
    /// Bytes that the service moved.
    pub service: OfService,
}

/// Bytes that the service of a round moved over its sockets.
#[derive(Clone, Copy, Debug)]
pub enum OfService {
    /// The round has no service.
    None,
    /// The service does not count bytes.
    Uncounted,
    /// The service counted these.
    Counted(Moved),
}

/// Marks the peers that the target was given: those whose loopback address is in one of `given`,
/// the URL of the stub and the settings of the service.
pub fn mark_upstream<'a>(peers: &mut [Peer], given: impl Iterator<Item = &'a str> + Clone) {
    let names = |text: &str, port: &str| {
        let mut found = text.match_indices(port);
        found
            .any(|(at, _)| !text[at + port.len()..].starts_with(|next: char| next.is_ascii_digit()))
    };
    for peer in peers {
        let address = peer.address.as_deref().and_then(|text| text.parse().ok());
        let address = address.filter(|address: &SocketAddr| address.ip().is_loopback());
        let port = address.map(|address| format!(":{}", address.port()));
        peer.upstream = port.is_some_and(|port| given.clone().any(|text| names(text, &port)));
    }
}

/// Returns the check of the direction with the larger error; the note has both. A check that is
/// impossible passes, and its note has the reason.
pub fn check(recording: &Recording, peers: &Peers<'_>) -> Check {
    let sockets = &recording.sockets;
    let (load, stub) = match peers {
        _ if recording.observer.mode != Mode::All => {
            return not_checked("recorded without the programs at sockets");
        }
        Peers {
            service: OfService::Uncounted,
            ..
        } => return not_checked("the service does not count bytes"),
        Peers { load: None, .. } => {
            return not_checked("the load command does not count bytes");
        }
        Peers { stub: None, .. } => {
            return not_checked("the target's own upstream is not counted");
        }
        Peers {
            load: Some(load),
            stub: Some(stub),
            service: OfService::Counted(service),
        } => (load, stub.and(*service)),
        Peers {
            load: Some(load),
            stub: Some(stub),
            service: OfService::None,
        } => (load, *stub),
    };
    let own = |all: u64, of: fn(&Peer) -> u64| {
        let over_tcp = third_parties(&recording.peers).filter(|it| it.transport == Transport::Tcp);
        all.saturating_sub(over_tcp.map(of).sum())
    };
    let sent = own(sockets.send_bytes, |peer| peer.send_bytes);
    let received = own(sockets.recv_bytes, |peer| peer.recv_bytes);
    let sent = direction(load.bytes_received, stub.bytes_received, sent);
    let received = direction(load.bytes_sent, stub.bytes_sent, received);
    let note = format!(
        "sent by the target: {} of {} bytes (load generator {}, stub {}); received: {} of {} (load generator {}, stub {})",
        sent.measured,
        sent.expected,
        load.bytes_received,
        stub.bytes_received,
        received.measured,
        received.expected,
        load.bytes_sent,
        stub.bytes_sent
    );
    let off = |check: &Check| (check.measured - check.expected).abs() / check.tolerance.max(1.0);
    let worse = if off(&received) > off(&sent) {
        received
    } else {
        sent
    };
    Check { note, ..worse }
}

fn direction(load: u64, stub: u64, measured: u64) -> Check {
    let expected = (load + stub) as f64;
    Check::within(
        NAME,
        "bytes",
        expected,
        measured as f64,
        expected * TOLERANCE,
    )
}

/// Returns a check that passes because it is impossible.
fn not_checked(why: &str) -> Check {
    Check {
        note: format!("not checked: {why}"),
        ..Check::within(NAME, "bytes", 0.0, 0.0, 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::{observer::Observer, process::Sockets};

    fn recording(send_bytes: u64, recv_bytes: u64) -> Recording {
        let sockets = Sockets {
            send_bytes,
            recv_bytes,
            ..Sockets::default()
        };
        Recording {
            sockets,
            ..Recording::default()
        }
    }

    #[test]
    fn leaves_out_bytes_of_third_parties() {
        let peer = |address: &str, transport, send_bytes| Peer {
            transport,
            address: Some(address.into()),
            send_bytes,
            ..Peer::default()
        };
        let mut recording = recording(10_000 + 900, 20_000);
        recording.peers = vec![
            peer("127.0.0.1:8000", Transport::Tcp, 1_000),
            peer("127.0.0.1:80", Transport::Tcp, 300),
            peer("192.0.2.1:8000", Transport::Tcp, 200),
            peer("127.0.0.1:8125", Transport::Udp, 7_000),
            peer("127.0.0.1 (to port 9090)", Transport::Tcp, 400),
        ];
        let given = ["http://127.0.0.1:8000/v1"];
        mark_upstream(&mut recording.peers, given.into_iter());
        let upstream: Vec<bool> = recording.peers.iter().map(|peer| peer.upstream).collect();
        assert_eq!(upstream, [true, false, false, false, false]);
        assert!(ok(&recording));
        recording.sockets.send_bytes += 500;
        assert!(!ok(&recording));
    }

    fn load() -> LoadSummary {
        LoadSummary {
            bytes_received: 9_000,
            bytes_sent: 400,
            ..LoadSummary::default()
        }
    }

    fn ok(recording: &Recording) -> bool {
        ok_and_note(recording).0
    }

    fn ok_and_note(recording: &Recording) -> (bool, String) {
        let load = load();
        let stub = Some(Moved {
            bytes_sent: 19_600,
            bytes_received: 1_000,
            ..Moved::default()
        });
        let peers = Peers {
            load: Some(&load),
            stub,
            service: OfService::None,
        };
        let check = check(recording, &peers);
        (check.ok, check.note)
    }

    #[test]
    fn accepts_one_percent_in_each_direction() {
        assert!(ok(&recording(10_000, 20_000)));
        assert!(ok(&recording(10_100, 19_800)));
        assert!(!ok(&recording(10_101, 20_000)));
        assert!(!ok(&recording(10_000, 19_799)));
    }

    #[test]
    fn notes_the_counters_of_all_peers() {
        let load = load();
        let stub = Some(Moved {
            bytes_sent: 19_600,
            bytes_received: 1_000,
            ..Moved::default()
        });
        let peers = Peers {
            load: Some(&load),
            stub,
            service: OfService::None,
        };
        let check = check(&recording(10_000, 19_000), &peers);
        assert_eq!(
            check.note,
            "sent by the target: 10000 of 10000 bytes (load generator 9000, stub 1000); \
             received: 19000 of 20000 (load generator 400, stub 19600)"
        );
        assert_eq!((check.expected, check.ok), (20_000.0, false));
    }

    #[test]
    fn notes_why_a_check_is_impossible() {
        let recording = recording(5, 5);
        let without_load = check(
            &recording,
            &Peers {
                load: None,
                stub: Some(Moved::default()),
                service: OfService::None,
            },
        );
        assert!(
            without_load.ok && without_load.note.contains("load command"),
            "{without_load:?}"
        );
        let load = load();
        let without_stub = check(
            &recording,
            &Peers {
                load: Some(&load),
                stub: None,
                service: OfService::None,
            },
        );
        assert!(without_stub.note.contains("upstream"), "{without_stub:?}");
    }

    #[test]
    fn adds_the_bytes_of_a_service_that_counts_them() {
        let load = load();
        let of = |service| {
            let peers = Peers {
                load: Some(&load),
                stub: Some(Moved::default()),
                service,
            };
            check(&recording(9_000 + 70, 400 + 30), &peers)
        };
        let moved = Moved {
            bytes_sent: 30,
            bytes_received: 70,
            ..Moved::default()
        };
        let counted = of(OfService::Counted(moved));
        assert_eq!((counted.expected, counted.measured), (9_070.0, 9_070.0));
        assert!(of(OfService::Uncounted).note.contains("not checked"));
    }

    #[test]
    fn skips_recordings_without_probes_at_sockets() {
        let observer = Observer {
            mode: Mode::Counters,
            ..Observer::default()
        };
        let recording = Recording {
            observer,
            ..Recording::default()
        };
        let peers = Peers {
            load: None,
            stub: None,
            service: OfService::None,
        };
        let check = check(&recording, &peers);
        assert!(
            check.ok && check.note.contains("without the programs"),
            "{check:?}"
        );
    }
}
