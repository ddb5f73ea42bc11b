//! Calls of a function that a runtime calls once for each garbage collection, and safepoints.

/// Index in `GC_CALLS` of collections.
pub const COLLECTIONS: u32 = 0;
/// Index in `GC_CALLS` of safepoints of a JVM: times in which it stops the program's threads.
pub const SAFEPOINTS: u32 = 1;
/// Entries of `GC_CALLS`.
pub const ENTRIES: u32 = 2;

/// Returns the key in `GC_OPEN` of what a thread does: a collection is inside of a safepoint.
#[inline(always)]
pub const fn key(serial: u32, of: u32) -> u64 {
    (of as u64) << 32 | serial as u64
}

/// A collection under way on one thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct GcCall {
    /// Time of the call.
    pub began_ns: u64,
    /// On-CPU time of the thread until then.
    pub on_cpu_ns: u64,
    /// Part of it in system calls.
    pub syscall_ns: u64,
    /// Page faults of the thread until then.
    pub faults: u32,
    /// Calls inside this one that have not returned.
    pub inner: u32,
}

/// Collections that have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct GcCalls {
    /// Collections.
    pub count: u64,
    /// Wall-clock time of the calls, ns.
    pub wall_ns: u64,
    /// On-CPU time of their threads meanwhile, ns.
    pub on_cpu_ns: u64,
    /// Page faults of their threads meanwhile.
    pub faults: u64,
}

const _: () = assert!(size_of::<GcCall>() == 32);
const _: () = assert!(size_of::<GcCalls>() == 32);

impl GcCall {
    /// A call inside this one returns, or this one. Returns whether it was this one.
    #[inline(always)]
    pub fn returns(&mut self) -> bool {
        if self.inner == 0 {
            return true;
        }
        self.inner -= 1;
        false
    }

    /// Returns the on-CPU time since the call outside of system calls.
    #[inline(always)]
    pub fn outside_syscalls_ns(&self, on_cpu_ns: u64, syscall_ns: u64) -> u64 {
        let in_syscalls = syscall_ns.saturating_sub(self.syscall_ns);
        on_cpu_ns
            .saturating_sub(self.on_cpu_ns)
            .saturating_sub(in_syscalls)
    }

    /// Returns the page faults since the call.
    #[inline(always)]
    pub fn faults_until(&self, faults: u32) -> u64 {
        u64::from(faults.wrapping_sub(self.faults))
    }
}

impl GcCalls {
    /// Adds a collection that ends at `now`.
    #[inline(always)]
    pub fn add(&mut self, call: &GcCall, now: u64, on_cpu_ns: u64, faults: u32) {
        self.count += 1;
        self.wall_ns += now.saturating_sub(call.began_ns);
        self.on_cpu_ns += on_cpu_ns.saturating_sub(call.on_cpu_ns);
        self.faults += call.faults_until(faults);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_collections_and_safepoints_of_a_thread_apart() {
        assert_ne!(key(7, COLLECTIONS), key(7, SAFEPOINTS));
        assert_ne!(key(u32::MAX, COLLECTIONS), key(u32::MAX, SAFEPOINTS));
    }

    #[test]
    fn adds_the_outermost_of_nested_calls() {
        let mut call = GcCall {
            began_ns: 100,
            on_cpu_ns: 10,
            syscall_ns: 4,
            faults: u32::MAX,
            inner: 0,
        };
        assert_eq!(call.outside_syscalls_ns(30, 9), 15);
        assert_eq!(call.outside_syscalls_ns(12, 9), 0);
        call.inner += 1;
        assert!(!call.returns());
        assert!(call.returns());
        let mut calls = GcCalls::default();
        calls.add(&call, 150, 30, 1);
        calls.add(&call, 90, 5, u32::MAX);
        let expected = GcCalls {
            count: 2,
            wall_ns: 50,
            on_cpu_ns: 20,
            faults: 2,
        };
        assert_eq!(calls, expected);
    }
}
