//! Page faults held against the kernel's own count of a thread (`min_flt` + `maj_flt`).
//!
//! The two differ in two ways. The kernel counts pages that it populates by itself, in a system
//! call such as `mmap` with `MAP_POPULATE` or `mlock`, without a fault of the thread. And it does
//! not count a fault that fails: in user mode that ends in a signal, in a system call in `EFAULT`.

use super::{
    FLAG_CALLED, FLAG_FAULT_OPEN, FLAG_FAULT_USER, FLAG_FAULTS_BASE, FLAG_FOUND_ASLEEP,
    FLAG_IN_SYSCALL, Thread,
};
use crate::slot::Slot;

impl Slot<'_, Thread> {
    /// Takes a page fault in user mode, when the kernel's count is `counted`.
    #[inline(always)]
    pub fn fault_user(self, counted: u32) {
        self.account_faults(counted, true);
        self.faults_user().add(1);
        // A thread in user mode is in no system call, even if it was in one when first seen.
        self.change_flags(FLAG_FAULT_OPEN | FLAG_FAULT_USER, FLAG_FOUND_ASLEEP);
    }

    /// Takes a page fault in the kernel, on a user address, when the kernel's count is `counted`.
    #[inline(always)]
    pub fn fault_kernel(self, counted: u32) {
        self.account_faults(counted, true);
        self.faults_kernel().add(1);
        self.change_flags(FLAG_FAULT_OPEN, FLAG_FAULT_USER);
    }

    /// Compares with the kernel's count. `finished` says that the thread's last fault is over: it
    /// may wait for a page, and the kernel counts it only afterwards.
    #[inline(always)]
    pub fn account_faults(self, counted: u32, finished: bool) {
        if !self.has(FLAG_FAULTS_BASE) {
            self.faults_base().set(counted);
            self.faults_accounted().set(counted);
            self.change_flags(FLAG_FAULTS_BASE, 0);
        }
        let grown = counted.wrapping_sub(self.faults_accounted().get());
        if grown == 0 && !finished {
            return;
        }
        self.faults_accounted().set(counted);
        let open = self.has(FLAG_FAULT_OPEN);
        if open && grown == 0 {
            self.count_failed();
        }
        let populated = if open { grown.saturating_sub(1) } else { grown };
        // Without a system call since, the thread faulted unseen: nothing explains that.
        if self.has(FLAG_CALLED | FLAG_IN_SYSCALL) {
            self.faults_populated().add(populated);
        }
        self.change_flags(0, FLAG_FAULT_OPEN | FLAG_CALLED);
    }

    #[inline(always)]
    fn count_failed(self) {
        if self.has(FLAG_FAULT_USER) {
            self.faults_signalled().add(1);
        } else {
            self.faults_refused().add(1);
        }
    }
}

impl Thread {
    /// Faults that the kernel counts, by what was seen: those taken that did not fail, and pages
    /// that it populated.
    pub fn faults(&self) -> u64 {
        let taken = u64::from(self.faults_user) + u64::from(self.faults_kernel);
        let failed = u64::from(self.faults_signalled) + u64::from(self.faults_refused);
        taken.saturating_sub(failed) + u64::from(self.faults_populated)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FLAG_READ, ON_CPU, Thread};
    use super::*;

    fn thread() -> Thread {
        Thread::new(1, 1, 0, ON_CPU, 0)
    }

    #[test]
    fn counts_a_fault_that_succeeds_once() {
        let mut thread = thread();
        let slot = Slot::exclusive(&mut thread);
        slot.fault_user(100);
        slot.fault_user(101);
        // Switched out while it waits for the page of the second.
        slot.account_faults(101, false);
        slot.account_faults(102, false);
        slot.account_faults(102, true);
        assert_eq!((thread.faults(), thread.faults_user), (2, 2));
    }

    #[test]
    fn counts_faults_that_end_in_a_signal() {
        let mut thread = thread();
        let slot = Slot::exclusive(&mut thread);
        slot.fault_user(100);
        slot.fault_user(100);
        slot.fault_user(100);
        slot.account_faults(101, true);
        assert_eq!((thread.faults_signalled, thread.faults()), (2, 1));
    }

    #[test]
    fn counts_a_fault_that_makes_a_call_fail() {
        let mut thread = thread();
        let slot = Slot::exclusive(&mut thread);
        slot.enter(1, 10);
        slot.fault_kernel(100);
        slot.account_faults(100, true);
        assert_eq!((thread.faults_refused, thread.faults()), (1, 0));
    }

    #[test]
    fn counts_pages_that_a_call_populates() {
        let mut thread = thread();
        let slot = Slot::exclusive(&mut thread);
        slot.fault_user(100);
        slot.enter(9, 10);
        slot.account_faults(101, true);
        slot.account_faults(133, true);
        slot.exit(20);
        slot.fault_user(133);
        slot.account_faults(134, true);
        assert_eq!((thread.faults_populated, thread.faults()), (32, 34));
    }

    #[test]
    fn keeps_a_read_open_after_one_that_interrupts_it() {
        let mut thread = thread();
        let slot = Slot::exclusive(&mut thread);
        let outer = slot.begin_read();
        let inner = slot.begin_read();
        slot.end_read(inner);
        assert!(slot.has(FLAG_READ), "the interrupted program reads on");
        slot.end_read(outer);
        assert!(!slot.has(FLAG_READ));
    }

    #[test]
    fn leaves_growth_without_a_call_unexplained() {
        let mut thread = thread();
        let slot = Slot::exclusive(&mut thread);
        slot.fault_user(100);
        slot.fault_user(109);
        assert_eq!((thread.faults_populated, thread.faults()), (0, 2));
    }
}
