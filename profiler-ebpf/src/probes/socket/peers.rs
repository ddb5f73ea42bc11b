//! Traffic with peers other than clients: of connections that the target opened or accepted from
//! third parties, of datagrams, and of named Unix sockets.
//!
//! Hooks: none; the programs of sends and receives call it.
//! Writes: `PEERS`, `PEER_TRAFFIC`, `FREE_PEERS`, `UNIX_PEERS`, `SOCKETS` (`peer_row`), `THREADS`
//! (datagrams whose peer `sys_exit` looks up).

use super::{AF_INET, AF_INET6, AF_UNIX, dns};
use crate::config::{
    ABSENT, OFF_SOCK_DADDR, OFF_SOCK_DPORT, OFF_SOCK_FAMILY, OFF_SOCK_NUM, OFF_SOCK_PROTOCOL,
    OFF_SOCK_V6_DADDR, OFF_UNIX_ADDR, OFF_UNIX_ADDRESS_LEN, OFF_UNIX_ADDRESS_NAME, OFF_UNIX_PEER,
};
use crate::hook::{Access, Helper, Object};
use crate::maps::{FREE_PEERS, LISTENING, PEER_TRAFFIC, PEERS, UNIX_PEERS, entry, slot};
use crate::sockets::TrackedSocket;
use crate::track::Tracked;
use aya_ebpf::bindings::BPF_NOEXIST;
use aya_ebpf::helpers::generated::bpf_probe_read_kernel;
use core::ffi::c_void;
use profiler_common::dns::DNS_PORT;
use profiler_common::peer::{ACCEPTED, NAME_LEN, TCP, UNIX};
use profiler_common::slot::opaque;
use profiler_common::socket::OF_THIRD_PARTY;
use profiler_common::syscall::names_a_peer;
use profiler_common::{PeerKey, PeerTraffic, UnixName};

/// Bytes of `sockaddr_un` before the name.
pub const FAMILY_LEN: u64 = 2;

/// A peer's first value, which takes no room on the stack here.
static NO_TRAFFIC: PeerTraffic = PeerTraffic {
    send_calls: 0,
    send_bytes: 0,
    recv_calls: 0,
    recv_bytes: 0,
    retransmits: 0,
    dns_answers: 0,
    dns_ns: 0,
    answers: 0,
    answer_ns: 0,
    rwnd_limited_ns: 0,
};

/// Counts data that was sent or received over a connection that the target opened.
#[inline(always)]
pub fn connected<A: Access>(socket: TrackedSocket, sock: Object<A>, sends: bool, bytes: u64) {
    count(socket, sends, bytes, || connected_row(sock.address()));
    let port: u16 = sock.read(OFF_SOCK_DPORT.load());
    if u16::from_be(port) == DNS_PORT {
        let row = socket.peer_row().get().into();
        dns::moved(sock.address(), 0, row, u32::from(sends) | dns::STREAM);
    }
}

/// Counts data over a connection that the target accepted from a third party: by the address of the
/// peer, whose port is any, and the port of the target.
#[inline(always)]
pub fn accepted<A: Access>(socket: TrackedSocket, sock: Object<A>, sends: bool, bytes: u64) {
    count(socket, sends, bytes, || accepted_row(sock.address()));
}

/// Counts a segment that was sent again over a connection of the target.
#[inline(always)]
pub fn retransmitted<A: Access>(socket: TrackedSocket, sock: Object<A>) {
    let row = row_of_connection(socket, sock);
    if let Some(traffic) = row.and_then(|row| slot(&PEER_TRAFFIC, row)) {
        traffic.retransmits().add_shared(1);
    }
}

/// Returns the row of the peer of a connection. Clients are no peers.
#[inline(always)]
pub fn row_of_connection<A: Access>(socket: TrackedSocket, sock: Object<A>) -> Option<u32> {
    match socket.accepted().get() {
        0 => Some(row_at(socket, || connected_row(sock.address()))),
        OF_THIRD_PARTY => Some(row_at(socket, || accepted_row(sock.address()))),
        _ => None,
    }
}

/// Adds to the row of a socket's peer. `find` gives the row at its first bytes.
#[inline(always)]
fn count(socket: TrackedSocket, sends: bool, bytes: u64, find: impl FnOnce() -> u32) {
    add_to_row(row_at(socket, find), sends, bytes);
}

