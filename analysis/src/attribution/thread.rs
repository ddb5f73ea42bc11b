//! The time of one thread.

use crate::grid::part;
use recording::process::Thread;

/// On-CPU time of one thread without steal, split. All parts but `outside_ns`, `edge_ns` and
/// `reassigned_ns`, which are sums or origins of others, add up to `on_cpu_ns`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ThreadTime {
    /// Inside each system call, in the order of the thread's `syscalls`.
    pub in_syscall_ns: Vec<u64>,
    /// Inside system calls, beyond that of all its `syscalls`.
    pub unfinished_ns: u64,
    /// Kernel entry and exit of each system call, in the same order.
    pub entry_exit_ns: Vec<u64>,
    /// Page faults, their return included, and interrupts.
    pub fault_ns: u64,
    /// Context-switch return.
    pub ctx_switch_ns: u64,
    /// User code.
    pub user_ns: u64,
    /// Outside of system calls, by measurement. Samples split it.
    pub outside_ns: u64,
    /// Part of `entry_exit_ns` that samples found at the edges of system calls.
    pub edge_ns: u64,
    /// Part of `entry_exit_ns` and `fault_ns` that samples found in user mode.
    pub reassigned_ns: u64,
}

impl ThreadTime {
    /// Splits a thread's time. `entry_exit_ns` is the calibrated cost of kernel entry and exit.
    pub fn of(thread: &Thread, entry_exit_ns: f64) -> Self {
        let mut time = Self::measured(thread);
        time.split_by_samples(thread);
        time.charge_entry_exit(thread, entry_exit_ns);
        time
    }

    /// Splits inside from outside, which is measured. Steal hits both alike, so each keeps the same
    /// share.
    fn measured(thread: &Thread) -> Self {
        let seen_ns = thread.on_cpu_ns.saturating_add(thread.steal_ns);
        let kept = |ns: u64| match thread.steal_ns {
            0 => ns,
            _ => part(ns, thread.on_cpu_ns, seen_ns),
        };
        let syscall_ns = thread.syscall_ns.min(seen_ns);
        // Sums are cut rather than single calls, so that roundings do not add up.
        let (mut sum, mut kept_sum) = (0u64, 0);
        let inside = thread.syscalls.iter().map(|call| {
            sum = sum.saturating_add(call.on_cpu_ns).min(syscall_ns);
            let own = kept(sum) - kept_sum;
            kept_sum += own;
            own
        });
        let in_syscall_ns: Vec<u64> = inside.collect();
        let inside_ns = kept(syscall_ns);
        ThreadTime {
            unfinished_ns: inside_ns - in_syscall_ns.iter().sum::<u64>(),
            in_syscall_ns,
            outside_ns: thread.on_cpu_ns - inside_ns,
            ..ThreadTime::default()
        }
    }

    /// Splits the outside by the places where samples found the thread. Without samples all of it
    /// is user code.
    fn split_by_samples(&mut self, thread: &Thread) {
        let samples = &thread.samples;
        let estimate = |found| part(self.outside_ns, found, samples.outside_syscalls());
        self.fault_ns = estimate(samples.faults());
        self.ctx_switch_ns = estimate(samples.ctx_switch);
        self.edge_ns = estimate(samples.syscall_edge);
        self.user_ns = self.outside_ns - self.fault_ns - self.ctx_switch_ns - self.edge_ns;
    }

    /// Charges kernel entry and exit to the system call or fault that caused them.
    ///
    /// Samples at the edges of system calls belong to the calls, by their number. Where no sample
    /// was taken there, the calibrated cost stands in: the kernel takes no sample while interrupts
    /// are off but right after, so half of that cost was found as faults and interrupts and half as
    /// user code. Likewise the return from a fault was found as user code, unless samples saw it.
    fn charge_entry_exit(&mut self, thread: &Thread, entry_exit_ns: f64) {
        let cost = |count: u64| (count as f64 * entry_exit_ns) as u64;
        let mut edge_ns = self.edge_ns;
        let mut calls: u64 = thread.syscalls.iter().map(|call| call.count).sum();
        for call in &thread.syscalls {
            let own = part(edge_ns, call.count, calls);
            edge_ns -= own;
            calls -= call.count;
            let unseen = match thread.samples.syscall_edge {
                0 => self.take_halves(cost(call.count)),
                _ => 0,
            };
            self.entry_exit_ns.push(own + unseen);
        }
        // The thread's only calls have not returned.
        self.fault_ns += edge_ns;
        self.edge_ns -= edge_ns;
        if thread.samples.fault_return == 0 {
            self.fault_ns += self.take_user(cost(thread.faults) / 2);
        }
    }

