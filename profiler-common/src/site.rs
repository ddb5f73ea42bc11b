//! The code that takes memory from the kernel and gives it back: the instructions of page faults, and the stacks of calls
//! that manage memory.

use crate::{CODE_BITS, code_key};

/// Frames of a stack that are kept, innermost first.
pub const FRAMES: usize = 16;

/// What a call did about memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Kind {
    /// Memory was mapped.
    Mmap = 0,
    /// Addresses were taken that nothing may be kept at (`PROT_NONE`).
    Reserve = 1,
    /// Addresses were given back, with what was kept there.
    Munmap = 2,
    /// A mapping was made longer or shorter.
    Mremap = 3,
    /// The end of the heap was moved, or asked for.
    Brk = 4,
    /// Pages were given back at once (`MADV_DONTNEED`).
    DontNeed = 5,
    /// Pages may be taken by the kernel when it likes (`MADV_FREE`).
    Free = 6,
    /// Any other advice.
    Advice = 7,
}

impl Kind {
    /// Each, in the order of their numbers.
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

/// The thread, what it did, and where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub struct Site {
    /// Serial number of the thread.
    pub serial: u32,
    /// A [`Kind`].
    pub kind: u32,
    /// The instruction after the call; the return address on top of the stack, 0 if there is none; then return addresses as
    /// far as frame pointers lead, and 0 after the last.
    pub frames: [u64; FRAMES],
}

/// Calls from one site.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct SiteSum {
    /// Calls that succeeded.
    pub count: u64,
    /// Bytes asked for: taken less given back.
    pub bytes: i64,
}

const _: () = assert!(size_of::<Site>() == 8 + 8 * FRAMES);
const _: () = assert!(size_of::<SiteSum>() == 16);

const MMAP: u32 = 9;
const MUNMAP: u32 = 11;
const BRK: u32 = 12;
const MREMAP: u32 = 25;
const MADVISE: u32 = 28;

/// Whether a call (x86-64 number) manages memory, apart from what it allows (`mprotect`).
#[inline(always)]
pub fn manages_memory(nr: u32) -> bool {
    const CALLS: u32 = (1 << MMAP) | (1 << MUNMAP) | (1 << BRK) | (1 << MREMAP) | (1 << MADVISE);
    nr < 32 && (CALLS >> nr) & 1 != 0
}

/// A call's first arguments and result. Not by value: eBPF functions take five words.
#[derive(Clone, Copy, Debug, Default)]
pub struct Call {
    /// x86-64 number.
    pub nr: u32,
    /// First to third argument.
    pub arguments: [u64; 3],
    /// What it returned.
    pub result: u64,
    /// Of `brk`: where the heap ended before; 0 if that is not known.
    pub heap_end: u64,
}

impl Call {
    /// What a call that succeeded did, and the bytes that it asked for: taken above zero, given back below.
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

/// Whether a call moves the end of the heap, or asks for it.
#[inline(always)]
pub fn is_brk(nr: u32) -> bool {
    nr == BRK
}

/// Bytes before an address that tell whether a call (x86-64) returns there.
pub const BEFORE: usize = 8;

/// Whether the bytes before an address end in a call instruction, so that the address may be one that a function returns
/// to: what is found where frame pointers are not kept is mostly something else.
#[inline(always)]
pub fn may_return_to(before: &[u8; BEFORE]) -> bool {
    // `call` by a 32-bit distance.
    if before[3] == 0xe8 {
        return true;
    }
    // `call` by register or memory: 0xff, a ModR/M byte with 2 in its middle, and what that asks for (a SIB byte, a
    // displacement of 8 or 32 bits).
    let indirect = |at: usize| before[at] == 0xff && before[at + 1] & 0x38 == 0x10;
    indirect(1) || indirect(2) || indirect(4) || indirect(5) || indirect(6)
}

/// Numbers of system calls are below this.
const CALLS: u64 = 1 << 10;
/// A fault in the kernel outside of a call.
const NO_CALL: u64 = CALLS - 1;

/// Key of the page faults that a thread's instruction took.
#[inline(always)]
pub fn fault_key(serial: u32, instruction: u64) -> u64 {
    code_key(serial, instruction)
}

/// Key of the page faults that the kernel took for a thread, in this system call if it was in one. Nothing is mapped in the
/// lowest 64 KiB of addresses (`vm.mmap_min_addr`), so these serve as the numbers of calls.
#[inline(always)]
pub fn kernel_fault_key(serial: u32, nr: Option<u32>) -> u64 {
    let nr = nr.map_or(NO_CALL, u64::from);
    code_key(serial, (nr & (CALLS - 1)) << CODE_BITS)
}

/// Where a page fault was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultPlace {
    /// By an instruction in the unit of code that begins here.
    Code(u64),
    /// In this system call.
    Call(u32),
    /// In the kernel, outside of a call.
    Kernel,
}

impl FaultPlace {
    /// The place of an address in a key.
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
    fn calls_say_what_they_take_and_give_back() {
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
    fn other_calls_do_not_manage_memory() {
        let managing = (0..1024).filter(|nr| manages_memory(*nr)).count();
        assert_eq!(managing, 5);
        assert!(!manages_memory(10), "mprotect");
    }

    #[test]
    fn kinds_are_listed_by_their_numbers() {
        for (number, kind) in (0..).zip(Kind::EACH) {
            assert_eq!(kind as u32, number);
        }
    }

    #[test]
    fn calls_are_told_by_the_bytes_before_their_return() {
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
    fn places_of_faults_are_read_back() {
        let place = |key| FaultPlace::of(split_code_key(key).1);
        assert_eq!(place(fault_key(7, 0x40_1234)), FaultPlace::Code(0x40_1200));
        assert_eq!(place(kernel_fault_key(7, Some(45))), FaultPlace::Call(45));
        assert_eq!(place(kernel_fault_key(7, None)), FaultPlace::Kernel);
        assert_eq!(split_code_key(kernel_fault_key(7, None)).0, 7);
    }
}
