//! Socket activity of the target's IPv4 and IPv6 sockets, and the time from socket in to socket out.
//!
//! Hooks: `sock_send_length`, `sock_recv_length` (Linux 6.3), `sk_data_ready`, `inet_sock_set_state`,
//! `tcp_retransmit_skb`.

use crate::config::{
    BIT_TCP_NONAGLE, DIRECT_LOADS, FIFO_PAIRING, GOROUTINE_PAIRING, OFF_SOCK_FAMILY, OFF_SOCK_NUM,
    OFF_TCP_ON_THEIR_WAY, OFF_TCP_SEGMENT, OFF_TCP_SENT, OFF_TCP_WRITTEN, PAIRING,
};
use crate::hook::{Args, Object, hooks};
use crate::maps::{FIFO, GOROUTINES, LISTENING, count, forwarded, observe, window_start};
use crate::sockets;
use crate::track::{current, now};
use aya_ebpf::helpers::generated::bpf_skc_to_tcp_sock;
use profiler_common::forward::Received;
use profiler_common::goroutine::GoroutineStamp;
use profiler_common::histogram::Kind;
use profiler_common::socket::{Sent, held_back};
use profiler_common::{Counters, Goroutines, Socket, Stamp, Thread, goroutine};

hooks! {
    "sock_send_length" => send as sock_send_length, sock_send_length_raw;
    "sock_recv_length" => recv as sock_recv_length, sock_recv_length_raw;
    "sk_data_ready" => data_ready as sk_data_ready, sk_data_ready_raw;
    "inet_sock_set_state" => set_state as inet_sock_set_state, inet_sock_set_state_raw;
    "tcp_retransmit_skb" => retransmit as tcp_retransmit_skb, tcp_retransmit_skb_raw;
}

const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
const MSG_PEEK: u64 = 2;
const TCP_ESTABLISHED: u32 = 1;
const TCP_SYN_SENT: u32 = 2;
const TCP_CLOSE: u32 = 7;

#[inline(always)]
fn send(args: Args) {
    let Some((thread, socket, bytes)) = moved(args) else {
        return;
    };
    observe(Kind::SendSize, bytes);
    if socket.accepted == 0 {
        asks(thread, socket);
        return count(|counters| sent(counters, bytes));
    }
    let held = held_back(tcp_of(args.object::<0>()));
    let stamp = take_stamp(thread, socket);
    if let Some(stamp) = &stamp {
        let now = now();
        observe(Kind::RecvToSend, now.saturating_sub(stamp.recv_ns));
        if stamp.arrival_ns != 0 {
            forwarded(stamp, now);
        }
    }
    count(|counters| {
        sent(counters, bytes);
        if held {
            counters.held_sends += 1;
        }
        match stamp {
            Some(_) => counters.forwards_matched += 1,
            None => counters.forwards_unmatched += 1,
        }
    });
}

#[inline(always)]
fn sent(counters: &mut Counters, bytes: u64) {
    counters.send_calls += 1;
    counters.send_bytes += bytes;
}

#[inline(always)]
fn recv(args: Args) {
    // What is only looked at will be received again.
    if args.word::<2>() & MSG_PEEK != 0 {
        return;
    }
    let Some((thread, socket, bytes)) = moved(args) else {
        return;
    };
    count(|counters| {
        counters.recv_calls += 1;
        counters.recv_bytes += bytes;
    });
    observe(Kind::RecvSize, bytes);
    // Cleared on every receive: what arrives later gets a stamp of its own.
    let arrival_ns = core::mem::take(&mut socket.arrival_ns);
    if socket.accepted == 1 {
        if PAIRING.load() != FIFO_PAIRING {
            thread.serve(socket.place());
        }
        return;
    }
    let recv_ns = now();
    if arrival_ns != 0 {
        observe(Kind::ArrivalToRecv, recv_ns.saturating_sub(arrival_ns));
    }
    let received = Received {
        arrival_ns,
        waking_ns: thread.waking_ns,
        ran_ns: thread.ran_ns,
        recv_ns,
    };
    keep_stamp(thread, socket, Stamp::of(received));
}

/// What TCP has of the connection of a socket.
#[inline(always)]
fn tcp_of(sock: Object) -> Sent {
    let tcp = if DIRECT_LOADS.load() == 1 {
        // SAFETY: the helper takes any socket, and gives nothing if it is not one of TCP.
        Object(unsafe { bpf_skc_to_tcp_sock(sock.0.cast_mut().cast()) }.cast())
    } else {
        sock
    };
    if tcp.0.is_null() {
        return Sent::default();
    }
    let bit = BIT_TCP_NONAGLE.load();
    Sent {
        written: tcp.read(OFF_TCP_WRITTEN.load()),
        sent: tcp.read(OFF_TCP_SENT.load()),
        segment: tcp.read(OFF_TCP_SEGMENT.load()),
        on_their_way: tcp.read(OFF_TCP_ON_THEIR_WAY.load()),
        asked: u32::from(tcp.read::<u8>(bit / 8) >> (bit % 8)) & 0xf,
    }
}

/// The thread asks something over a connection that the target opened.
#[inline(always)]
fn asks(thread: &Thread, socket: &mut Socket) {
    if PAIRING.load() != FIFO_PAIRING
        && socket.ask(thread.serves())
        && let Some(client) = sockets::at(socket.peer)
    {
        client.peer = socket.place();
    }
}

