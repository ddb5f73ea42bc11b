//! Wire types that the eBPF programs and the loader share, with the rules that fill them.
//!
//! Everything here is `repr(C)`, made of integers, without implicit padding, and its size is asserted: both sides of
//! the kernel boundary are compiled by different toolchains. The rules are plain functions over these types, so the
//! part of the kernel side that is easy to get wrong is tested like any other code.
//!
//! *Invariant:* nothing here allocates, and nothing here knows a kernel structure.
#![no_std]

pub mod counters;
pub mod fifo;
pub mod forward;
pub mod histogram;
#[cfg(feature = "loader")]
mod loader;
pub mod syscall;
pub mod thread;

pub use counters::Counters;
pub use fifo::{Fifo, Stamp};
pub use forward::Forwards;
pub use syscall::SyscallStat;
pub use thread::{Thread, ThreadExit};

/// Threads of the target that can be alive at one time.
pub const MAX_THREADS: u32 = 16_384;

/// Who woke a thread, where it was no thread of the target: the idle task (an interrupt on an idle CPU).
pub const WAKER_IDLE: u32 = 0;
/// Who woke a thread, where it was no thread of the target: some other process.
pub const WAKER_OTHER: u32 = u32::MAX;

/// How a receive is paired with the send it causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Pairing {
    /// Same thread: event loops that receive and send on one thread.
    Thread = 0,
    /// Same goroutine: Go, where threads are interchangeable.
    Goroutine = 1,
    /// First in, first out over the process: one thread receives, another sends.
    Fifo = 2,
}

/// Addresses are kept in units of 64 KiB: fine enough to tell regions apart, coarse enough to be few.
pub const UNIT_BITS: u32 = 16;

/// Key of the samples that found a thread in a unit of its code. Addresses of user space fit, up to 48 bits.
#[inline(always)]
pub fn code_key(serial: u32, address: u64) -> u64 {
    ((serial as u64) << 32) | ((address >> UNIT_BITS) & 0xffff_ffff)
}

/// The thread's serial number and the lowest address of the unit in a key.
pub fn split_code_key(key: u64) -> (u32, u64) {
    ((key >> 32) as u32, (key & 0xffff_ffff) << UNIT_BITS)
}

/// A wait for a CPU of at least this long, ns, is charged to whoever had the CPU: a shorter one is the way from the
/// wake-up to the CPU rather than waiting for anybody.
pub const LONG_WAIT_NS: u64 = 50_000;

/// A process that had a CPU while threads of the target waited for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct WaitedFor {
    /// Waits that ended when it left its CPU.
    pub count: u64,
    /// How long they were, ns.
    pub wait_ns: u64,
    /// Name of its first thread that was waited for.
    pub comm: [u8; 16],
}

const _: () = assert!(size_of::<WaitedFor>() == 32);

/// A socket of the target that is being followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Socket {
    /// 1: the target accepted it (its local port is one the target listens on); 0: the target opened it.
    pub accepted: u32,
    /// Padding.
    pub reserved: u32,
    /// When data became readable, monotonic ns; 0 once it was received.
    pub arrival_ns: u64,
    /// Padding: the kernel keeps 56 bytes before a value of a hash, so that an entry is two cache lines, and only the
    /// second, with the stamp, is written to while the first is looked for on other CPUs.
    pub padding: [u64; 7],
}

const _: () = assert!(size_of::<Socket>() == 72);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_key_is_read_back_to_its_unit() {
        let address = 0x7fff_dead_beef;
        assert_eq!(
            split_code_key(code_key(u32::MAX, address)),
            (u32::MAX, 0x7fff_dead_0000)
        );
    }
}
