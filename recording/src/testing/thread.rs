//! Builds one thread.

use crate::process::{Syscall, Thread};
use crate::vocabulary::Role;

/// Builds one thread. Time outside of system calls comes with one CPU-clock sample a nanosecond, so
/// that attribution finds the very numbers that a test asked for.
pub struct ThreadBuild(Thread);

impl ThreadBuild {
    pub(super) fn new(tid: u32, role: Role) -> Self {
        ThreadBuild(Thread {
            tid,
            name: role.label().into(),
            role,
            ..Thread::default()
        })
    }

    pub(super) fn done(self) -> Thread {
        self.0
    }

    /// Names the thread.
    pub fn named(mut self, name: &str) -> Self {
        self.0.name = name.into();
        self
    }

    /// Adds time in user code, over so many wake-ups.
    pub fn user(mut self, ns: u64, wakeups: u64) -> Self {
        self.0.on_cpu_ns += ns;
        self.0.samples.user += ns;
        self.0.wakeups += wakeups;
        self.0.voluntary_switches += wakeups;
        self
    }

    /// Adds time in page faults and interrupts.
    pub fn fault(mut self, ns: u64, count: u64) -> Self {
        self.0.on_cpu_ns += ns;
        self.0.samples.fault_irq += ns;
        self.0.faults += count;
        self
    }

    /// Adds time of kernel entry and exit of system calls, as samples found it.
    pub fn syscall_edge(mut self, ns: u64) -> Self {
        self.0.on_cpu_ns += ns;
        self.0.samples.syscall_edge += ns;
        self
    }

    /// Adds time of context-switch return, after so many preemptions.
    pub fn ctx_switch(mut self, ns: u64, count: u64) -> Self {
        self.0.on_cpu_ns += ns;
        self.0.samples.ctx_switch += ns;
        self.0.involuntary_switches += count;
        self
    }

    /// Adds time in the run queue.
    pub fn run_queue(mut self, ns: u64) -> Self {
        self.0.run_queue_ns += ns;
        self
    }

    /// Adds time asleep.
    pub fn off_cpu(mut self, ns: u64) -> Self {
        self.0.off_cpu_ns += ns;
        self
    }

    /// Adds a system call.
    pub fn call(mut self, name: &str, count: u64, on_cpu_ns: u64) -> Self {
        self.0.syscalls.push(Syscall {
            name: name.into(),
            count,
            on_cpu_ns,
            ..Syscall::default()
        });
        self.0.syscall_ns += on_cpu_ns;
        self.0.on_cpu_ns += on_cpu_ns;
        self
    }

    /// Lets the call added last move so many bytes.
    pub fn moving(mut self, bytes: u64) -> Self {
        self.last_call().bytes = Some(bytes);
        self
    }

    /// Lets the call added last return so many events.
    pub fn returning(mut self, events: u64) -> Self {
        self.last_call().events = Some(events);
        self
    }

    /// Adds time asleep in calls of this name, made before.
    pub fn blocked(mut self, name: &str, ns: u64) -> Self {
        let mut calls = self.0.syscalls.iter_mut();
        let call = calls.find(|call| call.name == name).expect("made before");
        call.blocked_ns += ns;
        self
    }

    /// Changes anything else.
    pub fn with(mut self, change: impl FnOnce(&mut Thread)) -> Self {
        change(&mut self.0);
        self
    }

    fn last_call(&mut self) -> &mut Syscall {
        self.0.syscalls.last_mut().expect("a call was added")
    }
}
