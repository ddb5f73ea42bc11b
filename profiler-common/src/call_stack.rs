//! Call stacks of CPU samples.
//!
//! A stack is stored once for each thread and [flags](StackEntry::flags), under a hash of its
//! frames; samples only count. Stacks that differ only in frames beyond those that fit are stored
//! as one.
//!
//! The kernel takes 10 to 35 µs to find the callers of an interrupted function there, where a
//! server's work has emptied the caches: far longer than a program takes to follow frame pointers.
//! So these are read for one of [`KERNEL_STACK_EVERY`] samples in the kernel, chosen at random, and
//! the others keep the interrupted function only. The recorder gives those the callers of samples
//! in the same function and system call.

use crate::slot::slotted;

/// Frames of user code that a stack keeps, innermost first.
pub const USER_FRAMES: usize = 96;
/// Frames of the kernel that a stack keeps, innermost first.
pub const KERNEL_FRAMES: usize = 29;
/// Of so many samples in the kernel one keeps the callers there, unless the recorder is asked for
/// more or fewer.
pub const KERNEL_STACK_EVERY: u32 = 16;
/// Python stacks that the map holds. The recorder takes them out before it is full.
pub const MAX_STACKS: u32 = 8_192;
/// Entries of each half of the table of stacks, at least; always a power of two. The loader makes
/// more for many CPUs. The programs write to one half while the recorder reads the other.
pub const STACK_SLOTS: u32 = 4_096;
/// Entries that a sample looks at for its own, or for a free one.
pub const STACK_PROBES: u32 = 8;

/// [`StackEntry::flags`]: the sample was taken in user mode.
pub const IN_USER: u32 = 1;
/// [`StackEntry::flags`]: the sample was taken in a system call.
pub const IN_SYSCALL: u32 = 2;
/// [`StackEntry::flags`]: a gc thread was awake when the sample was taken.
pub const IN_GC: u32 = 4;
/// [`StackEntry::flags`]: the sample was taken at the edge of a system call.
pub const AT_SYSCALL_EDGE: u32 = 8;
/// [`StackEntry::flags`]: the sample was taken on the return from a page fault.
pub const AT_FAULT_RETURN: u32 = 16;
/// [`StackEntry::flags`]: of the kernel the stack has the interrupted function only.
pub const CALLERS_UNREAD: u32 = 32;
/// [`StackEntry::flags`]: the bits from here on hold the number of the system call, plus 1; 0 in
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

slotted! {
    /// Samples of one thread with one call stack: an entry of a table, found by its key. It begins
    /// with a cache line.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    #[repr(C)]
    pub struct StackEntry {
        /// [`stack_key`] of the samples; 0 while the entry is free, or its first sample is being
        /// written.
        pub key: u64,
        /// Programs that found the entry free. The first of them has it.
        pub claims: u64,
        /// Samples.
        pub count: u64,
        /// Hash of the stack, with Python's frames.
        pub hash: u64,
        /// The word on top of the user stack, as in [`CallStack::top`].
        pub top: u64,
        /// Serial number of the thread.
        pub serial: u32,
        /// Bits of `IN_*`, `AT_*`, [`CALLERS_UNREAD`], and the system call.
        pub flags: u32,
        /// Frames in `user`.
        pub user_len: u32,
        /// Frames in `kernel`.
        pub kernel_len: u32,
        /// Addresses of user code, as in [`CallStack::user`].
        pub user: [u64; USER_FRAMES],
        /// Addresses of the kernel, as in [`CallStack::kernel`].
        pub kernel: [u64; KERNEL_FRAMES],
        /// Padding to whole cache lines.
        pub reserved: [u64; 4],
    }
}

const _: () = assert!(size_of::<StackEntry>() == 1088);

impl StackEntry {
    /// A free entry.
    pub const FREE: StackEntry = StackEntry {
        key: 0,
        claims: 0,
        count: 0,
        hash: 0,
        top: 0,
        serial: 0,
        flags: 0,
        user_len: 0,
        kernel_len: 0,
        user: [0; USER_FRAMES],
        kernel: [0; KERNEL_FRAMES],
        reserved: [0; 4],
    };

    /// Returns the stack.
    pub fn stack(&self) -> CallStack {
        CallStack {
            user_len: self.user_len,
            kernel_len: self.kernel_len,
            top: self.top,
            user: self.user,
            kernel: self.kernel,
        }
    }
}

/// Returns the key of samples with one hash, thread and flags; never 0.
#[inline(always)]
pub fn stack_key(hash: u64, serial: u32, flags: u32) -> u64 {
    mix(hash, u64::from(serial) << 32 | u64::from(flags)) | 1
}

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

    #[test]
    fn distinguishes_samples_by_stack_thread_and_flags() {
        let keys = [
            stack_key(7, 1, IN_USER),
            stack_key(8, 1, IN_USER),
            stack_key(7, 2, IN_USER),
            stack_key(7, 1, IN_USER | IN_GC),
            stack_key(0, 0, 0),
        ];
        for (place, key) in keys.iter().enumerate() {
            assert!(*key != 0 && !keys[..place].contains(key));
        }
    }

    #[test]
    fn returns_the_stack_of_an_entry() {
        let mut entry = StackEntry::FREE;
        (entry.user_len, entry.kernel_len, entry.top) = (2, 1, 3);
        (entry.user[1], entry.kernel[0]) = (4, 5);
        let stack = entry.stack();
        assert_eq!((stack.user_len, stack.kernel_len, stack.top), (2, 1, 3));
        assert_eq!((stack.user[1], stack.kernel[0]), (4, 5));
    }

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
