//! Wire types that the eBPF programs and the loader share, with the rules that fill them.
//!
//! Everything here is `repr(C)`, made of integers, without implicit padding, and its size is asserted: both sides of
//! the kernel boundary are compiled by different toolchains. The rules are plain functions over these types, so the
//! part of the kernel side that is easy to get wrong is tested like any other code.
//!
//! *Invariant:* nothing here allocates, and nothing here knows a kernel structure.
#![no_std]

pub mod bursts;
pub mod counters;
pub mod fifo;
pub mod forward;
pub mod go;
pub mod goroutine;
pub mod histogram;
pub mod instruction;
#[cfg(feature = "loader")]
mod loader;
pub mod site;
pub mod socket;
pub mod syscall;
pub mod thread;
pub mod ticks;
pub mod wakes;

pub use bursts::Bursts;
pub use counters::Counters;
pub use fifo::{Fifo, Stamp};
pub use forward::Forwards;
pub use go::GoEvent;
pub use goroutine::Goroutines;
pub use site::{Site, SiteSum};
pub use socket::Socket;
pub use syscall::SyscallStat;
pub use thread::{Thread, ThreadExit};
pub use ticks::Ticks;
pub use wakes::Wakes;

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
    /// Same exchange: pools, where another thread may send what this one received. A thread that receives from a client acts for it until
    /// it sleeps; the connection over which it then asks has that client as its peer, and what comes back is for the peer. Where
    /// the peer of a connection is not known, what a thread receives is paired with what it sends before it sleeps.
    Pool = 0,
    /// Same goroutine: Go, where threads are interchangeable. What another goroutine sends is paired as in a pool.
    Goroutine = 1,
    /// First in, first out over the process: one event loop that receives several chunks before it sends the first, or that sends
    /// what another thread has received.
    Fifo = 2,
}

/// Addresses of faults are kept in units of 64 KiB: fine enough to tell regions apart, coarse enough to be few.
pub const UNIT_BITS: u32 = 16;

/// Code is kept in units of 64 bytes: fine enough to tell functions apart, coarse enough for a key of 64 bits.
pub const CODE_BITS: u32 = 6;
/// Addresses of user space have 47 bits.
const PLACE_BITS: u32 = 47 - CODE_BITS;
/// Serial numbers from here on share a key that belongs to no thread: where their code lies is not known.
pub const SERIALS_WITH_CODE: u32 = (1 << (64 - PLACE_BITS)) - 1;

/// Key of the samples that found a thread in a unit of its code.
#[inline(always)]
pub fn code_key(serial: u32, address: u64) -> u64 {
    let serial = if serial < SERIALS_WITH_CODE {
        serial
    } else {
        SERIALS_WITH_CODE
    };
    ((serial as u64) << PLACE_BITS) | ((address >> CODE_BITS) & ((1 << PLACE_BITS) - 1))
}

/// The thread's serial number and the lowest address of the unit in a key.
pub fn split_code_key(key: u64) -> (u32, u64) {
    (
        (key >> PLACE_BITS) as u32,
        (key & ((1 << PLACE_BITS) - 1)) << CODE_BITS,
    )
}

/// A wait for a CPU of at least this long, ns, is charged to whoever had the CPU: a shorter one is the way from the
/// wake-up to the CPU rather than waiting for anybody.
pub const LONG_WAIT_NS: u64 = 50_000;
/// Stands in `WAITED` for all processes that no longer fit; no process has this id.
pub const LATE_PROCESSES: u32 = u32::MAX;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_key_is_read_back_to_its_unit() {
        let address = 0x7fff_dead_beef;
        let read_back = |serial| split_code_key(code_key(serial, address));
        for serial in [0, 1 << 12, SERIALS_WITH_CODE - 1] {
            assert_eq!(read_back(serial), (serial, 0x7fff_dead_bec0));
        }
        for serial in [SERIALS_WITH_CODE, u32::MAX] {
            assert_eq!(read_back(serial), (SERIALS_WITH_CODE, 0x7fff_dead_bec0));
        }
    }
}
