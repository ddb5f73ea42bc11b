//! Socket activity of the target over TCP, proxy latency from socket in to socket out, and traffic
//! with other peers than clients.
//!
//! Hooks: `sock_send_length`, `sock_recv_length` (Linux 6.3), `sk_data_ready`,
//! `inet_sock_set_state`, `tcp_retransmit_skb`.
//! Writes: `SOCKETS`, `SOCKET_SLOTS`, `SOCK_CACHE`, `COUNTERS` (sends, receives, connections),
//! `HISTOGRAMS`; by `pair` the stamps and `RELAYS`; by `peers` and `tcp` the traffic with others
//! than clients; by `dns` exchanges with name servers; by `answers` those with upstreams; by
//! `timeline` events.

mod answers;
pub mod datagrams;
mod dns;
mod functions;
mod open;
mod pair;
pub mod peers;
pub mod splice;
mod tcp;

use crate::config::{LOAD_PORT, OFF_SOCK_FAMILY, OFF_SOCK_NUM, OFF_SOCK_PROTOCOL};
use crate::hook::{Access, Args, Object, hooks};
use crate::maps::{LISTENING, count, observe, observe_relay, window_start};
use crate::sockets::{self, TrackedSocket};
use crate::timeline;
use crate::track::{Tracked, current, current_ids, now};
use profiler_common::Counters;
use profiler_common::histogram::Kind;
use profiler_common::socket::{OF_THIRD_PARTY, nagle_delayed};
use profiler_common::timeline::{EventKind, relayed};
use tcp::{TcpAccess, send_state};

hooks! {
    "sock_send_length" => send as sock_send_length, sock_send_length_raw;
    "sock_recv_length" => recv as sock_recv_length, sock_recv_length_raw;
    "sk_data_ready" => data_ready as sk_data_ready, sk_data_ready_raw;
    "inet_sock_set_state" => set_state as inet_sock_set_state, inet_sock_set_state_raw;
    "tcp_retransmit_skb" => retransmit as tcp_retransmit_skb, tcp_retransmit_skb_raw;
}

const AF_UNIX: u16 = 1;
const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
const IPPROTO_TCP: u16 = 6;
const MSG_PEEK: u64 = 2;
const TCP_ESTABLISHED: u32 = 1;
const TCP_SYN_SENT: u32 = 2;
const TCP_CLOSE: u32 = 7;
const TCP_LISTEN: u32 = 10;

#[inline(always)]
fn send<A: TcpAccess>(args: Args<A>) {
    let sock = args.object::<0>();
    match transfer(args.word::<1>()) {
        Some((thread, bytes)) if is_tcp(sock) => sent(thread, sock, bytes),
        Some((thread, bytes)) => peers::moved(thread, sock, true, bytes),
        None => (),
    }
}

/// Counts bytes that were sent over a TCP socket.
#[inline(always)]
fn sent<A: TcpAccess>(thread: Tracked, sock: Object<A>, bytes: u64) {
    let Some(socket) = socket_of(sock) else {
        return;
    };
    observe(Kind::SendSize, bytes);
    if socket.accepted().get() == 0 {
        pair::request(thread, socket);
        peers::connected(socket, sock, true, bytes);
        tcp::count_limited(socket, sock);
        answers::ask(thread, socket);
        return count(|counters| count_send(counters, bytes));
    }
    if socket.accepted().get() == OF_THIRD_PARTY {
        peers::accepted(socket, sock, true, bytes);
        tcp::count_limited(socket, sock);
        return count(|counters| count_send(counters, bytes));
    }
    let answers = socket.responded().replace(0) == 1;
    let delayed = nagle_delayed(send_state(sock));
    let stamp = pair::take_stamp(thread, socket);
    if let Some(stamp) = &stamp {
        let now = now();
        observe(Kind::RecvToSend, now.saturating_sub(stamp.recv_ns));
        if stamp.arrival_ns != 0 {
            observe_relay(stamp, now);
        }
        let after = stamp.recv_ns.saturating_sub(stamp.arrival_ns);
        let numbers = (stamp.arrival_ns, relayed(after, socket.slot().get().into()));
        timeline::add(EventKind::Send, thread.tid().get(), now, numbers);
    } else {
        let numbers = (0, relayed(0, socket.slot().get().into()));
        timeline::add_now(EventKind::Send, thread, numbers);
    }
    count(|counters| {
        count_send(counters, bytes);
        counters.requests += u64::from(answers);
        if delayed {
            counters.nagle_delayed_sends += 1;
        }
        match stamp {
            Some(_) => counters.relays_matched += 1,
            None => counters.relays_unmatched += 1,
        }
    });
}

#[inline(always)]
fn count_send(counters: &mut Counters, bytes: u64) {
    counters.send_calls += 1;
    counters.send_bytes += bytes;
}

#[inline(always)]
fn recv<A: TcpAccess>(args: Args<A>) {
    // Data that is peeked at will be received again.
    if args.word::<2>() & MSG_PEEK != 0 {
        return;
    }
    let sock = args.object::<0>();
    match transfer(args.word::<1>()) {
        Some((thread, bytes)) if is_tcp(sock) => received(thread, sock, bytes),
        Some((thread, bytes)) => peers::moved(thread, sock, false, bytes),
        None => (),
    }
}

