//! Traffic with third parties: peers that are neither clients nor the upstream of `kontrast run`.

use crate::arms::{Arms, ranked};
use crate::clean::clean;
use crate::document::{Block, Table};
use recording::Recording;
use recording::format::{self, Scale};
use recording::peers::{Peer, third_parties};
use recording::vocabulary::{Per, Transport, Unit};
use std::collections::BTreeMap;

/// Peers shown before the others are added up.
const FIRST: usize = 12;

type ByPeer = BTreeMap<(Transport, String), f64>;

/// Returns bytes per unit by peer and arm; nothing without such traffic.
pub fn table(arms: &Arms) -> Option<Block> {
    let sent = by_peer(arms, |peer| peer.send_bytes);
    let received = by_peer(arms, |peer| peer.recv_bytes);
    let both = [sent.as_slice(), received.as_slice()].concat();
    let peers = ranked(&both);
    let scale = Scale::of(
        Unit::Bytes,
        both.iter().flat_map(|sums| sums.values().copied()),
    );
    let unit = scale.per(arms.per.label());
    let mut table = Table::new("Traffic with third parties (neither clients nor upstream)")
        .words("Peer")
        .words("Protocol")
        .numbers(format!("sent, {unit}"), arms.names())
        .numbers(format!("received, {unit}"), arms.names());
    let again = if_any(by_peer(arms, |peer| peer.retransmits));
    let counts = Scale::plain(again.iter().flat_map(|sums| sums.values().copied()));
    if !again.is_empty() {
        let heading = format!("retransmits/{}", arms.per.label());
        table = table.numbers(heading, arms.names());
    }
    let limited = if_any(by_peer(arms, |peer| peer.rwnd_limited_ns));
    let times = limited.iter().flat_map(|sums| sums.values().copied());
    let times = Scale::of(Unit::Ns, times);
    if !limited.is_empty() {
        let heading = format!("receive window full, {}", times.per(arms.per.label()));
        table = table.numbers(heading, arms.names());
    }
    let columns = both.iter().map(|sums| (sums, &scale));
    let columns = columns.chain(again.iter().map(|sums| (sums, &counts)));
    let columns = columns.chain(limited.iter().map(|sums| (sums, &times)));
    let columns: Vec<(&ByPeer, &Scale)> = columns.collect();
    let (first, rest) = peers.split_at(peers.len().min(FIRST));
    for peer in first {
        let value = |sums: &ByPeer| sums.get(peer).copied().unwrap_or_default();
        let values = columns.iter();
        let values = values.map(|(sums, scale)| scale.show(value(sums)));
        let protocol = std::iter::once(peer.0.label().to_owned());
        table.named(peer.1.as_str(), protocol.chain(values));
    }
    if !rest.is_empty() {
        let value = |sums: &ByPeer| rest.iter().filter_map(|peer| sums.get(peer)).sum();
        let values = columns.iter();
        let values = values.map(|(sums, scale)| scale.show(value(sums)));
        let name = format!("{} further peers", rest.len());
        table.named(name, std::iter::once(String::new()).chain(values));
    }
    (!peers.is_empty()).then(|| table.block())
}

/// Returns the sums; nothing where all are zero.
fn if_any(each: Vec<ByPeer>) -> Vec<ByPeer> {
    let none = each
        .iter()
        .flat_map(|sums| sums.values())
        .all(|it| *it == 0.0);
    if none { Vec::new() } else { each }
}

fn by_peer(arms: &Arms, value: fn(&Peer) -> u64) -> Vec<ByPeer> {
    arms.each(|arm| {
        let mut sums = ByPeer::new();
        let peers = arm
            .rounds
            .iter()
            .flat_map(|round| third_parties(&round.peers));
        for peer in peers {
            let key = (peer.transport, name(peer));
            *sums.entry(key).or_default() += value(peer) as f64 / arm.divisor();
        }
        sums
    })
}

/// Returns the address, safe to show.
pub(super) fn name(peer: &Peer) -> String {
    let listed = peer.address.as_deref().map(clean);
    listed.unwrap_or_else(|| "others".into())
}