/// The thread, socket and size of a call that moved bytes over an internet socket of the target.
#[inline(always)]
fn moved(args: Args) -> Option<(&'static mut Thread, &'static mut Socket, u64)> {
    let thread = current()?;
    let bytes = args.word::<1>() as u32 as i32;
    let sock = args.object::<0>();
    let family: u16 = sock.read(OFF_SOCK_FAMILY.load());
    if bytes <= 0 || (family != AF_INET && family != AF_INET6) {
        return None;
    }
    Some((thread, socket_of(sock)?, bytes as u64))
}

/// On first sight, the target accepted the socket if its local port is one the target listens on.
#[inline(always)]
fn socket_of(sock: Object) -> Option<&'static mut Socket> {
    if let Some(socket) = sockets::existing(sock) {
        return Some(socket);
    }
    let port: u16 = sock.read(OFF_SOCK_NUM.load());
    sockets::follow(sock, LISTENING.get_ptr(port).is_some())
}

#[inline(always)]
fn keep_stamp(thread: &mut Thread, socket: &mut Socket, stamp: Stamp) {
    match PAIRING.load() {
        FIFO_PAIRING => {
            if let Some(fifo) = FIFO.get_ptr_mut(0) {
                // SAFETY: the thread that receives is the queue's only writer.
                let fifo = unsafe { &mut *fifo };
                fifo.receiver = thread.slot;
                fifo.push(stamp);
            }
        }
        GOROUTINE_PAIRING => {
            keep_for(thread, stamp);
            socket.answer(stamp);
        }
        _ if socket.peer.address != 0 => {
            thread.received.recv_ns = 0;
            thread.serve(socket.peer);
            socket.answer(stamp);
        }
        _ => thread.received = stamp,
    }
}

#[inline(always)]
fn keep_for(thread: &Thread, stamp: Stamp) {
    let tag = goroutine::tag(thread.goroutine);
    let Some(goroutines) = goroutines_with(tag) else {
        return;
    };
    let serial = thread.serial;
    let new = GoroutineStamp {
        stamp,
        thread: serial,
        tag,
    };
    if let Some(before) = goroutines.keep(new) {
        count(|counters| {
            counters.goroutine_receives += 1;
            counters.goroutine_moves += u64::from(before != serial);
        });
    }
}

#[inline(always)]
fn goroutines_with(tag: u32) -> Option<&'static mut Goroutines> {
    let goroutines = GOROUTINES.get_ptr_mut(goroutine::set_of(tag))?;
    // SAFETY: an array's memory stays in place. A goroutine runs on one CPU at a time, so nobody else changes its stamp, unless two
    // take a place for the first time at the same moment: one stamp is lost or off.
    Some(unsafe { &mut *goroutines })
}

#[inline(always)]
fn take_stamp(thread: &mut Thread, socket: &mut Socket) -> Option<Stamp> {
    match PAIRING.load() {
        // SAFETY: the thread that sends is the queue's only reader.
        FIFO_PAIRING => unsafe { (*FIFO.get_ptr_mut(0)?).pop() },
        GOROUTINE_PAIRING => {
            let tag = goroutine::tag(thread.goroutine);
            if let Some(stamp) = goroutines_with(tag)?.take(tag) {
                // Nobody sends this on again.
                socket.received.recv_ns = stamp.recv_ns;
                return Some(stamp);
            }
            let sent_on_ns = socket.received.recv_ns;
            taken(&mut asked_for(socket)?.received).filter(|stamp| stamp.recv_ns > sent_on_ns)
        }
        _ => match asked_for(socket) {
            Some(model) => taken(&mut model.received),
            None => taken(&mut thread.received),
        },
    }
}

/// The socket over which was last asked on behalf of the client behind this one.
#[inline(always)]
fn asked_for(client: &Socket) -> Option<&'static mut Socket> {
    sockets::at(client.peer).filter(|model| model.peer == client.place())
}

#[inline(always)]
fn taken(stamp: &mut Stamp) -> Option<Stamp> {
    (stamp.recv_ns != 0).then(|| core::mem::take(stamp))
}

/// Runs wherever the segment was received, mostly in a softirq: the socket says whose it is.
#[inline(always)]
fn data_ready(args: Args) {
    if window_start().is_none() {
        return;
    }
    let Some(socket) = sockets::existing(args.object::<0>()) else {
        return;
    };
    // Only what the target receives from upstream is forwarded, so only that needs its arrival.
    if socket.accepted == 0 && socket.arrival_ns == 0 {
        socket.arrival_ns = now();
    }
}

#[inline(always)]
fn set_state(args: Args) {
    if window_start().is_none() {
        return;
    }
    let (sock, old, new) = (
        args.object::<0>(),
        args.word::<1>() as u32,
        args.word::<2>() as u32,
    );
    if old == TCP_CLOSE && new == TCP_SYN_SENT {
        // connect(2), so this is its caller.
        if let Some(thread) = current()
            && let Some(socket) = sockets::follow(sock, false)
        {
            asks(thread, socket);
        }
    } else if old == TCP_SYN_SENT && new == TCP_ESTABLISHED {
        if sockets::existing(sock).is_some() {
            count(|counters| counters.connected += 1);
        }
    } else if new == TCP_CLOSE && sockets::forget(sock) {
        count(|counters| counters.closed += 1);
    }
}

#[inline(always)]
fn retransmit(args: Args) {
    if sockets::existing(args.object::<0>()).is_some() {
        count(|counters| counters.retransmits += 1);
    }
}