/// Returns the row of a socket's peer, which `find` finds the first time.
#[inline(always)]
fn row_at(socket: TrackedSocket, find: impl FnOnce() -> u32) -> u32 {
    let mut row = socket.peer_row().get();
    if row == 0 {
        row = find() as u16;
        socket.peer_row().set(row);
    }
    row.into()
}

#[inline(always)]
fn add_to_row(row: u32, sends: bool, bytes: u64) {
    if let Some(traffic) = slot(&PEER_TRAFFIC, row) {
        traffic.add(sends, bytes);
    }
}

#[inline(never)]
fn connected_row(sock: u64) -> u32 {
    row_of(&key_of(Object::at(sock as *const u8)))
}

#[inline(never)]
fn accepted_row(sock: u64) -> u32 {
    row_of(&accepted_key(Object::at(sock as *const u8)))
}

/// Returns the key of a peer that connected to the target, from any of its ports.
#[inline(always)]
fn accepted_key(sock: Object<Helper>) -> PeerKey {
    PeerKey {
        port: sock.read(OFF_SOCK_NUM.load()),
        others: ACCEPTED,
        ..key_of(sock)
    }
}

/// Returns the peer that an Internet socket is connected to.
#[inline(always)]
pub fn internet_peer(sock: Object<Helper>) -> Option<PeerKey> {
    let family: u16 = sock.read(OFF_SOCK_FAMILY.load());
    if family != AF_INET && family != AF_INET6 {
        return None;
    }
    let key = key_of(sock);
    if key.port == 0 {
        return None;
    }
    let own_port: u16 = sock.read(OFF_SOCK_NUM.load());
    let is_accepted = key.protocol == TCP && LISTENING.get_ptr(own_port).is_some();
    Some(if is_accepted { accepted_key(sock) } else { key })
}

/// Returns address and length of the name of the socket that a Unix socket is connected to.
#[inline(always)]
pub fn unix_peer_name(sock: Object<Helper>) -> Option<(u64, u32)> {
    let family: u16 = sock.read(OFF_SOCK_FAMILY.load());
    if family != AF_UNIX || OFF_UNIX_PEER.load() == ABSENT || OFF_UNIX_ADDRESS_NAME.load() == ABSENT
    {
        return None;
    }
    let peer = sock.follow(OFF_UNIX_PEER.load());
    if peer.pointer().is_null() {
        return None;
    }
    let address = peer.follow(OFF_UNIX_ADDR.load());
    if address.pointer().is_null() {
        return None;
    }
    let len: u32 = address.read(OFF_UNIX_ADDRESS_LEN.load());
    let name = address.address() + OFF_UNIX_ADDRESS_NAME.load() + FAMILY_LEN;
    Some((name, len.wrapping_sub(FAMILY_LEN as u32)))
}

/// Counts data over a socket that is not one of TCP.
#[inline(always)]
pub fn moved<A: Access>(thread: Tracked, sock: Object<A>, sends: bool, bytes: u64) {
    let sock = Object::<Helper>::at(sock.pointer());
    let family: u16 = sock.read(OFF_SOCK_FAMILY.load());
    if family == AF_UNIX {
        return over_unix(thread, sock, sends, bytes);
    }
    if family != AF_INET && family != AF_INET6 {
        return;
    }
    let key = key_of(sock);
    if key.port == 0 {
        postpone(thread, key.protocol, sends, bytes);
    } else {
        let row = add(key, sends, bytes);
        if key.port == DNS_PORT {
            let port: u16 = sock.read(OFF_SOCK_NUM.load());
            dns::moved(sock.address(), port.into(), row, sends.into());
        }
    }
}

/// Leaves datagrams of a socket without a connection to the end of the system call, whose arguments
/// name the peer.
#[inline(always)]
fn postpone(thread: Tracked, protocol: u16, sends: bool, bytes: u64) {
    if names_a_peer(thread.syscall_nr().get()) {
        thread.datagram_bytes().add(bytes as u32);
        thread.datagram_protocol().set(protocol.into());
    } else {
        add(PeerKey::others(protocol), sends, bytes);
    }
}

