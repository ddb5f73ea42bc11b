//! Exchanges with name servers: from a query to the receive of its answer.
//!
//! Hooks: none; the programs of sends and receives call it for peers at port 53.
//! Writes: `DNS_QUERIES`, `PEER_TRAFFIC` (`dns_answers`, `dns_ns`), `HISTOGRAMS`.

use crate::maps::{PEER_TRAFFIC, observe, slot};
use crate::track::now;
use aya_ebpf::macros::map;
use aya_ebpf::maps::LruHashMap;
use profiler_common::dns::MAX_DNS_SOCKETS;
use profiler_common::histogram::Kind;
use profiler_common::{DnsQueries, Slot};

/// Open queries by the address of a socket, or by a thread id, which is no address.
#[map]
static DNS_QUERIES: LruHashMap<u64, DnsQueries> = LruHashMap::with_max_entries(MAX_DNS_SOCKETS, 0);

/// Flag: the message goes to the name server.
pub const SENDS: u32 = 1;
/// Flag: it is a part of a stream.
pub const STREAM: u32 = 2;

/// Notes a message to or from a name server. `place` is the socket or the thread, `port` the local
/// port, and `row` that of the peer; `flags` are [`SENDS`] and [`STREAM`]. A function that is not
/// inlined, since its callers have little room on their stacks.
#[inline(never)]
pub fn moved(place: u64, port: u32, row: u32, flags: u32) -> u32 {
    let now = now();
    let Some(queries) = DNS_QUERIES.get_ptr_mut(place) else {
        if flags & SENDS != 0 {
            // In a hash of this kind there is always room.
            let _ = DNS_QUERIES.insert(place, DnsQueries::new(now, port), 0);
        }
        return 0;
    };
    // SAFETY: a value of a preallocated hash stays in place, and no reference to it is ever made.
    let queries: Slot<'static, DnsQueries> = unsafe { Slot::from_map(queries) };
    if flags & SENDS != 0 {
        queries.send(now, port);
    } else if let Some(sent_ns) = queries.receive(port, flags & STREAM != 0) {
        let length = now.saturating_sub(sent_ns);
        observe(Kind::Dns, length);
        if let Some(traffic) = slot(&PEER_TRAFFIC, row) {
            traffic.dns_answers().add_shared(1);
            traffic.dns_ns().add_shared(length);
        }
    }
    0
}
