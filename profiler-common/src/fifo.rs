//! First in, first out: pairs receives with sends of an event loop.
//!
//! Such a loop receives several chunks before it sends the first, or sends what another thread has
//! received. Not every receive causes a send: headers do not, nor does a chunk that is sent
//! together with the next. So a plain queue would drift. It is kept in step by a rule of event
//! loops: when the loop thread sleeps waiting for events, it has dealt with everything handed to it
//! before its last switch-in, so stamps that old belong to no send any more.
//!
//! A loop thread that blocks elsewhere, on a lock for instance, proves nothing. A receive of
//! another thread is handed over only with that thread's next system call, which wakes the loop. A
//! receive of the loop thread itself is dealt with when it sleeps.

use crate::slot::{Slot, slotted};

/// When data arrived and when it was received, monotonic ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct RecvStamp {
    /// Data became readable.
    pub arrival_ns: u64,
    /// Data was received.
    pub recv_ns: u64,
    /// From arrival until the receiving thread was woken; 0 if it was awake or the arrival missed.
    pub woken_after_ns: u32,
    /// From arrival until the receiving thread was on a CPU; 0 likewise.
    pub on_cpu_after_ns: u32,
}

/// Stamps the queue holds; newer ones overwrite the oldest.
pub const DEPTH: u32 = 128;
/// Stamps looked at when the loop thread waits for events.
const FLUSH: u32 = 16;

slotted! {
    /// A queue of stamps with one writer and one reader.
    #[derive(Clone, Copy, Debug)]
    #[repr(C)]
    pub struct Fifo {
        /// Stamps ever pushed.
        pub head: u32,
        /// Stamps ever popped or flushed.
        pub tail: u32,
        /// Slot of the thread that pushed last.
        pub receiver: u32,
        /// Padding.
        pub unused: u32,
        /// The stamps.
        pub stamps: [RecvStamp; DEPTH as usize],
    }
}

impl Slot<'_, Fifo> {
    /// Adds a stamp; the oldest is lost if the queue is full.
    #[inline(always)]
    pub fn push(self, stamp: RecvStamp) {
        let head = self.head().get();
        if let Some(place) = self.stamps().at((head % DEPTH) as usize) {
            place.set(stamp);
        }
        let head = head.wrapping_add(1);
        self.head().set(head);
        if head.wrapping_sub(self.tail().get()) > DEPTH {
            self.tail().set(head.wrapping_sub(DEPTH));
        }
    }

    /// Takes the oldest stamp.
    #[inline(always)]
    pub fn pop(self) -> Option<RecvStamp> {
        let stamp = self.peek()?;
        self.tail().add(1);
        Some(stamp)
    }

    /// Drops stamps received before `dealt_with_ns`, when the loop thread waits for events.
    #[inline(always)]
    pub fn flush(self, dealt_with_ns: u64) {
        for _ in 0..FLUSH {
            match self.peek() {
                Some(stamp) if stamp.recv_ns < dealt_with_ns => self.tail().add(1),
                _ => return,
            }
        }
    }

    #[inline(always)]
    fn peek(self) -> Option<RecvStamp> {
        let tail = self.tail().get();
        if self.head().get() == tail {
            return None;
        }
        Some(self.stamps().at((tail % DEPTH) as usize)?.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> Fifo {
        Fifo {
            head: 0,
            tail: 0,
            receiver: 0,
            unused: 0,
            stamps: [RecvStamp::default(); DEPTH as usize],
        }
    }

    fn at(recv_ns: u64) -> RecvStamp {
        RecvStamp {
            arrival_ns: recv_ns - 1,
            recv_ns,
            ..RecvStamp::default()
        }
    }

    #[test]
    fn pops_in_the_order_of_pushes() {
        let mut fifo = empty();
        let fifo = Slot::exclusive(&mut fifo);
        fifo.push(at(10));
        fifo.push(at(20));
        assert_eq!(
            (fifo.pop(), fifo.pop(), fifo.pop()),
            (Some(at(10)), Some(at(20)), None)
        );
    }

    #[test]
    fn drops_the_oldest_when_full() {
        let mut fifo = empty();
        let fifo = Slot::exclusive(&mut fifo);
        (1..=u64::from(DEPTH) + 3).for_each(|recv| fifo.push(at(recv)));
        assert_eq!(fifo.pop(), Some(at(4)));
    }

    #[test]
    fn flushes_stamps_that_were_dealt_with() {
        let mut fifo = empty();
        let fifo = Slot::exclusive(&mut fifo);
        [10, 20, 30]
            .into_iter()
            .for_each(|recv| fifo.push(at(recv)));
        fifo.flush(25);
        assert_eq!(fifo.pop(), Some(at(30)));
        fifo.flush(99);
        assert_eq!(fifo.pop(), None);
    }
}
