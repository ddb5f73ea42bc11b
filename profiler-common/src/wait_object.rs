//! The file or the peer that a thread waited for in a system call on a descriptor.

use crate::PeerKey;
use crate::call_stack::{HASH_SEED, mix};
use crate::numbers::{
    ACCEPT, ACCEPT4, CONNECT, COPY_FILE_RANGE, FALLOCATE, FDATASYNC, FLOCK, FSYNC, FTRUNCATE,
    GETDENTS64, PREAD64, PREADV, PREADV2, PWRITE64, PWRITEV, PWRITEV2, READ, READV, RECVFROM,
    RECVMMSG, RECVMSG, SENDFILE, SENDMMSG, SENDMSG, SENDTO, SPLICE, SYNC_FILE_RANGE, SYNCFS, WRITE,
    WRITEV,
};

/// Words of a name.
const NAME_WORDS: usize = 14;
/// Bytes of a name: those of the longest name of a Unix socket fit. Longer names of files are cut.
pub const NAME_BYTES: usize = NAME_WORDS * size_of::<u64>();
/// Files and peers that the map holds. The recorder takes them out before it is full.
pub const MAX_WAIT_OBJECTS: u32 = 2_048;

/// Value of [`WaitObject::kind`] for a file: a regular one, a folder or a block device.
pub const FILE: u32 = 1;
/// Value of [`WaitObject::kind`] for the peer of an Internet socket.
pub const PEER: u32 = 2;
/// Value of [`WaitObject::kind`] for the peer of a Unix socket.
pub const UNIX_PEER: u32 = 3;

/// A file or a peer. The observed process chooses names: they are bytes, without a meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct WaitObject {
    /// [`FILE`], [`PEER`] or [`UNIX_PEER`].
    pub kind: u32,
    /// Bytes of the name of a Unix socket.
    pub name_len: u32,
    /// Inode of the file.
    pub inode: u64,
    /// Device of the file's file system, as the kernel keeps it.
    pub device: u32,
    /// Thread group that waited, to find the path of the file.
    pub tgid: u32,
    /// Its descriptor.
    pub descriptor: u32,
    /// Padding.
    pub padding: u32,
    /// The peer of an Internet socket.
    pub peer: PeerKey,
    /// Last part of the file's path, with a NUL behind its end, or the name of a Unix socket.
    pub name: [u64; NAME_WORDS],
}

const _: () = assert!(size_of::<WaitObject>() == 168);

impl WaitObject {
    /// Returns its key. Processes with the same file or peer share it.
    #[inline(always)]
    pub fn key(&self) -> u64 {
        let mut hash = mix(
            HASH_SEED,
            (u64::from(self.device) << 32) | u64::from(self.kind),
        );
        hash = mix(hash, self.inode);
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = self.peer.address;
        hash = mix(hash, u64::from_ne_bytes([a, b, c, d, e, f, g, h]));
        hash = mix(hash, u64::from_ne_bytes([i, j, k, l, m, n, o, p]));
        let PeerKey { port, protocol, .. } = self.peer;
        let ports = (u64::from(self.peer.others) << 32) | (u64::from(protocol) << 16);
        hash = mix(hash, ports | u64::from(port));
        for word in &self.name {
            hash = mix(hash, *word);
        }
        hash | 1
    }

    /// Returns the bytes of the name.
    pub fn name(&self) -> [u8; NAME_BYTES] {
        let mut bytes = [0; NAME_BYTES];
        for (place, word) in bytes.chunks_exact_mut(size_of::<u64>()).zip(self.name) {
            place.copy_from_slice(&word.to_ne_bytes());
        }
        bytes
    }
}

/// An argument of a system call that is a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Argument {
    /// The first.
    First,
    /// The second.
    Second,
}

/// Returns the argument that names what a call waits for; `None` for a call that waits for several
/// descriptors, or for none.
#[inline(always)]
pub fn descriptor_of(nr: u32) -> Option<Argument> {
    match nr {
        READ | WRITE | PREAD64 | PWRITE64 | READV | WRITEV | PREADV | PWRITEV | PREADV2
        | PWRITEV2 | FSYNC | FDATASYNC | SYNC_FILE_RANGE | SYNCFS | FTRUNCATE | FALLOCATE
        | FLOCK | GETDENTS64 | COPY_FILE_RANGE | CONNECT | ACCEPT | ACCEPT4 | SENDTO | SENDMSG
        | SENDMMSG | RECVFROM | RECVMSG | RECVMMSG | SPLICE => Some(Argument::First),
        // The file; the first argument is the socket.
        SENDFILE => Some(Argument::Second),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_different_files_and_peers_different_keys() {
        let file = WaitObject {
            kind: FILE,
            inode: 7,
            device: 1,
            ..WaitObject::default()
        };
        let elsewhere = WaitObject { device: 2, ..file };
        let mut named = file;
        named.name[0] = 1;
        let peer = WaitObject {
            kind: PEER,
            peer: PeerKey::v4([127, 0, 0, 1], 80, crate::peer::TCP),
            ..WaitObject::default()
        };
        let mut other_port = peer;
        other_port.peer.port = 81;
        let keys = [file, elsewhere, named, peer, other_port].map(|object| object.key());
        for (place, key) in keys.iter().enumerate() {
            assert!(*key != 0 && !keys[..place].contains(key), "{place}");
        }
        // Who waits for it does not matter.
        let by_another = WaitObject {
            tgid: 5,
            descriptor: 9,
            ..file
        };
        assert_eq!(by_another.key(), file.key());
    }

    #[test]
    fn finds_the_file_of_sendfile_behind_its_socket() {
        assert_eq!(descriptor_of(SENDFILE), Some(Argument::Second));
        assert_eq!(descriptor_of(FSYNC), Some(Argument::First));
        assert_eq!(descriptor_of(crate::numbers::FUTEX), None);
    }
}