/// Returns the traffic of one recording in one line; nothing without any.
pub fn line(recording: &Recording) -> Option<String> {
    /// Peers that have room in a line.
    const MOST: usize = 3;
    let seconds = recording.units(Per::Second);
    let peers: Vec<&Peer> = third_parties(&recording.peers).collect();
    if peers.is_empty() || seconds <= 0.0 {
        return None;
    }
    let rate = |bytes: u64| format::quantity(bytes as f64 / seconds, Unit::Bytes);
    let shown = peers.iter().take(MOST).map(|peer| {
        let retransmits = match peer.retransmits {
            0 => String::new(),
            1 => ", 1 retransmit".into(),
            count => format!(", {} retransmits", format::count(count)),
        };
        let answers = answers(peer).unwrap_or_default();
        let limited = limited(peer).unwrap_or_default();
        format!(
            "{} ({}) {}/s out, {}/s in{answers}{retransmits}{limited}",
            name(peer),
            peer.transport.label(),
            rate(peer.send_bytes),
            rate(peer.recv_bytes)
        )
    });
    let mut parts: Vec<String> = shown.collect();
    if peers.len() > MOST {
        parts.push(format!("{} more", peers.len() - MOST));
    }
    Some(parts.join("; "))
}

/// Returns how long a peer takes to answer, if it is asked.
fn answers(peer: &Peer) -> Option<String> {
    let (count, total_ns) = match peer.dns_answers {
        0 => (peer.answers, peer.answer_ns),
        count => (count, peer.dns_ns),
    };
    let mean_ns = total_ns as f64 / count as f64;
    (count > 0).then(|| format!(", answers in {}", format::quantity(mean_ns, Unit::Ns)))
}

/// Returns how long the receive window of a peer was full, if it was.
fn limited(peer: &Peer) -> Option<String> {
    let limited_ns = peer.rwnd_limited_ns;
    let time = || format::quantity(limited_ns as f64, Unit::Ns);
    (limited_ns > 0).then(|| format!(", receive window full for {}", time()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(address: Option<&str>, send_bytes: u64) -> Peer {
        Peer {
            transport: Transport::Udp,
            address: address.map(str::to_owned),
            send_bytes,
            ..Peer::default()
        }
    }

    fn recording(peers: Vec<Peer>) -> Recording {
        let mut recording = Recording {
            peers,
            ..Recording::default()
        };
        recording.window.duration_ns = 2_000_000_000;
        recording
    }

    #[test]
    fn leaves_out_the_upstream_and_escapes_names() {
        let upstream = Peer {
            upstream: true,
            ..peer(Some("127.0.0.1:1"), 10)
        };
        assert_eq!(line(&recording(vec![upstream.clone()])), None);
        let line = line(&recording(vec![
            upstream,
            peer(Some("/run/\u{1b}[2J"), 4_000),
        ]));
        let line = line.expect("a third party");
        assert!(
            !line.contains('\u{1b}') && !line.contains("127.0.0.1"),
            "{line}"
        );
        assert!(line.contains("1.95 KiB/s out"), "{line}");
    }

    #[test]
    fn says_how_long_a_peer_takes_to_answer() {
        let asked = Peer {
            answers: 4,
            answer_ns: 80_000_000,
            ..peer(Some("192.0.2.1:80"), 2)
        };
        let line = line(&recording(vec![asked])).expect("a third party");
        assert!(line.ends_with("/s in, answers in 20.0 ms"), "{line}");
    }

    #[test]
    fn says_how_long_the_window_of_a_peer_was_full() {
        let slow = Peer {
            rwnd_limited_ns: 320_000_000,
            ..peer(Some("192.0.2.1:80"), 2)
        };
        let line = line(&recording(vec![slow])).expect("a third party");
        assert!(
            line.ends_with("/s in, receive window full for 320 ms"),
            "{line}"
        );
    }

    #[test]
    fn names_three_peers_in_a_line() {
        let peers = (0..5).map(|port| peer(Some(&format!("192.0.2.1:{port}")), 1));
        let line = line(&recording(peers.chain([peer(None, 1)]).collect()));
        assert!(line.expect("peers").ends_with("; 3 more"));
    }
}