    /// Takes so much from user code, at most all.
    fn take_user(&mut self, wanted: u64) -> u64 {
        let taken = wanted.min(self.user_ns);
        self.user_ns -= taken;
        self.reassigned_ns += taken;
        taken
    }

    /// Takes half of it each from faults and from user code, and more from one where the other has
    /// too little.
    fn take_halves(&mut self, wanted: u64) -> u64 {
        let from_faults = (wanted / 2).min(self.fault_ns);
        self.fault_ns -= from_faults;
        let from_user = self.take_user(wanted - from_faults);
        let rest = (wanted - from_faults - from_user).min(self.fault_ns);
        self.fault_ns -= rest;
        from_faults + from_user + rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::testing::{Build, MAIN, ThreadBuild};

    fn thread(with: impl FnOnce(ThreadBuild) -> ThreadBuild) -> Thread {
        let recording = Build::arm("x").thread(1, MAIN, with).done();
        recording.threads.into_iter().next().expect("one thread")
    }

    /// The same time and calls with so few samples that none found an edge.
    fn priced(user: u64, fault: u64, calls: u64, faults: u64) -> ThreadTime {
        let thread = thread(|thread| {
            let thread = thread.user(user, 1).fault(fault, faults);
            thread.call("getppid", calls, 7).call("read", 1, 5)
        });
        ThreadTime::of(&thread, 10.0)
    }

    #[test]
    fn charges_the_calibrated_cost_to_each_call() {
        let ample = priced(1_000, 500, 20, 8);
        assert_eq!(ample.entry_exit_ns, [200, 10]);
        assert_eq!(
            (ample.user_ns, ample.fault_ns),
            (1_000 - 105 - 40, 500 - 105 + 40)
        );
        let scarce = priced(90, 30, 20, 0);
        assert_eq!(scarce.entry_exit_ns, [120, 0]);
        assert_eq!((scarce.user_ns, scarce.fault_ns), (0, 0));
    }

    #[test]
    fn charges_edge_samples_to_calls_by_their_number() {
        let thread = thread(|thread| {
            let thread = thread.user(1_000, 1).fault(500, 8).syscall_edge(150);
            thread.call("getppid", 20, 7).call("read", 10, 5)
        });
        let time = ThreadTime::of(&thread, 10.0);
        assert_eq!(time.entry_exit_ns, [100, 50]);
        assert_eq!((time.user_ns, time.fault_ns), (1_000 - 40, 500 + 40));
    }

    #[test]
    fn charges_the_return_from_faults_once() {
        let mut thread = thread(|thread| thread.user(1_000, 1).fault(500, 8));
        thread.samples.fault_irq -= 1;
        thread.samples.fault_return += 1;
        let time = ThreadTime::of(&thread, 10.0);
        assert_eq!((time.user_ns, time.fault_ns), (1_000, 500));
    }

    #[test]
    fn takes_steal_from_all_parts_alike() {
        let mut thread = thread(|thread| thread.user(500, 1).call("read", 1, 500));
        (thread.on_cpu_ns, thread.steal_ns) = (800, 200);
        let time = ThreadTime::of(&thread, 0.0);
        assert_eq!((time.in_syscall_ns[0], time.user_ns), (400, 400));
        assert_eq!(time.unfinished_ns, 0);
    }

    #[test]
    fn keeps_time_of_calls_that_have_not_returned() {
        let mut thread = thread(|thread| thread.user(500, 1).call("read", 1, 300));
        thread.syscall_ns = 350;
        let time = ThreadTime::of(&thread, 0.0);
        assert_eq!((time.in_syscall_ns[0], time.unfinished_ns), (300, 50));
        assert_eq!(time.outside_ns, 450);
    }
}
