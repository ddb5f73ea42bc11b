//! A thread as the kernel accounts for it, which an iterator over tasks writes.

/// The kernel's accounting of a thread at one instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct TaskRecord {
    /// Thread group id.
    pub tgid: u32,
    /// Thread id.
    pub tid: u32,
    /// On-CPU time, ns.
    pub exec_ns: u64,
    /// Run-queue time, ns.
    pub run_delay_ns: u64,
    /// Voluntary switches.
    pub voluntary: u64,
    /// Involuntary switches.
    pub involuntary: u64,
    /// Page faults, minor and major.
    pub faults: u64,
    /// Stack pointer when the thread last entered the kernel.
    pub stack_pointer: u64,
    /// State; 0 if the thread has a CPU or waits for one.
    pub state: u32,
    /// Padding.
    pub reserved: u32,
    /// Name, up to the first NUL.
    pub comm: [u8; 16],
}

const _: () = assert!(size_of::<TaskRecord>() == 80);
