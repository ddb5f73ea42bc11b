//! Which sockets are followed, and where their state is kept.

use crate::config::OFF_SOCK_HASH;
use crate::hook::Object;
use crate::maps::{FREE_SOCKETS, SOCKET_NOTES, SOCKET_SLOTS, SOCKETS, count};
use aya_ebpf::bindings::BPF_NOEXIST;
use profiler_common::Socket;
use profiler_common::socket::{NOBODY, NOTES, Note, Place};

/// The state of a socket, if it is followed.
#[inline(always)]
pub fn existing(sock: Object) -> Option<&'static mut Socket> {
    let (address, noted) = (sock.address(), note_of(sock)?);
    if noted.address == address {
        if noted.slot == NOBODY {
            return None;
        }
        let socket = in_slot(noted.slot)?;
        // A slot may have been freed since, and be another socket's.
        if socket.address == address {
            return Some(socket);
        }
    }
    let slot = looked_up(address).unwrap_or(NOBODY);
    note(noted, address, slot);
    in_slot(slot)
}

/// The socket of a place, if it is still there.
#[inline(always)]
pub fn at(place: Place) -> Option<&'static mut Socket> {
    let socket = in_slot(place.slot)?;
    (place.address != 0 && socket.address == place.address).then_some(socket)
}

/// Begins to follow a socket, also if it was followed before.
#[inline(always)]
pub fn follow(sock: Object, accepted: bool) -> Option<&'static mut Socket> {
    let slot = begin(sock.address(), accepted);
    if let Some(noted) = note_of(sock) {
        note(noted, sock.address(), slot);
    }
    in_slot(slot)
}

/// Forgets a socket; says whether it was followed.
#[inline(always)]
pub fn forget(sock: Object) -> bool {
    let address = sock.address();
    let Some(slot) = looked_up(address) else {
        return false;
    };
    // One CPU alone removes it, and frees the slot.
    if SOCKET_SLOTS.remove(address).is_err() {
        return false;
    }
    if let Some(socket) = in_slot(slot) {
        socket.address = 0;
    }
    // Cannot fail: the queue has room for every slot.
    let _ = FREE_SOCKETS.push(slot, 0);
    true
}

/// Returns its slot, or `NOBODY` if there is no room.
#[inline(never)]
fn begin(address: u64, accepted: bool) -> u32 {
    let slot = slot_for(address).unwrap_or(NOBODY);
    if let Some(socket) = in_slot(slot) {
        *socket = Socket {
            accepted: accepted.into(),
            slot,
            ..Socket::default()
        };
        socket.address = address;
    }
    slot
}

#[inline(always)]
fn slot_for(address: u64) -> Option<u32> {
    let Ok(Some(slot)) = FREE_SOCKETS.pop() else {
        count(|counters| counters.lost_sockets += 1);
        return None;
    };
    if SOCKET_SLOTS
        .insert(address, slot, BPF_NOEXIST.into())
        .is_ok()
    {
        return Some(slot);
    }
    // It is there already, or another CPU began with it at the same moment.
    let _ = FREE_SOCKETS.push(slot, 0);
    looked_up(address)
}

#[inline(always)]
fn in_slot(slot: u32) -> Option<&'static mut Socket> {
    let socket = SOCKETS.get_ptr_mut(slot)?;
    // SAFETY: an array's memory stays in place; a torn stamp would be off by one chunk at worst.
    Some(unsafe { &mut *socket })
}

#[inline(always)]
fn looked_up(address: u64) -> Option<u32> {
    let slot = SOCKET_SLOTS.get_ptr(address)?;
    // SAFETY: a value of a preallocated map stays in place, and a slot is written once.
    Some(unsafe { *slot })
}

#[inline(always)]
fn note_of(sock: Object) -> Option<&'static mut Note> {
    let place = sock.read::<u32>(OFF_SOCK_HASH.load()) % NOTES;
    let note = SOCKET_NOTES.get_ptr_mut(place)?;
    // SAFETY: an array's memory stays in place. Two CPUs may write at the same moment: a slot is only believed if it is the
    // socket's own, and a socket that was wrongly noted as nobody's is put right by its next send or receive.
    Some(unsafe { &mut *note })
}

#[inline(always)]
fn note(note: &mut Note, address: u64, slot: u32) {
    note.slot = slot;
    note.address = address;
}
