//! One forward: from data readable at an upstream socket to the send that passes it on, and what that time was.

use crate::{Stamp, histogram::BUCKETS};

/// Lengths, as buckets of a histogram, that are kept in one row of the table.
pub const ROW: usize = 64;
/// Rows of the table.
pub const ROWS: u32 = BUCKETS.div_ceil(ROW) as u32;

/// What the time from arrival to receive was, known when the data is received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Data became readable; 0 if that went unseen.
    pub arrival_ns: u64,
    /// The receiving thread's last wake-up was decided; 0 if none was seen.
    pub waking_ns: u64,
    /// It was given its CPU.
    pub ran_ns: u64,
    /// It received.
    pub recv_ns: u64,
}

impl Stamp {
    /// The stamp of data that was just received.
    ///
    /// A thread that was on its CPU when the data came was neither woken for it nor did it wait: all the time to the
    /// receive went to other work. One that was already on its way to a CPU was woken for something else.
    #[inline(always)]
    pub fn of(received: Received) -> Self {
        let Received {
            arrival_ns,
            waking_ns,
            ran_ns,
            recv_ns,
        } = received;
        let ran = ran_ns.max(arrival_ns);
        let woken = waking_ns.max(arrival_ns).min(ran);
        let since_arrival = |instant: u64| {
            let after = instant.saturating_sub(arrival_ns);
            if arrival_ns == 0 {
                0
            } else {
                after.min(u64::from(u32::MAX)) as u32
            }
        };
        Stamp {
            arrival_ns,
            recv_ns,
            woken_after_ns: since_arrival(woken),
            ran_after_ns: since_arrival(ran),
        }
    }
}

/// Forwards of about the same length, added up. The four times are the whole of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Forwards {
    /// How many.
    pub count: u64,
    /// From arrival until the thread that receives is woken, ns.
    pub until_woken_ns: u64,
    /// From then until it is on a CPU.
    pub run_queue_ns: u64,
    /// From then until it receives: it does something else first.
    pub until_received_ns: u64,
    /// From then until the data is sent on.
    pub until_sent_ns: u64,
}

const _: () = assert!(size_of::<Forwards>() == 40);

impl Forwards {
    /// Adds one whose data was sent on at `now`.
    #[inline(always)]
    pub fn add(&mut self, stamp: &Stamp, now: u64) {
        let (woken, ran) = (stamp.woken_after_ns.into(), stamp.ran_after_ns.into());
        let received: u64 = stamp.recv_ns.saturating_sub(stamp.arrival_ns);
        self.count += 1;
        self.until_woken_ns += woken;
        self.run_queue_ns += u64::saturating_sub(ran, woken);
        self.until_received_ns += received.saturating_sub(ran);
        self.until_sent_ns += now.saturating_sub(stamp.recv_ns);
    }

    /// Adds what another CPU has added up.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.until_woken_ns += other.until_woken_ns;
        self.run_queue_ns += other.run_queue_ns;
        self.until_received_ns += other.until_received_ns;
        self.until_sent_ns += other.until_sent_ns;
    }

    /// All of it, ns.
    pub fn whole_ns(&self) -> u64 {
        self.until_woken_ns + self.run_queue_ns + self.until_received_ns + self.until_sent_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn forward(
        arrival_ns: u64,
        waking_ns: u64,
        ran_ns: u64,
        recv_ns: u64,
        sent_ns: u64,
    ) -> Forwards {
        let stamp = Stamp::of(Received {
            arrival_ns,
            waking_ns,
            ran_ns,
            recv_ns,
        });
        let mut forwards = Forwards::default();
        forwards.add(&stamp, sent_ns);
        forwards
    }

    fn parts(forwards: Forwards) -> [u64; 4] {
        let Forwards {
            until_woken_ns,
            run_queue_ns,
            until_received_ns,
            until_sent_ns,
            ..
        } = forwards;
        [
            until_woken_ns,
            run_queue_ns,
            until_received_ns,
            until_sent_ns,
        ]
    }

    #[test]
    fn a_sleeper_is_woken_waits_does_something_else_and_receives() {
        assert_eq!(parts(forward(100, 102, 110, 130, 200)), [2, 8, 20, 70]);
    }

    #[test]
    fn a_thread_that_runs_is_busy_with_something_else() {
        assert_eq!(parts(forward(100, 40, 50, 130, 200)), [0, 0, 30, 70]);
    }

    #[test]
    fn a_thread_that_was_on_its_way_waits_for_its_cpu() {
        assert_eq!(parts(forward(100, 90, 110, 130, 200)), [0, 10, 20, 70]);
    }

    proptest! {
        #[test]
        fn the_parts_are_the_whole(
            arrival in 1u64..1 << 40, waking in 0u64..1 << 40, times in proptest::array::uniform3(0u64..1 << 33),
        ) {
            let ran = arrival.saturating_sub(times[0] / 2) + times[0];
            let recv = ran.max(arrival) + times[1];
            let sent = recv + times[2];
            prop_assert_eq!(forward(arrival, waking, ran, recv, sent).whole_ns(), sent - arrival);
        }
    }
}
