//! Which sockets are tracked, and where their state is kept.

use crate::config::OFF_SOCK_HASH;
use crate::hook::{Access, Object};
use crate::maps::{FREE_SOCKETS, SOCK_CACHE, SOCKET_SLOTS, SOCKETS, TRACKING, count, slot};
use aya_ebpf::bindings::BPF_NOEXIST;
use profiler_common::socket::{NO_SLOT, SOCK_CACHE_LEN, SockRef};
use profiler_common::{Slot, SockCacheEntry, Socket};

/// The state of a tracked socket. Several CPUs may write to it at once. A torn receive stamp would
/// be off by one chunk at worst.
pub type TrackedSocket = Slot<'static, Socket>;

type CacheEntry = Slot<'static, SockCacheEntry>;

/// Returns the state of a socket, if it is tracked.
#[inline(always)]
pub fn lookup<A: Access>(sock: Object<A>) -> Option<TrackedSocket> {
    let (address, cached) = (sock.address(), cache_entry(sock)?);
    // Read before the slot is looked for: one that is inserted meanwhile changes it.
    let begun = slot(&TRACKING, 0)?.begun().get() as u32;
    if cached.address().get() == address {
        let found = cached.slot().get();
        if found == NO_SLOT && cached.begun().get() == begun {
            return None;
        }
        // The slot may have been freed since, and be another socket's.
        if let Some(socket) = slot(&SOCKETS, found)
            && socket.address().get() == address
        {
            return Some(socket);
        }
    }
    let found = slot_of(address).unwrap_or(NO_SLOT);
    cached.begun().set(begun);
    set(cached, address, found);
    slot(&SOCKETS, found)
}

/// Returns the socket of a reference, if it is still tracked.
#[inline(always)]
pub fn at(reference: SockRef) -> Option<TrackedSocket> {
    let socket = slot(&SOCKETS, reference.slot)?;
    let same = socket.address().get() == reference.address;
    (reference.address != 0 && same).then_some(socket)
}

/// Begins to track a socket, also one that was tracked before.
#[inline(always)]
pub fn track<A: Access>(sock: Object<A>, accepted: u8) -> Option<TrackedSocket> {
    let found = insert(sock.address(), accepted);
    if let Some(cached) = cache_entry(sock) {
        set(cached, sock.address(), found);
    }
    slot(&SOCKETS, found)
}

/// Ends the tracking of a socket; returns whether it was tracked.
#[inline(always)]
pub fn remove<A: Access>(sock: Object<A>) -> bool {
    let address = sock.address();
    let Some(found) = slot_of(address) else {
        return false;
    };
    // Only one CPU can remove the entry, and that one frees the slot.
    if SOCKET_SLOTS.remove(address).is_err() {
        return false;
    }
    if let Some(socket) = slot(&SOCKETS, found) {
        socket.address().set(0);
    }
    // Cannot fail: the queue has room for every slot.
    let _ = FREE_SOCKETS.push(found, 0);
    true
}

/// Returns the socket's slot, or `NO_SLOT` if there is no room.
#[inline(never)]
fn insert(address: u64, accepted: u8) -> u32 {
    let found = slot_for(address).unwrap_or(NO_SLOT);
    if let Some(socket) = slot(&SOCKETS, found) {
        socket.store(Socket {
            accepted,
            slot: found as u16,
            ..Socket::default()
        });
        socket.address().set(address);
    }
    if let Some(tracking) = slot(&TRACKING, 0) {
        tracking.begun().add_shared(1);
    }
    found
}

#[inline(always)]
fn slot_for(address: u64) -> Option<u32> {
    let Ok(Some(free)) = FREE_SOCKETS.pop() else {
        count(|counters| counters.lost_sockets += 1);
        return None;
    };
    if SOCKET_SLOTS
        .insert(address, free, BPF_NOEXIST.into())
        .is_ok()
    {
        return Some(free);
    }
    // It is tracked already, or another CPU began to track it at the same moment.
    let _ = FREE_SOCKETS.push(free, 0);
    slot_of(address)
}

#[inline(always)]
fn slot_of(address: u64) -> Option<u32> {
    let found = SOCKET_SLOTS.get_ptr(address)?;
    // SAFETY: a value of a preallocated hash stays in place, and a number is written whole.
    Some(unsafe { found.read_volatile() })
}

/// Returns the cache's entry for a socket.
///
/// Two CPUs may write it at the same moment. A slot counts only if it is the socket's own. That the
/// socket has none can be the answer for another one only at such a moment, and until the next
/// socket is tracked.
#[inline(always)]
fn cache_entry<A: Access>(sock: Object<A>) -> Option<CacheEntry> {
    let hash: u32 = sock.read(OFF_SOCK_HASH.load());
    slot(&SOCK_CACHE, hash % SOCK_CACHE_LEN)
}

#[inline(always)]
fn set(cached: CacheEntry, address: u64, slot: u32) {
    cached.slot().set(slot);
    cached.address().set(address);
}
