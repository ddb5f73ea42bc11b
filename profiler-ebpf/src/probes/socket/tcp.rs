//! State of TCP connections that only a `tcp_sock` has.
//!
//! Hooks: none; the socket programs call it.
//! Writes: `SOCKETS` (`rwnd_limited`), `PEER_TRAFFIC` (`rwnd_limited_ns`).

use super::peers;
use crate::config::{
    ABSENT, BIT_TCP_CHRONO_TYPE, BIT_TCP_NONAGLE, JIFFY_NS, OFF_TCP_CHRONO_START,
    OFF_TCP_CHRONO_STAT, OFF_TCP_MSS_CACHE, OFF_TCP_PACKETS_OUT, OFF_TCP_SND_NXT,
    OFF_TCP_WRITE_SEQ,
};
use crate::hook::{Access, Direct, Helper, Object};
use crate::maps::{PEER_TRAFFIC, slot};
use crate::sockets::TrackedSocket;
use aya_ebpf::helpers::generated::{bpf_jiffies64, bpf_skc_to_tcp_sock};
use profiler_common::socket::TcpSendState;

/// `TCP_CHRONO_RWND_LIMITED`: the peer's receive window keeps the connection from sending.
const RWND_LIMITED: u8 = 2;
/// Offset of its sum: `chrono_stat` begins with that of the first state.
const RWND_LIMITED_SUM: u64 = (RWND_LIMITED as u64 - 1) * size_of::<u32>() as u64;

/// How a kind of program finds the TCP state of a socket.
pub trait TcpAccess: Access {
    /// The `tcp_sock` of a TCP socket; null where the kernel refuses.
    fn tcp_sock(sock: Object<Self>) -> Object<Self>;
}

impl TcpAccess for Direct {
    #[inline(always)]
    fn tcp_sock(sock: Object<Self>) -> Object<Self> {
        let sock = sock.pointer().cast_mut().cast();
        // SAFETY: the helper takes any socket, and returns null if it is not a TCP socket.
        Object::at(unsafe { bpf_skc_to_tcp_sock(sock) }.cast::<u8>())
    }
}

impl TcpAccess for Helper {
    /// A `tcp_sock` begins with its `sock`.
    #[inline(always)]
    fn tcp_sock(sock: Object<Self>) -> Object<Self> {
        sock
    }
}

/// The state of a TCP connection just after a send.
#[inline(always)]
pub fn send_state<A: TcpAccess>(sock: Object<A>) -> TcpSendState {
    let tcp = A::tcp_sock(sock);
    if tcp.pointer().is_null() {
        return TcpSendState::default();
    }
    TcpSendState {
        write_seq: tcp.read(OFF_TCP_WRITE_SEQ.load()),
        snd_nxt: tcp.read(OFF_TCP_SND_NXT.load()),
        mss_cache: tcp.read(OFF_TCP_MSS_CACHE.load()),
        packets_out: tcp.read(OFF_TCP_PACKETS_OUT.load()),
        nonagle: u32::from(bits(tcp, BIT_TCP_NONAGLE.load()) & 0xf),
    }
}

/// Counts the time in which the peer's receive window kept the target from sending, as far as it
/// has grown since the last call. Clients are no peers. Two calls for one socket at the same moment
/// may count the same growth twice.
#[inline(always)]
pub fn count_limited<A: TcpAccess>(socket: TrackedSocket, sock: Object<A>) {
    if socket.accepted().get() == 1 {
        return;
    }
    let grown = socket.limit(limited(sock));
    if grown > 0
        && let Some(row) = peers::row_of_connection(socket, sock)
        && let Some(traffic) = slot(&PEER_TRAFFIC, row)
    {
        let grown_ns = u64::from(grown) * JIFFY_NS.load();
        traffic.rwnd_limited_ns().add_shared(grown_ns);
    }
}

/// Leaves out the time before now: the connection is older than the window, or not known until now.
#[inline(always)]
pub fn skip_limited<A: TcpAccess>(socket: TrackedSocket, sock: Object<A>) {
    if socket.accepted().get() != 1 {
        socket.rwnd_limited().set(limited(sock));
    }
}

/// Time in which the peer's receive window kept the connection from sending since it began, in
/// jiffies (`tcpi_rwnd_limited`); 0 where the kernel does not say.
#[inline(always)]
fn limited<A: TcpAccess>(sock: Object<A>) -> u32 {
    if OFF_TCP_CHRONO_STAT.load() == ABSENT
        || OFF_TCP_CHRONO_START.load() == ABSENT
        || BIT_TCP_CHRONO_TYPE.load() == ABSENT
    {
        return 0;
    }
    let tcp = A::tcp_sock(sock);
    if tcp.pointer().is_null() {
        return 0;
    }
    let sum: u32 = tcp.read(OFF_TCP_CHRONO_STAT.load() + RWND_LIMITED_SUM);
    if bits(tcp, BIT_TCP_CHRONO_TYPE.load()) & 3 != RWND_LIMITED {
        return sum;
    }
    let start: u32 = tcp.read(OFF_TCP_CHRONO_START.load());
    // SAFETY: the helper takes no argument and cannot fail.
    let now = unsafe { bpf_jiffies64() } as u32;
    sum.wrapping_add(now.wrapping_sub(start))
}

/// The byte with a bit field, from the field's first bit on.
#[inline(always)]
fn bits<A: Access>(tcp: Object<A>, bit: u64) -> u8 {
    tcp.read::<u8>(bit / 8) >> (bit % 8)
}
