//! A socket that is followed, and a cheap way to where its state is kept.
//!
//! Most sockets that anything arrives on are not the target's, and have to be told from those that are at once. So what was last
//! found out about a socket, its slot or that it has none, is noted in a table, by the hash that the kernel keeps in the socket
//! for its own table. (One of the address would have to be calculated, which the verifier does not allow with a pointer.)

use crate::Stamp;

/// Sockets that can be followed at one time.
pub const MAX_SOCKETS: u32 = 65_536;
/// Stands for the slot of a socket that is not followed.
pub const NOBODY: u32 = u32::MAX;
/// Notes, a power of two: sockets whose hashes have the same low bits share one.
pub const NOTES: u32 = 1 << 13;

/// What was last found out about a socket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Note {
    /// Where the kernel has the socket.
    pub address: u64,
    /// Its slot, or [`NOBODY`].
    pub slot: u32,
    /// Padding.
    pub reserved: u32,
}

const _: () = assert!(size_of::<Note>() == 16);

/// A socket of the target that is being followed: a cache line, so that two CPUs with two sockets do not meet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Socket {
    /// Where the kernel has it; 0 if nobody has the slot.
    pub address: u64,
    /// When data became readable, monotonic ns; 0 once it was received.
    pub arrival_ns: u64,
    /// The other end of what goes through the target: of a socket that it opened, the one it was accepted on, and the other way
    /// round. Not kept where pairing is first in, first out (see [`crate::Pairing`]).
    pub peer: Place,
    /// The last receive, of a socket that has a peer, until it is sent on. Of an accepted socket: what a goroutine sent last that had
    /// received it itself.
    pub received: Stamp,
    /// 1: the target accepted it (its local port is one the target listens on); 0: the target opened it.
    pub accepted: u16,
    /// 1: something was received since its peer was found out, so that the next send is another question.
    pub answered: u16,
    /// Its own slot.
    pub slot: u32,
}

const _: () = assert!(size_of::<Socket>() == 64);

/// Where a socket's state is kept, to be believed if the socket there has the address: slots are used again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Place {
    /// Where the kernel has the socket; 0 for none.
    pub address: u64,
    /// Its slot.
    pub slot: u32,
    /// Padding.
    pub reserved: u32,
}

/// What TCP has of a connection just after a send.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Sequence number after the last byte that the program gave it (`write_seq`),
    pub written: u32,
    /// and after the last that went out (`snd_nxt`).
    pub sent: u32,
    /// Bytes that fill a segment (`mss_cache`).
    pub segment: u32,
    /// Segments on their way, not yet acknowledged (`packets_out`).
    pub on_their_way: u32,
    /// Whether the program asked for no delay, or for more delay than that (`nonagle`): 0 if neither.
    pub asked: u32,
}

/// Whether Nagle's algorithm (RFC 896, RFC 9293 section 3.7.4) keeps what was sent last: it does not fill a segment, and something
/// before it is not acknowledged yet.
#[inline(always)]
pub fn held_back(sent: Sent) -> bool {
    let kept = sent.written.wrapping_sub(sent.sent);
    kept > 0 && kept < sent.segment && sent.on_their_way > 0 && sent.asked == 0
}

impl Socket {
    /// Something is sent over it, on behalf of `client` if that is known. Says whether it is another question than the last: until
    /// something comes back, all that is sent belongs to the same, whoever sends it.
    #[inline(always)]
    pub fn ask(&mut self, client: Place) -> bool {
        if self.peer.address != 0 && self.answered == 0 {
            return false;
        }
        self.answered = 0;
        self.received.recv_ns = 0;
        self.peer = client;
        true
    }

    /// Something came back.
    #[inline(always)]
    pub fn answer(&mut self, stamp: Stamp) {
        self.answered = 1;
        self.received = stamp;
    }

    /// Where it is kept.
    #[inline(always)]
    pub fn place(&self) -> Place {
        Place {
            address: self.address,
            slot: self.slot,
            reserved: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_one_until_something_comes_back() {
        let client = |address| Place {
            address,
            ..Place::default()
        };
        let mut socket = Socket::default();
        assert!(socket.ask(client(1)));
        assert!(!socket.ask(client(2)), "the rest of the same");
        assert_eq!(socket.peer, client(1));
        socket.answer(Stamp {
            recv_ns: 7,
            ..Stamp::default()
        });
        assert_eq!((socket.peer, socket.received.recv_ns), (client(1), 7));
        assert!(socket.ask(client(2)));
        assert_eq!((socket.peer, socket.received.recv_ns), (client(2), 0));
    }

    #[test]
    fn a_small_send_behind_one_without_acknowledgement_is_held_back() {
        let small = Sent {
            written: 5,
            sent: u32::MAX,
            segment: 1448,
            on_their_way: 1,
            asked: 0,
        };
        assert!(held_back(small));
        for other in [
            Sent { sent: 5, ..small },
            Sent {
                segment: 6,
                ..small
            },
            Sent {
                on_their_way: 0,
                ..small
            },
            Sent { asked: 1, ..small },
        ] {
            assert!(!held_back(other), "{other:?}");
        }
    }
}
