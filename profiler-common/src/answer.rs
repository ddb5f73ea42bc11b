//! Answers of upstreams: from the last send of a request until the first byte of its answer
//! arrives.
//!
//! Messages are not looked into. Of requests that are sent while others have no answer, the last
//! one counts.

use crate::Socket;
use crate::numbers::{SENDMSG, SENDTO, WRITE, WRITEV};
use crate::slot::Slot;
use crate::thread::Thread;

/// Set in [`Socket::arrival_ns`] while a request has no answer. The other bits are its time.
const ASKED: u64 = 1 << 63;
/// Set in [`Socket::arrival_ns`] where data that became readable has ended a request.
const ANSWERS: u64 = 1 << 62;
/// The bits of a time.
const TIME: u64 = ANSWERS - 1;

impl Slot<'_, Thread> {
    /// Returns when the send began that has just ended: with its system call, if that makes one
    /// send and did not sleep. Else the send may have begun much later, and its end counts.
    #[inline(always)]
    pub fn send_began(self, now: u64) -> u64 {
        let entered_ns = self.enter_ns().get();
        let sends_once = matches!(self.syscall_nr().get(), WRITE | WRITEV | SENDTO | SENDMSG);
        let slept = self.off_cpu_ns().get() != self.enter_off_cpu_ns().get();
        if sends_once && !slept && entered_ns != 0 {
            entered_ns
        } else {
            now
        }
    }
}

impl Slot<'_, Socket> {
    /// Notes a request whose send began at `began_ns`. Returns how long the answer took, if it
    /// arrived before the send had ended. While earlier data is unread, a request is left out.
    #[inline(always)]
    pub fn ask(self, began_ns: u64) -> Option<u64> {
        let arrival_ns = self.arrival_ns().get();
        if arrival_ns == 0 || arrival_ns & ASKED != 0 {
            self.arrival_ns().set(began_ns | ASKED);
            return None;
        }
        if arrival_ns & ANSWERS != 0 || arrival_ns < began_ns {
            return None;
        }
        self.arrival_ns().set(arrival_ns | ANSWERS);
        Some(arrival_ns - began_ns)
    }

    /// Returns whether a request has no answer.
    #[inline(always)]
    pub fn is_asked(self) -> bool {
        self.arrival_ns().get() & ASKED != 0
    }

    /// Notes that data became readable. Returns how long an answer took, if it is one.
    #[inline(always)]
    pub fn arrive(self, now: u64) -> Option<u64> {
        let before = self.arrival_ns().get();
        if before & ASKED != 0 {
            self.arrival_ns().set(now | ANSWERS);
            return Some(now.saturating_sub(before & TIME));
        }
        if before == 0 {
            self.arrival_ns().set(now);
        }
        None
    }

    /// Returns when the data that is received at `now` became readable, 0 if that was missed, and
    /// in this case how long an answer took, if it is one.
    #[inline(always)]
    pub fn take_arrival(self, now: u64) -> (u64, Option<u64>) {
        let before = self.arrival_ns().replace(0);
        if before & ASKED != 0 {
            return (0, Some(now.saturating_sub(before & TIME)));
        }
        (before & TIME, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_from_the_last_send_to_the_first_arrival() {
        let mut socket = Socket::default();
        let slot = Slot::exclusive(&mut socket);
        assert_eq!((slot.ask(100), slot.ask(110)), (None, None));
        assert!(slot.is_asked());
        assert_eq!(slot.arrive(150), Some(40));
        assert!(!slot.is_asked());
        assert_eq!(slot.arrive(160), None, "the rest of the answer");
        assert_eq!(slot.take_arrival(170), (150, None));
        assert_eq!(slot.arrive(180), None, "nothing was asked");
        assert_eq!(slot.take_arrival(190), (180, None));
    }

    #[test]
    fn takes_the_receive_where_the_arrival_is_missed() {
        let mut socket = Socket::default();
        let slot = Slot::exclusive(&mut socket);
        slot.ask(100);
        assert_eq!(slot.take_arrival(130), (0, Some(30)));
        assert_eq!(slot.take_arrival(140), (0, None));
    }

    #[test]
    fn counts_an_answer_that_arrives_during_the_send_once() {
        let mut socket = Socket::default();
        let slot = Slot::exclusive(&mut socket);
        slot.arrive(105);
        assert_eq!(slot.ask(100), Some(5));
        assert_eq!(slot.ask(100), None);
        assert_eq!(slot.take_arrival(120), (105, None));
    }

    #[test]
    fn leaves_a_request_out_while_data_is_unread() {
        let mut socket = Socket::default();
        let slot = Slot::exclusive(&mut socket);
        slot.arrive(90);
        assert_eq!(slot.ask(100), None);
        assert_eq!(slot.take_arrival(120), (90, None));
        assert_eq!(slot.arrive(130), None);
    }

    #[test]
    fn begins_with_the_call_unless_that_slept() {
        let mut thread = Thread {
            syscall_nr: WRITE,
            enter_ns: 100,
            ..Thread::default()
        };
        let slot = Slot::exclusive(&mut thread);
        assert_eq!(slot.send_began(120), 100);
        slot.off_cpu_ns().set(10);
        assert_eq!(slot.send_began(120), 120);
        slot.enter_off_cpu_ns().set(10);
        slot.syscall_nr().set(crate::numbers::IO_URING_WORKER);
        assert_eq!(slot.send_began(120), 120);
    }
}
