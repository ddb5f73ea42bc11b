//! Peers that the target exchanges data with, other than its clients: those of connections that it
//! opened itself, of datagrams, and of Unix sockets with a name.

use crate::slot::{Slot, slotted};

/// Rows of peers with an IP address. Row 0 stands for none; the [`OTHERS`] and peers that are
/// counted one by one have the rest.
pub const ROWS: u32 = 512;
/// Protocols whose peers without a row of their own share one; 0 stands for any other protocol.
pub const OTHERS: [u16; 4] = [TCP, UDP, UNIX, 0];
/// Names of Unix sockets that are counted one by one.
pub const MAX_UNIX_PEERS: u32 = 128;
/// `IPPROTO_TCP`.
pub const TCP: u16 = 6;
/// `IPPROTO_UDP`.
pub const UDP: u16 = 17;
/// Stands for Unix sockets. No protocol has the number.
pub const UNIX: u16 = u16::MAX;
/// Longest name of a Unix socket (`UNIX_PATH_MAX`).
pub const NAME_LEN: usize = 108;

/// Value of [`PeerKey::others`] for connections that the target accepted.
pub const ACCEPTED: u32 = 2;

/// An IP address with port and protocol, or all peers of a protocol that have no room, or no known
/// address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub struct PeerKey {
    /// Address of version 6, that of version 4 as `::ffff:a.b.c.d`.
    pub address: [u8; 16],
    /// Port.
    pub port: u16,
    /// Protocol number.
    pub protocol: u16,
    /// 1: any other peer of the protocol. Of protocol 0: of any protocol. [`ACCEPTED`]: peers that
    /// connect to `port` of the target from any port of theirs.
    pub others: u32,
}

const _: () = assert!(size_of::<PeerKey>() == 24);

impl PeerKey {
    /// Returns the key of the peers of a protocol that are not counted one by one.
    #[inline(always)]
    pub fn others(protocol: u16) -> Self {
        let protocol = match protocol {
            TCP | UDP | UNIX => protocol,
            _ => 0,
        };
        PeerKey {
            protocol,
            others: 1,
            ..PeerKey::default()
        }
    }

    /// Returns the key of an address of version 4, in network order.
    #[inline(always)]
    pub fn v4(address: [u8; 4], port: u16, protocol: u16) -> Self {
        let [a, b, c, d] = address;
        PeerKey {
            address: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d],
            port,
            protocol,
            others: 0,
        }
    }
}

/// The name of a Unix socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub struct UnixName {
    /// Path, or a NUL and an abstract name; NUL behind its end.
    pub name: [u8; NAME_LEN],
    /// Its length.
    pub len: u32,
}

const _: () = assert!(size_of::<UnixName>() == 112);

slotted! {
    /// Traffic with a peer.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[repr(C)]
    pub struct PeerTraffic {
        /// Sends that moved bytes.
        pub send_calls: u64,
        /// Bytes sent.
        pub send_bytes: u64,
        /// Receives that moved bytes.
        pub recv_calls: u64,
        /// Bytes received.
        pub recv_bytes: u64,
        /// TCP segments sent again.
        pub retransmits: u64,
        /// Answers of a name server to queries.
        pub dns_answers: u64,
        /// Time from these queries to the receive of their answers, ns.
        pub dns_ns: u64,
        /// Answers over connections that the target opened.
        pub answers: u64,
        /// Time from the send of a request until the first byte of its answer arrived, ns.
        pub answer_ns: u64,
        /// Time in which the peer's receive window kept the target from sending, ns.
        pub rwnd_limited_ns: u64,
    }
}

const _: () = assert!(size_of::<PeerTraffic>() == 80);

impl Slot<'_, PeerTraffic> {
    /// Adds a send or a receive. Several CPUs may add at once.
    #[inline(always)]
    pub fn add(self, sends: bool, bytes: u64) {
        let (calls, moved) = match sends {
            true => (self.send_calls(), self.send_bytes()),
            false => (self.recv_calls(), self.recv_bytes()),
        };
        calls.add_shared(1);
        moved.add_shared(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_sends_and_receives_apart() {
        let mut traffic = PeerTraffic::default();
        let slot = Slot::exclusive(&mut traffic);
        slot.add(true, 5);
        slot.add(true, 7);
        slot.add(false, 100);
        let expected = PeerTraffic {
            send_calls: 2,
            send_bytes: 12,
            recv_calls: 1,
            recv_bytes: 100,
            ..PeerTraffic::default()
        };
        assert_eq!(traffic, expected);
    }

    #[test]
    fn shares_a_key_among_rare_protocols() {
        assert_eq!(PeerKey::others(132), PeerKey::others(0));
        assert_ne!(PeerKey::others(UDP), PeerKey::others(0));
    }
}
