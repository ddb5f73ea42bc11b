//! Answers of upstreams: from the last send of a request until the first byte of its answer
//! arrives.
//!
//! Messages are not looked into. Of requests that are sent while others have no answer, the last
//! one counts.

use crate::Socket;
use crate::numbers::{SENDMSG, SENDTO, WRITE, WRITEV};
use crate::slot::Slot;
use crate::thread::Thread;

/// A unit of [`Socket::asked`], as a power of two of nanoseconds.
const UNIT_BITS: u32 = 9;

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

/// Returns an instant in units of 512 ns, never 0. It begins again after 36 minutes.
#[inline(always)]
fn units(ns: u64) -> u32 {
    let units = (ns >> UNIT_BITS) as u32;
    if units == 0 { 1 } else { units }
}

/// The sender writes `asked`, and the CPU that data arrives on writes `arrival_ns`: both happen at
/// once where a server answers before the call that sends the request has returned.
impl Slot<'_, Socket> {
    /// Notes a request whose send began at `began_ns`. While earlier data is unread, a request is
    /// left out.
    #[inline(always)]
    pub fn ask(self, began_ns: u64) {
        let arrival_ns = self.arrival_ns().get();
        if arrival_ns == 0 || arrival_ns >= began_ns {
            self.begin(began_ns);
        }
    }

    /// Notes what began at `began_ns`: the opening of the connection, or a request.
    #[inline(always)]
    pub fn begin(self, began_ns: u64) {
        self.asked().set(units(began_ns));
    }

    /// Notes that data became readable.
    #[inline(always)]
    pub fn arrive(self, now: u64) {
        if self.arrival_ns().get() == 0 {
            self.arrival_ns().set(now);
        }
    }

    /// Returns how long what has begun took until `now`, to 512 ns, if something has.
    #[inline(always)]
    pub fn end(self, now: u64) -> Option<u64> {
        let asked = self.asked().replace(0);
        if asked == 0 {
            return None;
        }
        let length = units(now).wrapping_sub(asked) as i32;
        Some(if length > 0 {
            (length as u64) << UNIT_BITS
        } else {
            0
        })
    }

    /// Returns when the data that is received at `now` became readable, 0 if that was missed, and
    /// how long an answer took, if it is one. One of more than 18 minutes counts as 0.
    #[inline(always)]
    pub fn take_arrival(self, now: u64) -> (u64, Option<u64>) {
        let arrival_ns = self.arrival_ns().replace(0);
        let answered_ns = if arrival_ns == 0 { now } else { arrival_ns };
        (arrival_ns, self.end(answered_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An instant of whole units.
    const fn at(units: u64) -> u64 {
        units << UNIT_BITS
    }

    #[test]
    fn measures_from_the_last_send_to_the_first_arrival() {
        let mut socket = Socket::default();
        let slot = Slot::exclusive(&mut socket);
        slot.ask(at(100));
        slot.ask(at(110));
        slot.arrive(at(150));
        slot.arrive(at(160));
        assert_eq!(slot.take_arrival(at(170)), (at(150), Some(at(40))));
        slot.arrive(at(180));
        assert_eq!(
            slot.take_arrival(at(190)),
            (at(180), None),
            "nothing was asked"
        );
    }

    #[test]
    fn takes_the_receive_where_the_arrival_is_missed() {
        let mut socket = Socket::default();
        let slot = Slot::exclusive(&mut socket);
        slot.ask(at(100));
        assert_eq!(slot.take_arrival(at(130)), (0, Some(at(30))));
        assert_eq!(slot.take_arrival(at(140)), (0, None));
    }

    #[test]
    fn counts_an_answer_that_arrives_during_the_send_once() {
        let mut socket = Socket::default();
        let slot = Slot::exclusive(&mut socket);
        slot.arrive(at(105));
        slot.ask(at(100));
        slot.ask(at(100));
        assert_eq!(slot.take_arrival(at(120)), (at(105), Some(at(5))));
        assert_eq!(slot.take_arrival(at(130)), (0, None));
    }

    #[test]
    fn leaves_a_request_out_while_data_is_unread() {
        let mut socket = Socket::default();
        let slot = Slot::exclusive(&mut socket);
        slot.arrive(at(90));
        slot.ask(at(100));
        assert_eq!(slot.take_arrival(at(120)), (at(90), None));
    }

    #[test]
    fn measures_beyond_the_end_of_its_units() {
        let mut socket = Socket::default();
        let slot = Slot::exclusive(&mut socket);
        let last = at(u64::from(u32::MAX));
        slot.begin(last);
        assert_eq!(slot.end(last + at(7)), Some(at(7)));
        slot.begin(at(1 << 32));
        assert_eq!(
            slot.end(at((1 << 32) + 7)),
            Some(at(6)),
            "0 stands for none"
        );
        slot.begin(at(100));
        assert_eq!(
            slot.end(at(99)),
            Some(0),
            "another CPU read its clock earlier"
        );
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
