//! Pairs each receive from upstream with the downstream send that it causes.
//!
//! Hooks: none; the socket programs call it.
//! Writes: `THREADS` (`received`, `serving`), `SOCKETS` (`peer_*`, `received`), `GOROUTINES`,
//! `FIFO`.

use crate::config::{FIFO_PAIRING, GOROUTINE_PAIRING, PAIRING};
use crate::maps::{FIFO, GOROUTINES, count, slot};
use crate::sockets::{self, TrackedSocket};
use crate::track::Tracked;
use profiler_common::goroutine::{self, GoroutineStamp};
use profiler_common::relay::Received;
use profiler_common::slot::Field;
use profiler_common::{Goroutines, RecvStamp, Slot};

/// The thread receives from a client, and serves it from now on.
#[inline(always)]
pub fn serve(thread: Tracked, downstream: TrackedSocket) {
    if PAIRING.load() != FIFO_PAIRING {
        thread.serve(downstream.sock_ref());
    }
}

/// The thread sends a request over a connection that the target opened.
#[inline(always)]
pub fn request(thread: Tracked, upstream: TrackedSocket) {
    if PAIRING.load() != FIFO_PAIRING
        && upstream.request(thread.serves())
        && let Some(downstream) = sockets::at(upstream.peer())
    {
        downstream.set_peer(upstream.sock_ref());
    }
}

/// The thread receives from upstream: stores the stamp for the send that will relay it.
#[inline(always)]
pub fn receive(thread: Tracked, upstream: TrackedSocket, arrival_ns: u64, recv_ns: u64) {
    let received = Received {
        arrival_ns,
        waking_ns: thread.waking_ns().get(),
        switched_in_ns: thread.switched_in_ns().get(),
        recv_ns,
    };
    store_stamp(thread, upstream, RecvStamp::of(received));
}

#[inline(always)]
fn store_stamp(thread: Tracked, upstream: TrackedSocket, stamp: RecvStamp) {
    match PAIRING.load() {
        FIFO_PAIRING => {
            if let Some(fifo) = slot(&FIFO, 0) {
                fifo.receiver().set(thread.slot().get());
                fifo.push(stamp);
            }
        }
        GOROUTINE_PAIRING => {
            store_for_goroutine(thread, stamp);
            upstream.response(stamp);
        }
        _ if upstream.peer_address().get() != 0 => {
            thread.received().set(RecvStamp::default());
            thread.serve(upstream.peer());
            upstream.response(stamp);
        }
        _ => thread.received().set(stamp),
    }
}

#[inline(always)]
fn store_for_goroutine(thread: Tracked, stamp: RecvStamp) {
    let tag = goroutine::tag(thread.goroutine().get());
    let Some(set) = set_of(tag) else { return };
    let serial = thread.serial().get();
    let new = GoroutineStamp {
        stamp,
        thread: serial,
        tag,
    };
    if let Some(before) = set.store_receive(new) {
        count(|counters| {
            counters.goroutine_receives += 1;
            counters.goroutine_moves += u64::from(before != serial);
        });
    }
}

/// A goroutine runs on one CPU at a time, so its own entry has one writer. Two goroutines that
/// enter one set at the same moment may lose a stamp, or get one that is off.
#[inline(always)]
fn set_of(tag: u32) -> Option<Slot<'static, Goroutines>> {
    slot(&GOROUTINES, goroutine::set_of(tag))
}

/// Takes the stamp of the receive that a send to a client relays.
#[inline(always)]
pub fn take_stamp(thread: Tracked, downstream: TrackedSocket) -> Option<RecvStamp> {
    match PAIRING.load() {
        FIFO_PAIRING => slot(&FIFO, 0)?.pop(),
        GOROUTINE_PAIRING => {
            let tag = goroutine::tag(thread.goroutine().get());
            if let Some(stamp) = set_of(tag)?.take_receive(tag) {
                // No other goroutine relays this one again.
                downstream.received().set(stamp);
                return Some(stamp);
            }
            let relayed_ns = downstream.received().get().recv_ns;
            let stamp = take(upstream_of(downstream)?.received())?;
            (stamp.recv_ns > relayed_ns).then_some(stamp)
        }
        _ => match upstream_of(downstream) {
            Some(upstream) => take(upstream.received()),
            None => take(thread.received()),
        },
    }
}

/// The socket over which the last request for a client was sent.
#[inline(always)]
fn upstream_of(downstream: TrackedSocket) -> Option<TrackedSocket> {
    let upstream = sockets::at(downstream.peer())?;
    (upstream.peer() == downstream.sock_ref()).then_some(upstream)
}

#[inline(always)]
fn take(stamp: Field<'static, RecvStamp>) -> Option<RecvStamp> {
    let stamp = stamp.replace(RecvStamp::default());
    (stamp.recv_ns != 0).then_some(stamp)
}
