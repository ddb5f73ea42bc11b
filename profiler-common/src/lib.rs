//! Wire types that the eBPF programs and the loader share, with the rules that fill them.
//!
//! Every type is `repr(C)` and made of integers, without implicit padding, and its size is
//! asserted: two toolchains compile the two sides of the kernel boundary. The rules are functions
//! over these types, so that the part of the kernel side that is easy to get wrong is tested like
//! other code. Rules over values that several CPUs write are methods of a [`Slot`].
//!
//! *Invariant:* this crate does not allocate, and knows no kernel structure.
#![no_std]
#![cfg_attr(
    target_arch = "bpf",
    feature(asm_experimental_arch) // For the atomic addition, see `slot::atomic_add`.
)]

pub mod answer;
pub mod block_io;
pub mod call_site;
pub mod call_stack;
pub mod counters;
pub mod dns;
pub mod event_loop;
pub mod fifo;
pub mod gc_bursts;
pub mod gc_calls;
pub mod go;
pub mod goroutine;
pub mod histogram;
pub mod instruction;
#[cfg(feature = "loader")]
mod loader;
pub mod numbers;
pub mod off_cpu;
pub mod peer;
pub mod process;
pub mod python;
pub mod relay;
pub mod sched_clock;
pub mod slot;
pub mod socket;
pub mod syscall;
pub mod task;
pub mod thread;
pub mod timeline;
pub mod wait_object;
pub mod wakes;

pub use block_io::{BlockKey, BlockRequest, BlockSum};
pub use call_site::{CallSite, CallSiteSum};
pub use call_stack::{CallStack, StackEntry};
pub use counters::Counters;
pub use dns::DnsQueries;
pub use event_loop::EventLoop;
pub use fifo::{Fifo, RecvStamp};
pub use gc_bursts::GcBursts;
pub use gc_calls::{GcCall, GcCalls};
pub use go::{GoEvent, ParkedAt, ParkedBy, ParkedSum};
pub use goroutine::Goroutines;
pub use off_cpu::{OpenWait, SleepStack, WaitKey, WaitSampler, WaitStack, WaitSum};
pub use peer::{PeerKey, PeerTraffic, UnixName};
pub use process::{CgroupKey, FOREIGN, Forked};
pub use python::{PythonStack, PythonThread};
pub use relay::Relays;
pub use slot::Slot;
pub use socket::{SockCacheEntry, Socket, Tracking};
pub use syscall::SyscallStat;
pub use task::TaskRecord;
pub use thread::{Thread, ThreadExit};
pub use wait_object::WaitObject;
pub use wakes::Wakes;

use slot::slotted;

/// Threads of the target that can be alive at one time.
pub const MAX_THREADS: u32 = 16_384;

/// The waker of a thread that the idle task woke (an interrupt on an idle CPU).
pub const WAKER_IDLE: u32 = 0;
/// The waker of a thread that another process woke.
pub const WAKER_OTHER: u32 = u32::MAX;

/// How a receive is paired with the send it causes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Pairing {
    /// By exchange: pools, where another thread may send than received.
    ///
    /// A thread that receives from a client acts for it until it sleeps. The connection over which
    /// it then sends a request has that client as its peer, and the response is for the peer. Where
    /// the peer is unknown, a receive is paired with the next send of its thread before it sleeps.
    Pool = 0,
    /// By goroutine: Go, where threads are interchangeable. Where another goroutine sends than
    /// received, by exchange.
    Goroutine = 1,
    /// First in, first out over the process: one event loop, which receives several chunks before
    /// it sends the first, or sends what another thread has received.
    Fifo = 2,
}

/// Bits of an address below a unit of 64 KiB, in which addresses of faults are kept: fine enough to
/// distinguish regions, coarse enough to be few.
pub const UNIT_BITS: u32 = 16;

/// Bits of an address below a unit of 64 bytes, in which code is kept: fine enough to distinguish
/// functions, coarse enough for a key of 64 bits.
pub const CODE_BITS: u32 = 6;
/// Bits of a unit's number: addresses of user space have 47.
const PLACE_BITS: u32 = 47 - CODE_BITS;
/// Serial numbers from here on share a key that stands for no thread: their samples lose their
/// code.
pub const SERIALS_WITH_CODE: u32 = (1 << (64 - PLACE_BITS)) - 1;

/// Returns the key of the samples of a thread in a unit of code.
#[inline(always)]
pub fn code_key(serial: u32, address: u64) -> u64 {
    let serial = if serial < SERIALS_WITH_CODE {
        serial
    } else {
        SERIALS_WITH_CODE
    };
    ((serial as u64) << PLACE_BITS) | ((address >> CODE_BITS) & ((1 << PLACE_BITS) - 1))
}

/// Splits a key into the thread's serial number and the lowest address of the unit.
pub fn split_code_key(key: u64) -> (u32, u64) {
    (
        (key >> PLACE_BITS) as u32,
        (key & ((1 << PLACE_BITS) - 1)) << CODE_BITS,
    )
}

/// The shortest wait for a CPU, ns, that is charged to the process that had the CPU. A shorter one
/// is the way from the wake-up to the CPU.
pub const LONG_WAIT_NS: u64 = 50_000;
/// Key of the run-queue blame of all processes that no longer fit. No process has this id.
pub const OTHER_PROCESSES: u32 = u32::MAX;

slotted! {
    /// Run-queue blame: waits for a CPU that one process had.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[repr(C)]
    pub struct RunQueueBlame {
        /// Waits of the target's threads that ended when the process left its CPU.
        pub count: u64,
        /// Length of these waits, ns.
        pub wait_ns: u64,
        /// Name of the process's first thread that was waited for.
        pub comm: [u8; 16],
    }
}

const _: () = assert!(size_of::<RunQueueBlame>() == 32);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_code_key_back_to_its_unit() {
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