/// Counts data over a Unix socket. That of a client has no name, and both ends of a socket pair
/// have none: they are left out.
#[inline(always)]
fn over_unix(thread: Tracked, sock: Object<Helper>, sends: bool, bytes: u64) {
    if OFF_UNIX_PEER.load() == ABSENT || OFF_UNIX_ADDRESS_NAME.load() == ABSENT {
        return;
    }
    let peer = sock.follow(OFF_UNIX_PEER.load());
    if peer.pointer().is_null() {
        return postpone(thread, UNIX, sends, bytes);
    }
    let address = peer.follow(OFF_UNIX_ADDR.load());
    if address.pointer().is_null() {
        return;
    }
    let len: u32 = address.read(OFF_UNIX_ADDRESS_LEN.load());
    let name = address.address() + OFF_UNIX_ADDRESS_NAME.load() + FAMILY_LEN;
    let is_counted = add_named(len, sends, bytes, |into, len| {
        // SAFETY: the helper fails on an address that it cannot read.
        unsafe { bpf_probe_read_kernel(into, len, name as *const c_void) == 0 }
    });
    if !is_counted {
        add(PeerKey::others(UNIX), sends, bytes);
    }
}

/// Adds to the name of a Unix socket; returns whether it has one and room. `len` is the length of
/// its `sockaddr_un`; `read` copies as many bytes of the name as it is given, to where it is given.
#[inline(always)]
pub fn add_named(
    len: u32,
    sends: bool,
    bytes: u64,
    read: impl FnOnce(*mut c_void, u32) -> bool,
) -> bool {
    let mut name = UnixName {
        name: [0; NAME_LEN],
        len: 0,
    };
    let len = opaque((len as usize).wrapping_sub(FAMILY_LEN as usize));
    if len == 0 || len > NAME_LEN || !read(name.name.as_mut_ptr().cast(), len as u32) {
        return false;
    }
    name.len = len as u32;
    // By reference: copies would not fit on the stack of three nested functions.
    let (name, first) = (&name, &NO_TRAFFIC);
    if entry(&UNIX_PEERS, name).is_none() {
        // Another CPU may add the same name at this moment: the look-up then finds its entry.
        let _ = UNIX_PEERS.insert(name, first, BPF_NOEXIST.into());
    }
    let found = entry(&UNIX_PEERS, name);
    if let Some(traffic) = found {
        traffic.add(sends, bytes);
    }
    found.is_some()
}

/// Adds to a peer, or to the others of its protocol if it has no room; returns its row.
#[inline(always)]
pub fn add(key: PeerKey, sends: bool, bytes: u64) -> u32 {
    let row = row_of(&key);
    add_to_row(row, sends, bytes);
    row
}

/// Returns the row of a peer, or that of the others of its protocol.
#[inline(always)]
fn row_of(key: &PeerKey) -> u32 {
    if let Some(row) = known_row(key) {
        return row;
    }
    if let Ok(Some(free)) = FREE_PEERS.pop()
        && PEERS.insert(key, free, BPF_NOEXIST.into()).is_err()
    {
        // Another CPU added it at the same moment.
        let _ = FREE_PEERS.push(free, 0);
    }
    let row = known_row(key).or_else(|| known_row(&PeerKey::others(key.protocol)));
    row.unwrap_or(0)
}

#[inline(always)]
fn known_row(key: &PeerKey) -> Option<u32> {
    let row = PEERS.get_ptr(key)?;
    // SAFETY: a value of a preallocated hash stays in place, and a number is written whole.
    Some(unsafe { row.read_volatile() })
}

/// Returns the peer that a socket is connected to; one with port 0 if it is not.
#[inline(always)]
fn key_of(sock: Object<Helper>) -> PeerKey {
    let protocol: u16 = sock.read(OFF_SOCK_PROTOCOL.load());
    let port = u16::from_be(sock.read(OFF_SOCK_DPORT.load()));
    let family: u16 = sock.read(OFF_SOCK_FAMILY.load());
    if family == AF_INET6 && OFF_SOCK_V6_DADDR.load() != ABSENT {
        return PeerKey {
            address: sock.read(OFF_SOCK_V6_DADDR.load()),
            port,
            protocol,
            others: 0,
        };
    }
    PeerKey::v4(sock.read(OFF_SOCK_DADDR.load()), port, protocol)
}
