//! Peers that the target exchanges data with, from the programs' maps.

use super::drain::{self, Sum};
use anyhow::Result;
use aya::Ebpf;
use profiler_common::peer::{ACCEPTED, NAME_LEN, OTHERS, ROWS, TCP, UDP, UNIX};
use profiler_common::{PeerKey, PeerTraffic, UnixName};
use recording::peers::Peer;
use recording::vocabulary::Transport;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Peers that a recording lists one by one.
const MOST: usize = 64;

/// Makes the rows of peers that have none of their own, so that their traffic is never lost, and
/// frees the others.
///
/// # Errors
/// A map cannot be written.
pub fn make_room(bpf: &mut Ebpf) -> Result<()> {
    let keys = OTHERS.map(PeerKey::others);
    drain::fill(bpf, "PEERS", keys.into_iter().zip(1u32..))?;
    drain::free(bpf, "FREE_PEERS", 1 + keys.len() as u32..ROWS)
}

/// Transport and address of a peer; `None` stands for peers without a row of their own.
type Key = (Transport, Option<String>);

/// Traffic by peer.
pub type PeerSums = BTreeMap<Key, PeerTraffic>;

/// Reads the traffic with each peer. A peer may have several entries.
///
/// # Errors
/// A map cannot be read.
pub fn read(bpf: &Ebpf) -> Result<PeerSums> {
    let rows: Vec<PeerTraffic> = drain::values(bpf, "PEER_TRAFFIC")?;
    let over_ip = drain::entries::<PeerKey, u32>(bpf, "PEERS")?;
    let over_ip = over_ip.filter_map(|(key, row)| Some((key, *rows.get(row as usize)?)));
    let over_unix = drain::entries::<UnixName, PeerTraffic>(bpf, "UNIX_PEERS")?;
    let over_ip = over_ip.map(|(key, traffic)| (transport(key.protocol), address(&key), traffic));
    let over_unix =
        over_unix.map(|(name, traffic)| (Transport::Unix, Some(name_of(&name)), traffic));
    Ok(added(over_ip.chain(over_unix)))
}

/// Adds up entries of one peer.
fn added(entries: impl Iterator<Item = (Transport, Option<String>, PeerTraffic)>) -> PeerSums {
    drain::added(entries.map(|(transport, address, traffic)| ((transport, address), traffic)))
}

/// Returns the traffic since `before`, an earlier state of the same sums.
pub fn since(mut now: PeerSums, before: &PeerSums) -> PeerSums {
    for (key, traffic) in &mut now {
        if let Some(before) = before.get(key) {
            traffic.take(before);
        }
    }
    now
}

/// Lists the peers, and adds up those with the fewest bytes.
pub fn listed(sums: PeerSums) -> Vec<Peer> {
    let bytes = |traffic: &PeerTraffic| traffic.send_bytes + traffic.recv_bytes;
    let mut peers: Vec<(Key, PeerTraffic)> = sums.into_iter().collect();
    // A peer that never answers gets nothing but `SYN`.
    // A send that never ends counts as none.
    peers.retain(|(_, traffic)| {
        traffic.send_calls + traffic.recv_calls + traffic.retransmits + traffic.rwnd_limited_ns > 0
    });
    peers.sort_by_key(|((_, address), traffic)| (address.is_none(), Reverse(bytes(traffic))));
    let rest = peers.split_off(peers.len().min(MOST)).into_iter();
    let rest = rest.map(|((transport, _), traffic)| ((transport, None), traffic));
    let all: PeerSums = drain::added(peers.into_iter().chain(rest));
    let mut peers: Vec<Peer> = all.into_iter().map(peer).collect();
    peers.sort_by_key(|peer| (Reverse(peer.bytes()), peer.address.is_none()));
    peers
}

fn peer(((transport, address), traffic): (Key, PeerTraffic)) -> Peer {
    Peer {
        transport,
        address,
        send_calls: traffic.send_calls,
        send_bytes: traffic.send_bytes,
        recv_calls: traffic.recv_calls,
        recv_bytes: traffic.recv_bytes,
        retransmits: traffic.retransmits,
        dns_answers: traffic.dns_answers,
        dns_ns: traffic.dns_ns,
        answers: traffic.answers,
        answer_ns: traffic.answer_ns,
        rwnd_limited_ns: traffic.rwnd_limited_ns,
        ..Peer::default()
    }
}

fn transport(protocol: u16) -> Transport {
    match protocol {
        TCP => Transport::Tcp,
        UDP => Transport::Udp,
        UNIX => Transport::Unix,
        _ => Transport::Other,
    }
}

