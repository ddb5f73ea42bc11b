//! First in, first out: pairs receives with sends where an event loop receives several chunks before it sends the first, and
//! where one thread receives and another sends.
//!
//! Not every receive causes a send (headers, or what is sent on together with the next), so a plain queue would drift for
//! good. It is kept in step by a rule of event loops: when the loop thread goes to sleep waiting for events, everything that
//! was handed to it before it last got a CPU has been dealt with, so stamps that old belong to no send any more. That it
//! blocks elsewhere, on a lock for instance, says nothing; and what another thread received is only handed over when that
//! makes its next system call, which wakes the loop. What the loop thread received itself is dealt with when it goes to sleep.

/// When data arrived and when it was received, monotonic ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Stamp {
    /// Data became readable.
    pub arrival_ns: u64,
    /// Data was received.
    pub recv_ns: u64,
    /// From arrival until the thread that received was woken; 0 if it was awake, or the arrival went unseen.
    pub woken_after_ns: u32,
    /// From arrival until it was on a CPU; 0 likewise.
    pub ran_after_ns: u32,
}

/// Stamps the queue holds; older ones are overwritten.
pub const DEPTH: u32 = 128;
/// Stamps looked at when the loop thread waits for events.
const FLUSH: u32 = 16;

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
    pub stamps: [Stamp; DEPTH as usize],
}

impl Fifo {
    /// Adds a stamp; the oldest is lost if the queue is full.
    #[inline(always)]
    pub fn push(&mut self, stamp: Stamp) {
        let head = self.head;
        self.stamps[(head % DEPTH) as usize] = stamp;
        self.head = head.wrapping_add(1);
        if self.head.wrapping_sub(self.tail) > DEPTH {
            self.tail = self.head.wrapping_sub(DEPTH);
        }
    }

    /// Takes the oldest stamp.
    #[inline(always)]
    pub fn pop(&mut self) -> Option<Stamp> {
        let stamp = self.peek()?;
        self.tail = self.tail.wrapping_add(1);
        Some(stamp)
    }

    /// The loop thread waits for events: drops stamps received before `dealt_with_ns`.
    #[inline(always)]
    pub fn flush(&mut self, dealt_with_ns: u64) {
        for _ in 0..FLUSH {
            match self.peek() {
                Some(stamp) if stamp.recv_ns < dealt_with_ns => {
                    self.tail = self.tail.wrapping_add(1)
                }
                _ => return,
            }
        }
    }

    #[inline(always)]
    fn peek(&self) -> Option<Stamp> {
        (self.head != self.tail).then(|| self.stamps[(self.tail % DEPTH) as usize])
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
            stamps: [Stamp::default(); DEPTH as usize],
        }
    }

    fn at(recv_ns: u64) -> Stamp {
        Stamp {
            arrival_ns: recv_ns - 1,
            recv_ns,
            ..Stamp::default()
        }
    }

    #[test]
    fn what_comes_first_goes_first() {
        let mut fifo = empty();
        fifo.push(at(10));
        fifo.push(at(20));
        assert_eq!(
            (fifo.pop(), fifo.pop(), fifo.pop()),
            (Some(at(10)), Some(at(20)), None)
        );
    }

    #[test]
    fn a_full_queue_loses_its_oldest() {
        let mut fifo = empty();
        (1..=u64::from(DEPTH) + 3).for_each(|recv| fifo.push(at(recv)));
        assert_eq!(fifo.pop(), Some(at(4)));
    }

    #[test]
    fn waiting_drops_what_was_dealt_with() {
        let mut fifo = empty();
        [10, 20, 30]
            .into_iter()
            .for_each(|recv| fifo.push(at(recv)));
        fifo.flush(25);
        assert_eq!(fifo.pop(), Some(at(30)));
        fifo.flush(99);
        assert_eq!(fifo.pop(), None);
    }
}
