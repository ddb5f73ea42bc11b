//! Time in which a cgroup's CPU quota keeps a runnable thread from running.
//!
//! The kernel sums up, for each CFS run queue, how long it was throttled, by its own group's quota
//! or by that of a group above (`cfs_rq.throttled_clock_self_time`). The growth of that sum while
//! a thread waited on the run queue is the time for which it was throttled.

use super::{FLAG_PREEMPTED, Thread};
use crate::slot::Slot;

/// A CFS run queue and how long it had been throttled at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CfsRunQueue {
    /// Its address; 0 where the kernel does not group tasks.
    pub address: u64,
    /// How long it had been throttled since it was made, ns.
    pub throttled_ns: u64,
}

impl Slot<'_, Thread> {
    /// Notes the run queue at a switch-out.
    #[inline(always)]
    pub fn leave_run_queue(self, queue: CfsRunQueue) {
        self.cfs_rq().set(queue.address);
        self.cfs_throttled_ns().set(queue.throttled_ns);
    }

    /// Splits a wait of `waited_ns` that ended on `queue`; returns the share that was throttled.
    ///
    /// A thread that slept first may be charged throttling of its sleep, up to the length of the
    /// wait. After a migration to another CPU the share is unknown, and taken for 0.
    #[inline(always)]
    pub fn throttled(self, queue: CfsRunQueue, waited_ns: u64) -> u64 {
        if queue.address == 0 || queue.address != self.cfs_rq().get() {
            return 0;
        }
        let grown = queue
            .throttled_ns
            .saturating_sub(self.cfs_throttled_ns().get());
        let throttled = if grown < waited_ns { grown } else { waited_ns };
        self.throttled_ns().add(throttled);
        if self.has(FLAG_PREEMPTED) {
            self.preempted_ns().take_up_to(throttled);
        }
        throttled
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Accounting, ON_CPU, Thread};
    use super::*;

    fn queue(address: u64, throttled_ns: u64) -> CfsRunQueue {
        CfsRunQueue {
            address,
            throttled_ns,
        }
    }

    #[test]
    fn splits_a_wait_into_throttled_and_queued() {
        let mut thread = Thread::new(1, 1, 0, ON_CPU, 0);
        let slot = Slot::exclusive(&mut thread);
        slot.switch_out(100, false, Accounting::default());
        slot.leave_run_queue(queue(7, 1000));
        let waited = slot.switch_in(500).expect("runnable");
        assert_eq!(slot.throttled(queue(7, 1300), waited), 300);
        assert_eq!((thread.run_queue_ns, thread.throttled_ns), (400, 300));
        assert_eq!(thread.preempted_ns, 100);
    }

    #[test]
    fn charges_no_more_than_the_wait_and_nothing_after_a_migration() {
        let mut thread = Thread::new(1, 1, 0, ON_CPU, 0);
        let slot = Slot::exclusive(&mut thread);
        slot.leave_run_queue(queue(7, 1000));
        assert_eq!(slot.throttled(queue(7, 9000), 50), 50);
        assert_eq!(slot.throttled(queue(8, 9000), 50), 0);
        assert_eq!(slot.throttled(queue(0, 9000), 50), 0);
    }
}