/// Returns `IP:PORT`, or `IP (to port PORT)` for a peer that connects to the target; `None` for
/// others.
pub fn address(key: &PeerKey) -> Option<String> {
    let address = Ipv6Addr::from(key.address);
    let address = address
        .to_ipv4_mapped()
        .map_or(IpAddr::V6(address), IpAddr::V4);
    match key.others {
        0 => Some(SocketAddr::new(address, key.port).to_string()),
        ACCEPTED => Some(format!("{address} (to port {})", key.port)),
        _ => None,
    }
}

/// Returns the path of a Unix socket, or `@` and its abstract name.
fn name_of(name: &UnixName) -> String {
    unix_name(&name.name[..NAME_LEN.min(name.len as usize)])
}

/// Returns the path that the name of a Unix socket begins with, or `@` and the abstract name.
pub fn unix_name(bytes: &[u8]) -> String {
    let (prefix, bytes) = match bytes.split_first() {
        Some((0, rest)) => ("@", rest),
        _ => ("", bytes),
    };
    // A path ends with the first NUL, an abstract name has its length.
    let end = bytes
        .iter()
        .position(|byte| *byte == 0 && prefix.is_empty());
    let shown = String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())]);
    format!("{prefix}{shown}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(send_bytes: u64) -> PeerTraffic {
        PeerTraffic {
            send_calls: 1,
            send_bytes,
            ..PeerTraffic::default()
        }
    }

    #[test]
    fn writes_addresses_of_both_versions() {
        let v4 = PeerKey::v4([192, 0, 2, 1], 8125, UDP);
        assert_eq!(address(&v4).as_deref(), Some("192.0.2.1:8125"));
        let mut v6 = PeerKey {
            port: 53,
            protocol: UDP,
            ..PeerKey::default()
        };
        v6.address[15] = 1;
        assert_eq!(address(&v6).as_deref(), Some("[::1]:53"));
        assert_eq!(address(&PeerKey::others(UDP)), None);
        let accepted = PeerKey {
            others: ACCEPTED,
            ..PeerKey::v4([192, 0, 2, 1], 9_090, TCP)
        };
        assert_eq!(
            address(&accepted).as_deref(),
            Some("192.0.2.1 (to port 9090)")
        );
    }

    #[test]
    fn names_unix_sockets_within_their_length() {
        let named = |name: &[u8]| {
            let mut unix = UnixName {
                name: [0; NAME_LEN],
                len: name.len() as u32,
            };
            unix.name[..name.len()].copy_from_slice(name);
            name_of(&unix)
        };
        assert_eq!(named(b"/run/log\0"), "/run/log");
        assert_eq!(named(b"/run/log"), "/run/log");
        assert_eq!(named(b"\0bus"), "@bus");
        assert_eq!(named(b"\xff"), "\u{fffd}");
        let wrong = UnixName {
            name: [b'x'; NAME_LEN],
            len: u32::MAX,
        };
        assert_eq!(name_of(&wrong).len(), NAME_LEN);
    }

    #[test]
    fn adds_up_the_peers_beyond_the_largest() {
        let many = (0..100).map(|port| {
            let address = Some(format!("192.0.2.1:{port}"));
            (Transport::Udp, address, sent(100 + port))
        });
        let unknown = (Transport::Udp, None, sent(1));
        let silent = (Transport::Tcp, None, PeerTraffic::default());
        let peers = listed(added(many.chain([unknown, silent])));
        assert_eq!(peers.len(), MOST + 1);
        let bytes: u64 = peers.iter().map(Peer::bytes).sum();
        assert_eq!(bytes, (100..200).sum::<u64>() + 1);
        let others: Vec<&Peer> = peers.iter().filter(|peer| peer.address.is_none()).collect();
        assert_eq!((others.len(), others[0].send_calls), (1, 37));
    }

    #[test]
    fn subtracts_earlier_traffic_of_each_peer() {
        let sums = |peers: &[(&str, u64)]| {
            let peers = peers.iter();
            let peers =
                peers.map(|(name, bytes)| (Transport::Unix, Some((*name).into()), sent(*bytes)));
            added(peers)
        };
        let since = since(sums(&[("a", 7), ("b", 9), ("a", 1)]), &sums(&[("a", 3)]));
        let bytes: Vec<u64> = listed(since).iter().map(Peer::bytes).collect();
        assert_eq!(bytes, [9, 5]);
    }
}
