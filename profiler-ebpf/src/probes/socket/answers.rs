//! Answers over connections that the target opened: from the last send of a request until the
//! first byte of its answer arrives.
//!
//! Hooks: none; the socket programs call it.
//! Writes: `SOCKETS` (`arrival_ns`), `PEER_TRAFFIC` (`answers`, `answer_ns`), `HISTOGRAMS`.

use super::TCP_ESTABLISHED;
use crate::config::OFF_SOCK_STATE;
use crate::hook::{Access, Object};
use crate::maps::{PEER_TRAFFIC, observe, slot};
use crate::sockets::TrackedSocket;
use crate::track::{Tracked, now};
use profiler_common::histogram::Kind;

/// The thread has sent a request, or a part of one.
#[inline(always)]
pub fn ask(thread: Tracked, socket: TrackedSocket) {
    add(socket, socket.ask(thread.send_began(now())));
}

/// Data became readable. The end of a connection is readable too, and answers nothing: if an answer
/// came with it, the receive finds it.
#[inline(always)]
pub fn arrive<A: Access>(socket: TrackedSocket, sock: Object<A>) {
    let state: u8 = sock.read(OFF_SOCK_STATE.load());
    if !socket.is_asked() || u32::from(state) == TCP_ESTABLISHED {
        add(socket, socket.arrive(now()));
    }
}

/// Returns when the data that is received at `recv_ns` became readable, 0 if that was missed.
#[inline(always)]
pub fn take_arrival(socket: TrackedSocket, recv_ns: u64) -> u64 {
    let (arrival_ns, length) = socket.take_arrival(recv_ns);
    add(socket, length);
    arrival_ns
}

/// Counts an answer that took `length` ns.
#[inline(always)]
fn add(socket: TrackedSocket, length: Option<u64>) {
    let Some(length) = length else { return };
    observe(Kind::Upstream, length);
    if let Some(traffic) = slot(&PEER_TRAFFIC, socket.peer_row().get().into()) {
        traffic.answers().add_shared(1);
        traffic.answer_ns().add_shared(length);
    }
}