/// Counts bytes that were received over a TCP socket.
#[inline(always)]
fn received<A: TcpAccess>(thread: Tracked, sock: Object<A>, bytes: u64) {
    let Some(socket) = socket_of(sock) else {
        return;
    };
    count(|counters| {
        counters.recv_calls += 1;
        counters.recv_bytes += bytes;
    });
    observe(Kind::RecvSize, bytes);
    if socket.accepted().get() == 1 {
        socket.responded().set(1);
        let numbers = (0, socket.slot().get().into());
        timeline::add_now(EventKind::Request, thread, numbers);
        return pair::serve(thread, socket);
    }
    if socket.accepted().get() == OF_THIRD_PARTY {
        return peers::accepted(socket, sock, false, bytes);
    }
    peers::connected(socket, sock, false, bytes);
    let recv_ns = now();
    // Cleared on every receive, so that data that arrives later gets a new stamp.
    let arrival_ns = answers::take_arrival(socket, recv_ns);
    if arrival_ns != 0 {
        observe(Kind::ArrivalToRecv, recv_ns.saturating_sub(arrival_ns));
    }
    pair::receive(thread, socket, arrival_ns, recv_ns);
    let numbers = (arrival_ns, socket.slot().get().into());
    timeline::add(EventKind::Receive, thread.tid().get(), recv_ns, numbers);
}

/// The thread and size of a call over a socket with this result, if it moved bytes.
#[inline(always)]
fn transfer(result: u64) -> Option<(Tracked, u64)> {
    let thread = current()?;
    let bytes = result as u32 as i32;
    (bytes > 0).then_some((thread, bytes as u64))
}

/// Only TCP sockets take slots: only their change of state frees these again.
#[inline(always)]
fn is_tcp<A: Access>(sock: Object<A>) -> bool {
    let family: u16 = sock.read(OFF_SOCK_FAMILY.load());
    let protocol: u16 = sock.read(OFF_SOCK_PROTOCOL.load());
    (family == AF_INET || family == AF_INET6) && protocol == IPPROTO_TCP
}

/// A socket that is first seen was accepted if its local port is one that a process listens on:
/// another process may have accepted it and passed it on.
#[inline(always)]
fn socket_of<A: TcpAccess>(sock: Object<A>) -> Option<TrackedSocket> {
    if let Some(socket) = sockets::lookup(sock) {
        return Some(socket);
    }
    let port: u16 = sock.read(OFF_SOCK_NUM.load());
    let load_port = LOAD_PORT.load();
    let accepted = match LISTENING.get_ptr(port) {
        None => 0,
        Some(_) if load_port != 0 && load_port != u32::from(port) => OF_THIRD_PARTY,
        Some(_) => 1,
    };
    let socket = sockets::track(sock, accepted)?;
    tcp::skip_limited(socket, sock);
    Some(socket)
}

/// Stamps the arrival of data. Runs where the segment was received, mostly in a softirq: only the
/// socket identifies the process.
#[inline(always)]
fn data_ready<A: Access>(args: Args<A>) {
    if window_start().is_none() {
        return;
    }
    let Some(socket) = sockets::lookup(args.object::<0>()) else {
        return;
    };
    // Only upstream data is relayed, and answers something, so only that needs its arrival.
    if socket.accepted().get() == 0 {
        socket.arrive(now());
    }
}

#[inline(always)]
fn set_state<A: TcpAccess>(args: Args<A>) {
    if window_start().is_none() {
        return;
    }
    let sock = args.object::<0>();
    let (old, new) = (args.word::<1>() as u32, args.word::<2>() as u32);
    if old == TCP_CLOSE && new == TCP_SYN_SENT {
        // In connect(2), so the caller is the current thread.
        if let Some(thread) = current()
            && let Some(socket) = sockets::track(sock, 0)
        {
            pair::request(thread, socket);
            socket.begin(now());
        }
    } else if old == TCP_SYN_SENT && new == TCP_ESTABLISHED {
        if let Some(socket) = sockets::lookup(sock) {
            count(|counters| counters.connected += 1);
            if let Some(length) = socket.end(now()) {
                observe(Kind::Connect, length);
            }
        }
    } else if new == TCP_LISTEN {
        listen(sock);
    } else if new == TCP_CLOSE {
        if let Some(socket) = sockets::lookup(sock) {
            tcp::count_limited(socket, sock);
        }
        if sockets::remove(sock) {
            count(|counters| counters.closed += 1);
        }
    }
}

/// Notes a port that a process begins to listen on, in listen(2).
#[inline(always)]
fn listen<A: Access>(sock: Object<A>) {
    let port: u16 = sock.read(OFF_SOCK_NUM.load());
    let full = LISTENING.insert(port, 1u8, 0).is_err();
    if full && current_ids().is_some() {
        count(|counters| counters.lost_sockets += 1);
    }
}

#[inline(always)]
fn retransmit<A: Access>(args: Args<A>) {
    let sock = args.object::<0>();
    if let Some(socket) = sockets::lookup(sock) {
        count(|counters| counters.retransmits += 1);
        peers::retransmitted(socket, sock);
    }
}
