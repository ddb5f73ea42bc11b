//! Code that takes memory from the kernel and returns it: the instructions of page faults, and the
//! stacks of system calls that manage memory.

use crate::numbers::{BRK, MADVISE, MLOCK, MLOCK2, MLOCKALL, MMAP, MREMAP, MUNMAP};
use crate::slot::{Slot, slotted};
use crate::{CODE_BITS, code_key};

/// Frames of a stack that are kept, innermost first.
pub const FRAMES: usize = 16;

/// The effect of a call that manages memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// Mapped memory.
    Mmap = 0,
    /// Reserved addresses without memory (`PROT_NONE`).
    Reserve = 1,
    /// Unmapped addresses, with the memory behind them.
    Munmap = 2,
    /// Made a mapping longer or shorter.
    Mremap = 3,
    /// Moved the end of the heap, or read it.
    Brk = 4,
    /// Returned pages to the OS at once (`MADV_DONTNEED`).
    DontNeed = 5,
    /// Offered pages to the OS, to be taken under memory pressure (`MADV_FREE`).
    Free = 6,
    /// Gave any other advice.
    Advice = 7,
}

impl Kind {
    /// Each kind, in the order of their numbers.
    pub const EACH: [Kind; 8] = [
        Kind::Mmap,
        Kind::Reserve,
        Kind::Munmap,
        Kind::Mremap,
        Kind::Brk,
        Kind::DontNeed,
        Kind::Free,
        Kind::Advice,
    ];
}

/// A thread, the effect of its call, and the call's stack.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub struct CallSite {
    /// Serial number of the thread.
    pub serial: u32,
    /// A [`Kind`].
    pub kind: u32,
    /// The instruction after the call; the return address on top of the stack, 0 if it is missing;
    /// then return addresses as far as frame pointers lead, and 0 after the last.
    pub frames: [u64; FRAMES],
}

slotted! {
    /// Calls from one site.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[repr(C)]
    pub struct CallSiteSum {
        /// Calls that succeeded.
        pub count: u64,
        /// Bytes requested: taken less returned, in two's complement.
        pub bytes: u64,
    }
}

const _: () = assert!(size_of::<CallSite>() == 8 + 8 * FRAMES);
const _: () = assert!(size_of::<CallSiteSum>() == 16);

impl Slot<'_, CallSiteSum> {
    /// Adds a call that requested so many bytes.
    #[inline(always)]
    pub fn add(self, bytes: i64) {
        self.count().add(1);
        self.bytes().add(bytes as u64);
    }
}

impl CallSiteSum {
    /// One call that requested so many bytes.
    #[inline(always)]
    pub fn of(bytes: i64) -> Self {
        CallSiteSum {
            count: 1,
            bytes: bytes as u64,
        }
    }

    /// Returns the bytes requested: taken less returned.
    pub fn signed_bytes(&self) -> i64 {
        self.bytes as i64
    }
}

/// Whether a call manages memory. Calls that change permissions (`mprotect`) do not.
#[inline(always)]
pub fn manages_memory(nr: u32) -> bool {
    matches!(nr, MMAP | MUNMAP | BRK | MREMAP | MADVISE)
}

/// Whether a call may make the kernel populate pages, without a fault of the thread.
#[inline(always)]
pub fn populates_memory(nr: u32) -> bool {
    matches!(
        nr,
        MMAP | BRK | MREMAP | MADVISE | MLOCK | MLOCK2 | MLOCKALL
    )
}

/// Arguments and result of a call. Passed by reference: eBPF functions take five words.
#[derive(Clone, Copy, Debug, Default)]
pub struct Call {
    /// Number.
    pub nr: u32,
    /// First to third argument.
    pub arguments: [u64; 3],
    /// Result.
    pub result: u64,
    /// For `brk`: the end of the heap before; 0 if unknown.
    pub heap_end: u64,
}

impl Call {
    /// Returns the effect of a call that succeeded, and the bytes it requested: above zero if
    /// taken, below if returned.
    #[inline(always)]
    pub fn change(&self) -> (Kind, i64) {
        let [_, second, third] = self.arguments;
        let length = second as i64;
        match self.nr {
            MMAP if third == 0 => (Kind::Reserve, length),
            MMAP => (Kind::Mmap, length),
            MUNMAP => (Kind::Munmap, length.wrapping_neg()),
            MREMAP => (Kind::Mremap, (third as i64).wrapping_sub(length)),
            MADVISE => match third {
                // MADV_DONTNEED, MADV_DONTNEED_LOCKED
                4 | 24 => (Kind::DontNeed, length.wrapping_neg()),
                // MADV_FREE
                8 => (Kind::Free, length.wrapping_neg()),
                _ => (Kind::Advice, 0),
            },
            _ if self.heap_end == 0 => (Kind::Brk, 0),
            _ => (Kind::Brk, self.result.wrapping_sub(self.heap_end) as i64),
        }
    }
}

/// Whether a call moves the end of the heap, or reads it.
#[inline(always)]
pub fn is_brk(nr: u32) -> bool {
    nr == BRK
}

/// Bytes before an address that decide whether it is a return address (x86-64).
pub const BEFORE: usize = 8;

