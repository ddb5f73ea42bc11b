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
    /// round. Only kept where threads are a pool (see [`crate::Pairing`]).
    pub peer: Place,
    /// The last receive, of a socket that has a peer, until it is sent on.
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

impl Socket {
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
