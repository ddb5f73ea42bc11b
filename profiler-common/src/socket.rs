//! A socket of the target, and a cache of where each socket's state is kept.
//!
//! Most sockets that data arrives on are not the target's, and a program must know that at once. So
//! a table holds the last answer for a socket: its slot, or that it has none. The table's index is
//! the hash that the kernel keeps in each socket. (A hash of the address would have to be
//! calculated, and the verifier forbids arithmetic on a pointer.) The kernel gives the address of a
//! closed socket to a new one, so an entry is proved at each use: a slot by the address in it, and
//! the lack of one by the number of sockets that have been tracked so far.

use crate::RecvStamp;
use crate::slot::{Slot, slotted};

/// Sockets that can be tracked at one time.
pub const MAX_SOCKETS: u32 = 65_536;
/// Ports that can be known as listened on.
pub const MAX_PORTS: u32 = 4_096;
/// Value of [`Socket::accepted`] for a connection of a third party.
pub const OF_THIRD_PARTY: u8 = 2;
/// Stands for the slot of a socket that is not tracked.
pub const NO_SLOT: u32 = u32::MAX;
/// Entries of the cache, a power of two. Sockets whose hashes share the low bits share an entry.
pub const SOCK_CACHE_LEN: u32 = 1 << 13;

slotted! {
    /// Where a socket's state was last found.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[repr(C)]
    pub struct SockCacheEntry {
        /// Address of the kernel's `sock`.
        pub address: u64,
        /// Its slot, or [`NO_SLOT`].
        pub slot: u32,
        /// Low bits of [`Tracking::begun`] before the socket was found to have no slot.
        pub begun: u32,
    }
}

const _: () = assert!(size_of::<SockCacheEntry>() == 16);

slotted! {
    /// Sockets that have been tracked.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[repr(C)]
    pub struct Tracking {
        /// Number of them so far.
        pub begun: u64,
    }
}

slotted! {
    /// A tracked socket: a cache line, so that two CPUs with two sockets share none.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[repr(C)]
    pub struct Socket {
        /// Address of the kernel's `sock`; 0 while the slot is free.
        pub address: u64,
        /// When data became readable, monotonic ns; 0 once it was received.
        pub arrival_ns: u64,
        /// Address of the other end of what the target relays: for an upstream socket the
        /// downstream one, and the reverse; 0 for none. Unused where pairing is first in, first
        /// out (see [`crate::Pairing`]).
        pub peer_address: u64,
        /// For an upstream socket: the last receive, until it is relayed. For a downstream socket:
        /// the last receive that a goroutine relayed itself.
        pub received: RecvStamp,
        /// When the target began to send the last request that has no answer, or to open the
        /// connection (see [`crate::answer`]); 0 for neither.
        pub asked: u32,
        /// Time in which the peer's receive window kept the target from sending, as last counted,
        /// jiffies since the connection began.
        pub rwnd_limited: u32,
        /// 1: downstream, accepted by the target (its local port is one the target listens on);
        /// [`OF_THIRD_PARTY`]: accepted at a port that the load does not use; 0: upstream, opened
        /// by the target.
        pub accepted: u8,
        /// 1: something was received since the last send, so that the next send of an upstream
        /// socket is another request, and that of a downstream socket answers one.
        pub responded: u8,
        /// Row of its peer's traffic, if that is counted; 0 until the first bytes.
        pub peer_row: u16,
        /// Its own slot.
        pub slot: u16,
        /// The slot of the other end.
        pub peer_slot: u16,
    }
}

const _: () = assert!(size_of::<Socket>() == 64);
const _: () = assert!(MAX_SOCKETS <= 1 << 16);

/// A reference to a socket's state. Slots are used again: it is valid while the socket in the slot
/// has the address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct SockRef {
    /// Address of the kernel's `sock`; 0 for none.
    pub address: u64,
    /// Its slot.
    pub slot: u32,
    /// Padding.
    pub reserved: u32,
}

/// The state of a TCP connection just after a send, under the kernel's names (`tcp_sock`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpSendState {
    /// Sequence number after the last byte that the program wrote.
    pub write_seq: u32,
    /// Sequence number after the last byte that was sent.
    pub snd_nxt: u32,
    /// Bytes that fill a segment.
    pub mss_cache: u32,
    /// Segments sent and not acknowledged yet.
    pub packets_out: u32,
    /// Not 0: the program asked for no delay (`TCP_NODELAY`), or for more of it (`TCP_CORK`).
    pub nonagle: u32,
}