/// Whether the bytes before an address end in a call instruction, so that it may be a return
/// address. Where code keeps no frame pointers, most words on the stack are something else.
#[inline(always)]
pub fn may_return_to(before: &[u8; BEFORE]) -> bool {
    // `call` by a 32-bit distance.
    if before[3] == 0xe8 {
        return true;
    }
    // `call` by register or memory: 0xff, a ModR/M byte with 2 in its middle, and its operands (a
    // SIB byte, a displacement of 8 or 32 bits).
    let indirect = |at: usize| before[at] == 0xff && before[at + 1] & 0x38 == 0x10;
    indirect(1) || indirect(2) || indirect(4) || indirect(5) || indirect(6)
}

/// Upper bound of the numbers of system calls.
const CALLS: u64 = 1 << 10;
/// Stands for a fault in the kernel outside a system call.
const NO_CALL: u64 = CALLS - 1;

/// Returns the key of the page faults of one instruction of a thread.
#[inline(always)]
pub fn fault_key(serial: u32, instruction: u64) -> u64 {
    code_key(serial, instruction)
}

/// Returns the key of the page faults that the kernel took for a thread, in this system call if it
/// was in one. Nothing is mapped in the lowest 64 KiB of addresses (`vm.mmap_min_addr`), so
/// addresses there stand for the numbers of calls.
#[inline(always)]
pub fn kernel_fault_key(serial: u32, nr: Option<u32>) -> u64 {
    let nr = nr.map_or(NO_CALL, u64::from);
    code_key(serial, (nr & (CALLS - 1)) << CODE_BITS)
}

/// The place of a page fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultPlace {
    /// An instruction in the unit of code that begins at this address.
    Code(u64),
    /// This system call.
    Call(u32),
    /// The kernel, outside a system call.
    Kernel,
}

impl FaultPlace {
    /// Returns the place that an address in a key stands for.
    pub fn of(address: u64) -> Self {
        match address >> CODE_BITS {
            NO_CALL => FaultPlace::Kernel,
            nr if nr < CALLS => FaultPlace::Call(nr as u32),
            _ => FaultPlace::Code(address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split_code_key;

    #[test]
    fn derives_the_bytes_a_call_takes_or_returns() {
        let call = |nr, second, third| Call {
            nr,
            arguments: [0x1000, second, third],
            ..Call::default()
        };
        for (call, change) in [
            (call(MMAP, 8192, 3), (Kind::Mmap, 8192)),
            (call(MMAP, 8192, 0), (Kind::Reserve, 8192)),
            (call(MUNMAP, 4096, 0), (Kind::Munmap, -4096)),
            (call(MREMAP, 8192, 4096), (Kind::Mremap, -4096)),
            (call(MADVISE, 4096, 4), (Kind::DontNeed, -4096)),
            (call(MADVISE, 4096, 8), (Kind::Free, -4096)),
            (call(MADVISE, 4096, 14), (Kind::Advice, 0)),
            (call(BRK, 0, 0), (Kind::Brk, 0)),
        ] {
            assert_eq!(call.change(), change, "{call:?}");
            assert!(manages_memory(call.nr));
        }
        let shrinks = Call {
            nr: BRK,
            result: 0x5000,
            heap_end: 0x8000,
            ..Call::default()
        };
        assert_eq!(shrinks.change(), (Kind::Brk, -0x3000));
    }

    #[test]
    fn ignores_calls_that_do_not_manage_memory() {
        let managing = (0..1024).filter(|nr| manages_memory(*nr)).count();
        assert_eq!(managing, 5);
        assert!(populates_memory(MLOCKALL) && !manages_memory(MLOCKALL));
    }

    #[test]
    fn lists_kinds_by_their_numbers() {
        for (number, kind) in (0..).zip(Kind::EACH) {
            assert_eq!(kind as u32, number);
        }
    }

    #[test]
    fn detects_return_addresses_by_the_call_before() {
        let calls: [[u8; BEFORE]; 6] = [
            [0, 0, 0, 0xe8, 1, 2, 3, 4],          // call 0x…
            [0, 0, 0, 0, 0, 0x41, 0xff, 0xd3],    // call *%r11
            [0, 0, 0, 0, 0, 0, 0xff, 0x12],       // call *(%rdx)
            [0, 0, 0, 0, 0, 0xff, 0x50, 0x18],    // call *0x18(%rax)
            [0, 0, 0xff, 0x15, 1, 2, 3, 4],       // call *0x…(%rip)
            [0, 0xff, 0x94, 0xc8, 0x80, 0, 0, 0], // call *0x80(%rax,%rcx,8)
        ];
        assert!(calls.iter().all(may_return_to));
        assert!(!may_return_to(&[0x90; BEFORE]), "goexit's");
        assert!(!may_return_to(&[0; BEFORE]) && !may_return_to(&[0xff; BEFORE]));
    }

    #[test]
    fn reads_places_of_faults_back() {
        let place = |key| FaultPlace::of(split_code_key(key).1);
        assert_eq!(place(fault_key(7, 0x40_1234)), FaultPlace::Code(0x40_1200));
        assert_eq!(place(kernel_fault_key(7, Some(45))), FaultPlace::Call(45));
        assert_eq!(place(kernel_fault_key(7, None)), FaultPlace::Kernel);
        assert_eq!(split_code_key(kernel_fault_key(7, None)).0, 7);
    }
}
