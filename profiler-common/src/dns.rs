//! Exchanges with name servers: from a query to its answer.
//!
//! Messages are not looked into. An answer is paired with the oldest query of its socket that has
//! none: resolvers send the queries for both versions of the address at the same moment.

use crate::slot::{Slot, slotted};

/// Port of name servers.
pub const DNS_PORT: u16 = 53;
/// Sockets with open queries at one time. The kernel forgets the one that was used the longest ago.
pub const MAX_DNS_SOCKETS: u32 = 1_024;

slotted! {
    /// Open queries of a socket, or of a thread where the socket is not connected.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[repr(C)]
    pub struct DnsQueries {
        /// When the oldest was sent, ns.
        pub oldest_ns: u64,
        /// When the newest was sent, ns.
        pub newest_ns: u64,
        /// Queries without an answer.
        pub open: u32,
        /// Local port: another socket may be at the same address later.
        pub port: u32,
    }
}

const _: () = assert!(size_of::<DnsQueries>() == 24);

impl DnsQueries {
    /// Returns one query, sent at `now` from a local port.
    #[inline(always)]
    pub fn new(now: u64, port: u32) -> Self {
        DnsQueries {
            oldest_ns: now,
            newest_ns: now,
            open: 1,
            port,
        }
    }
}

impl Slot<'_, DnsQueries> {
    /// Adds a query.
    #[inline(always)]
    pub fn send(self, now: u64, port: u32) {
        if self.port().get() != port || self.open().get() == 0 {
            return self.store(DnsQueries::new(now, port));
        }
        self.newest_ns().set(now);
        self.open().add(1);
    }

    /// Ends the oldest query, and returns when it was sent, if one is open. A stream
    /// (`is_stream`) has one query at a time, whose parts and those of its answer come one by one.
    #[inline(always)]
    pub fn receive(self, port: u32, is_stream: bool) -> Option<u64> {
        let open = self.open().get();
        if self.port().get() != port || open == 0 {
            return None;
        }
        let sent_ns = self.oldest_ns().get();
        self.open().set(if is_stream { 0 } else { open - 1 });
        self.oldest_ns().set(self.newest_ns().get());
        Some(sent_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_answers_with_the_oldest_query() {
        let mut queries = DnsQueries::new(100, 7);
        let slot = Slot::exclusive(&mut queries);
        slot.send(105, 7);
        assert_eq!(slot.receive(7, false), Some(100));
        assert_eq!(slot.receive(7, false), Some(105));
        assert_eq!(slot.receive(7, false), None, "an answer to no query");
        slot.send(200, 7);
        assert_eq!(slot.receive(7, false), Some(200));
    }

    #[test]
    fn counts_an_answer_in_parts_once() {
        let mut queries = DnsQueries::new(100, 7);
        let slot = Slot::exclusive(&mut queries);
        slot.send(101, 7);
        assert_eq!(slot.receive(7, true), Some(100));
        assert_eq!(slot.receive(7, true), None);
    }

    #[test]
    fn forgets_queries_of_a_socket_that_was_at_the_same_address() {
        let mut queries = DnsQueries::new(100, 7);
        let slot = Slot::exclusive(&mut queries);
        assert_eq!(slot.receive(8, false), None);
        slot.send(300, 8);
        assert_eq!(slot.receive(8, false), Some(300));
    }
}