/// Whether Nagle's algorithm (RFC 896, RFC 9293 section 3.7.4) delays the last send: it does not
/// fill a segment, and an earlier one is not acknowledged yet.
#[inline(always)]
pub fn nagle_delayed(state: TcpSendState) -> bool {
    let unsent = state.write_seq.wrapping_sub(state.snd_nxt);
    unsent > 0 && unsent < state.mss_cache && state.packets_out > 0 && state.nonagle == 0
}

impl Slot<'_, Socket> {
    /// Sends a request, for `downstream` if that is known. Returns whether it is another request
    /// than the last: until a response comes, everything that is sent belongs to the same one.
    #[inline(always)]
    pub fn request(self, downstream: SockRef) -> bool {
        if self.peer_address().get() != 0 && self.responded().get() == 0 {
            return false;
        }
        self.responded().set(0);
        self.clear_received();
        self.set_peer(downstream);
        true
    }

    /// Returns the other end of what the target relays.
    #[inline(always)]
    pub fn peer(self) -> SockRef {
        SockRef {
            address: self.peer_address().get(),
            slot: self.peer_slot().get().into(),
            reserved: 0,
        }
    }

    /// Changes the other end of what the target relays.
    #[inline(always)]
    pub fn set_peer(self, peer: SockRef) {
        self.peer_slot().set(peer.slot as u16);
        self.peer_address().set(peer.address);
    }

    /// Notes for how long the peer's receive window has kept the target from sending since the
    /// connection began, jiffies; returns by how much that has grown. A reading that is less than
    /// an earlier one was taken while the kernel changed the sum.
    #[inline(always)]
    pub fn limit(self, jiffies: u32) -> u32 {
        let grown = jiffies.wrapping_sub(self.rwnd_limited().get());
        if grown.cast_signed() <= 0 {
            return 0;
        }
        self.rwnd_limited().set(jiffies);
        grown
    }

    /// Receives a part of a response.
    #[inline(always)]
    pub fn response(self, stamp: RecvStamp) {
        self.responded().set(1);
        self.received().set(stamp);
    }

    /// Forgets the last receive.
    #[inline(always)]
    pub fn clear_received(self) {
        self.received().set(RecvStamp::default());
    }

    /// Returns a reference to the socket.
    #[inline(always)]
    pub fn sock_ref(self) -> SockRef {
        SockRef {
            address: self.address().get(),
            slot: self.slot().get().into(),
            reserved: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_a_request_open_until_a_response() {
        let downstream = |address| SockRef {
            address,
            ..SockRef::default()
        };
        let mut socket = Socket::default();
        let slot = Slot::exclusive(&mut socket);
        assert!(slot.request(downstream(1)));
        assert!(!slot.request(downstream(2)), "the rest of the same request");
        assert_eq!(slot.peer(), downstream(1));
        slot.response(RecvStamp {
            recv_ns: 7,
            ..RecvStamp::default()
        });
        assert_eq!(
            (slot.peer(), slot.received().get().recv_ns),
            (downstream(1), 7)
        );
        assert!(slot.request(downstream(2)));
        assert_eq!(
            (slot.peer(), slot.received().get().recv_ns),
            (downstream(2), 0)
        );
    }

    #[test]
    fn counts_each_growth_of_a_limited_time_once() {
        let mut socket = Socket::default();
        let slot = Slot::exclusive(&mut socket);
        slot.set_peer(SockRef {
            address: 1,
            slot: 2,
            reserved: 0,
        });
        let grown = [5, 5, 9, 8, 9, 12].map(|jiffies| slot.limit(jiffies));
        assert_eq!(grown, [5, 0, 4, 0, 0, 3]);
        assert_eq!((slot.peer().address, slot.peer().slot), (1, 2));
        slot.rwnd_limited().set(u32::MAX);
        assert_eq!(slot.limit(2), 3, "the sum wraps around");
    }

    #[test]
    fn detects_sends_that_nagle_delays() {
        let small = TcpSendState {
            write_seq: 5,
            snd_nxt: u32::MAX,
            mss_cache: 1448,
            packets_out: 1,
            nonagle: 0,
        };
        assert!(nagle_delayed(small));
        for other in [
            TcpSendState {
                snd_nxt: 5,
                ..small
            },
            TcpSendState {
                mss_cache: 6,
                ..small
            },
            TcpSendState {
                packets_out: 0,
                ..small
            },
            TcpSendState {
                nonagle: 1,
                ..small
            },
        ] {
            assert!(!nagle_delayed(other), "{other:?}");
        }
    }
}
