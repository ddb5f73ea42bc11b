//! Proxy latency of one relay: from data readable at an upstream socket to the send that passes it
//! on.

use crate::{RecvStamp, histogram::BUCKETS};

/// Buckets of a histogram in one row of the table.
pub const ROW: usize = 64;
/// Rows of the table.
pub const ROWS: u32 = BUCKETS.div_ceil(ROW) as u32;

/// The instants of a receive, monotonic ns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Data became readable; 0 if that was missed.
    pub arrival_ns: u64,
    /// Last `sched_waking` of the receiving thread; 0 if none was seen.
    pub waking_ns: u64,
    /// Last switch-in of the receiving thread.
    pub switched_in_ns: u64,
    /// The thread received.
    pub recv_ns: u64,
}

impl RecvStamp {
    /// Makes the stamp of data that was just received.
    ///
    /// A thread that was on its CPU when the data came was not woken for it and did not wait for a
    /// CPU: it spent all the time to the receive on other work. A thread that was already runnable
    /// was woken for something else.
    #[inline(always)]
    pub fn of(received: Received) -> Self {
        let Received {
            arrival_ns,
            waking_ns,
            switched_in_ns,
            recv_ns,
        } = received;
        let on_cpu = switched_in_ns.max(arrival_ns);
        let woken = waking_ns.max(arrival_ns).min(on_cpu);
        let since_arrival = |instant: u64| {
            let after = instant.saturating_sub(arrival_ns);
            if arrival_ns == 0 {
                0
            } else {
                after.min(u64::from(u32::MAX)) as u32
            }
        };
        RecvStamp {
            arrival_ns,
            recv_ns,
            woken_after_ns: since_arrival(woken),
            on_cpu_after_ns: since_arrival(on_cpu),
        }
    }
}

/// Relays whose latency falls into one bucket, added up. The four times make up the latency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Relays {
    /// Relays.
    pub count: u64,
    /// From arrival until the receiving thread is woken, ns.
    pub until_woken_ns: u64,
    /// From its wake-up until it is on a CPU, ns.
    pub run_queue_ns: u64,
    /// From its CPU until the receive, ns: it does other work first.
    pub until_received_ns: u64,
    /// From the receive until the send, ns.
    pub until_sent_ns: u64,
}

const _: () = assert!(size_of::<Relays>() == 40);

impl Relays {
    /// Adds a relay that was sent at `now`.
    #[inline(always)]
    pub fn add(&mut self, stamp: &RecvStamp, now: u64) {
        let (woken, on_cpu) = (stamp.woken_after_ns.into(), stamp.on_cpu_after_ns.into());
        let received: u64 = stamp.recv_ns.saturating_sub(stamp.arrival_ns);
        self.count += 1;
        self.until_woken_ns += woken;
        self.run_queue_ns += u64::saturating_sub(on_cpu, woken);
        self.until_received_ns += received.saturating_sub(on_cpu);
        self.until_sent_ns += now.saturating_sub(stamp.recv_ns);
    }

    /// Adds the relays of another CPU.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.until_woken_ns += other.until_woken_ns;
        self.run_queue_ns += other.run_queue_ns;
        self.until_received_ns += other.until_received_ns;
        self.until_sent_ns += other.until_sent_ns;
    }

    /// Returns the sum of the latencies, ns.
    pub fn whole_ns(&self) -> u64 {
        self.until_woken_ns + self.run_queue_ns + self.until_received_ns + self.until_sent_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn relay(
        arrival_ns: u64,
        waking_ns: u64,
        switched_in_ns: u64,
        recv_ns: u64,
        sent_ns: u64,
    ) -> Relays {
        let stamp = RecvStamp::of(Received {
            arrival_ns,
            waking_ns,
            switched_in_ns,
            recv_ns,
        });
        let mut relays = Relays::default();
        relays.add(&stamp, sent_ns);
        relays
    }

    fn parts(relays: Relays) -> [u64; 4] {
        let Relays {
            until_woken_ns,
            run_queue_ns,
            until_received_ns,
            until_sent_ns,
            ..
        } = relays;
        [
            until_woken_ns,
            run_queue_ns,
            until_received_ns,
            until_sent_ns,
        ]
    }

    #[test]
    fn splits_the_latency_of_a_thread_that_slept() {
        assert_eq!(parts(relay(100, 102, 110, 130, 200)), [2, 8, 20, 70]);
    }

    #[test]
    fn books_no_wait_for_a_thread_that_runs() {
        assert_eq!(parts(relay(100, 40, 50, 130, 200)), [0, 0, 30, 70]);
    }

    #[test]
    fn books_the_run_queue_of_a_thread_woken_before() {
        assert_eq!(parts(relay(100, 90, 110, 130, 200)), [0, 10, 20, 70]);
    }

    proptest! {
        #[test]
        fn adds_up_to_the_latency(
            arrival in 1u64..1 << 40, waking in 0u64..1 << 40, times in proptest::array::uniform3(0u64..1 << 33),
        ) {
            let on_cpu = arrival.saturating_sub(times[0] / 2) + times[0];
            let recv = on_cpu.max(arrival) + times[1];
            let sent = recv + times[2];
            prop_assert_eq!(relay(arrival, waking, on_cpu, recv, sent).whole_ns(), sent - arrival);
        }
    }
}
