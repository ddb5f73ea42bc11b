//! Answers over connections that the target opened: from the last send of a request until the
//! first byte of its answer arrives. Counted when the target receives them.
//!
//! Hooks: none; the socket programs call it.
//! Writes: `SOCKETS` (`arrival_ns`, `asked`), `PEER_TRAFFIC` (`answers`, `answer_ns`),
//! `HISTOGRAMS`.

use crate::maps::{PEER_TRAFFIC, observe, slot};
use crate::sockets::TrackedSocket;
use crate::track::{Tracked, now};
use profiler_common::histogram::Kind;

/// The thread has sent a request, or a part of one.
#[inline(always)]
pub fn ask(thread: Tracked, socket: TrackedSocket) {
    socket.ask(thread.send_began(now()));
}

/// Returns when the data that is received at `recv_ns` became readable, 0 if that was missed.
#[inline(always)]
pub fn take_arrival(socket: TrackedSocket, recv_ns: u64) -> u64 {
    let (arrival_ns, length) = socket.take_arrival(recv_ns);
    if let Some(length) = length {
        observe(Kind::Upstream, length);
        if let Some(traffic) = slot(&PEER_TRAFFIC, socket.peer_row().get().into()) {
            traffic.answers().add_shared(1);
            traffic.answer_ns().add_shared(length);
        }
    }
    arrival_ns
}
