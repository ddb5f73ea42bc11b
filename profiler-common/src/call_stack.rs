//! Call stacks of CPU samples.
//!
//! A stack is stored once, under a hash of its frames; samples only count. Stacks that differ only
//! in frames beyond those that fit are stored as one.
//!
//! The kernel takes 10 to 20 µs to find the callers of an interrupted function there, where a
//! server's work has emptied the caches: far longer than a program takes to follow frame pointers.
//! So these are read for one of [`KERNEL_STACK_EVERY`] samples in the kernel, chosen at random, and
//! the others keep the interrupted function only. The recorder gives those the callers of samples
//! in the same function and system call.

/// Frames of user code that a stack keeps, innermost first.
pub const USER_FRAMES: usize = 96;
/// Frames of the kernel that a stack keeps, innermost first.
pub const KERNEL_FRAMES: usize = 29;
/// Of so many samples in the kernel one keeps the callers there, unless the recorder is asked for
/// more or fewer.
pub const KERNEL_STACK_EVERY: u32 = 8;
/// Stacks that the map holds. The recorder takes them out before it is full.
pub const MAX_STACKS: u32 = 8_192;
/// Counts of samples that the map holds.
pub const MAX_COUNTS: u32 = 32_768;

/// [`StackKey::flags`]: the sample was taken in user mode.
pub const IN_USER: u32 = 1;
/// [`StackKey::flags`]: the sample was taken in a system call.
pub const IN_SYSCALL: u32 = 2;
/// [`StackKey::flags`]: a gc thread was awake when the sample was taken.
pub const IN_GC: u32 = 4;
/// [`StackKey::flags`]: the sample was taken at the edge of a system call.
pub const AT_SYSCALL_EDGE: u32 = 8;
/// [`StackKey::flags`]: the sample was taken on the return from a page fault.
pub const AT_FAULT_RETURN: u32 = 16;
/// [`StackKey::flags`]: of the kernel the stack has the interrupted function only.
pub const CALLERS_UNREAD: u32 = 32;
/// [`StackKey::flags`]: the bits from here on hold the number of the system call, plus 1; 0 in
/// none.
pub const CALL_SHIFT: u32 = 16;

/// The frames of one stack. Entries beyond the lengths mean nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct CallStack {
    /// Frames in `user`.
    pub user_len: u32,
    /// Frames in `kernel`.
    pub kernel_len: u32,
    /// The word on top of the user stack: the return address if the innermost function keeps no
    /// frame and pushed nothing. 0 where it could not be read.
    pub top: u64,
    /// Addresses of user code, innermost first. All but the first are return addresses.
    pub user: [u64; USER_FRAMES],
    /// Addresses of the kernel, innermost first.
    pub kernel: [u64; KERNEL_FRAMES],
}

const _: () = assert!(size_of::<CallStack>() == 1016);

/// Key of a count of samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct StackKey {
    /// Hash of the stack.
    pub hash: u64,
    /// Serial number of the thread.
    pub serial: u32,
    /// Bits of `IN_*` and `AT_*`.
    pub flags: u32,
}

const _: () = assert!(size_of::<StackKey>() == 16);

/// Adds a word to a hash (the mixing step of FNV-1a on words, with a rotation for the high bits).
#[inline(always)]
pub fn mix(hash: u64, word: u64) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    (hash ^ word).wrapping_mul(PRIME).rotate_left(29)
}

/// Initial value of the hash of a stack.
pub const HASH_SEED: u64 = 0xcbf2_9ce4_8422_2325;

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(words: &[u64]) -> u64 {
        words.iter().fold(HASH_SEED, |hash, word| mix(hash, *word))
    }

    #[test]
    fn distinguishes_stacks_that_differ_in_one_frame_or_in_order() {
        let stacks = [
            hash(&[0x40_1000, 0x40_2000]),
            hash(&[0x40_2000, 0x40_1000]),
            hash(&[0x40_1000, 0x40_2001]),
            hash(&[0x40_1000]),
            hash(&[0x40_1000, 0x40_2000, 0]),
        ];
        for (place, stack) in stacks.iter().enumerate() {
            assert!(!stacks[..place].contains(stack));
        }
    }
}
