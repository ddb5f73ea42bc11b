//! Off-CPU stacks: which waits are kept, and how much time each of them stands for.
//!
//! Waits are kept by threshold sampling (Duffield, Lund and Thorup, "Learn more, sample less", IEEE
//! Transactions on Information Theory 51, 2005). A wait of length d is kept with the probability
//! min(1, d / T), and then stands for max(d, T). So sums are unbiased for any T that past waits
//! decide, and at most off-CPU time / T waits are kept. No other scheme with independent choices
//! has less variance for as many kept waits.

use crate::numbers::{
    CLOCK_NANOSLEEP, EPOLL_PWAIT, EPOLL_PWAIT2, EPOLL_WAIT, FUTEX, NANOSLEEP, POLL, PPOLL,
    PSELECT6, SELECT,
};
use crate::slot::slotted;

/// Words on top of the user stack that are looked through for return addresses, where code keeps no
/// frame pointers. A wait for a condition variable in glibc takes some forty.
pub const NEAR_WORDS: usize = 64;
/// Frames of user code by frame pointers, innermost first.
pub const CHAIN_FRAMES: usize = 64;
/// Frames of the kernel, innermost first.
pub const SLEEP_FRAMES: usize = 24;
/// Stacks of user code that the map holds. The recorder takes them out before it is full.
pub const MAX_WAIT_STACKS: u32 = 4_096;
/// Stacks of the kernel that the map holds.
pub const MAX_SLEEP_STACKS: u32 = 4_096;
/// Kinds of wait that the map holds.
pub const MAX_WAITS: u32 = 32_768;
/// Kept waits of each CPU in [`EPOCH_NS`]: half as many as there are CPU samples.
pub const KEPT_PER_EPOCH: u64 = 25;
/// Time in which the kept waits are counted before T changes.
pub const EPOCH_NS: u64 = 100_000_000;
/// T at the start of a recording, ns.
pub const FIRST_PERIOD_NS: u64 = 1_000_000;
/// The smallest T, ns.
const SHORTEST_PERIOD_NS: u64 = 1 << 16;
/// The largest T, ns.
const LONGEST_PERIOD_NS: u64 = 1 << 30;
/// Bits below the unit of time in which variances are added up: 1.024 µs.
const VARIANCE_BITS: u32 = 10;
/// Bits of a fraction in [`WaitSum::waits`].
pub const WAITS_BITS: u32 = 10;

/// The waker of a thread whose wait reached its time limit.
pub const WAKER_TIMER: u32 = u32::MAX - 1;
/// The waker of a thread that an interrupt woke while a thread of the target ran.
pub const WAKER_INTERRUPT: u32 = u32::MAX - 2;

/// The choice of waits on one CPU, and sums of all waits that ended there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct WaitSampler {
    /// T, ns; 0 before the first wait.
    pub period_ns: u64,
    /// Start of the epoch, monotonic ns.
    pub epoch_ns: u64,
    /// Kept waits of the epoch.
    pub kept: u64,
    /// Kept waits of the recording.
    pub kept_sum: u64,
    /// All waits.
    pub waits: u64,
    /// Length of all waits, ns.
    pub off_cpu_ns: u64,
    /// Variance of the sum of the time that kept waits stand for, in squares of 1.024 µs.
    pub variance: u64,
    /// The largest T so far, ns.
    pub longest_period_ns: u64,
}

const _: () = assert!(size_of::<WaitSampler>() == 64);

/// The time and the waits that a kept wait stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Off-CPU time, ns.
    pub off_cpu_ns: u64,
    /// Waits, in units of 2^-[`WAITS_BITS`].
    pub waits: u64,
}

impl WaitSampler {
    /// Decides about a wait that ended at `now`. `random` is uniform over all values.
    #[inline(always)]
    pub fn judge(&mut self, length_ns: u64, random: u32, now: u64) -> Option<Kept> {
        if self.period_ns == 0 {
            self.period_ns = FIRST_PERIOD_NS;
            self.epoch_ns = now;
            self.longest_period_ns = FIRST_PERIOD_NS;
        } else if now.saturating_sub(self.epoch_ns) >= EPOCH_NS {
            self.end_epoch(now);
        }
        let period = self.period_ns;
        self.waits += 1;
        self.off_cpu_ns += length_ns;
        if length_ns >= period {
            self.keep(now);
            return Some(Kept {
                off_cpu_ns: length_ns,
                waits: 1 << WAITS_BITS,
            });
        }
        self.variance += (length_ns >> VARIANCE_BITS) * ((period - length_ns) >> VARIANCE_BITS);
        if (period * u64::from(random)) >> 32 >= length_ns {
            return None;
        }
        self.keep(now);
        Some(Kept {
            off_cpu_ns: period,
            waits: (period << WAITS_BITS) / length_ns.max(1),
        })
    }

    /// Counts a kept wait. When the budget of the epoch is used up, T doubles at once.
    #[inline(always)]
    fn keep(&mut self, now: u64) {
        self.kept_sum += 1;
        self.kept += 1;
        if self.kept >= KEPT_PER_EPOCH {
            if self.period_ns < LONGEST_PERIOD_NS {
                self.period_ns *= 2;
            }
            if self.longest_period_ns < self.period_ns {
                self.longest_period_ns = self.period_ns;
            }
            self.kept = 0;
            self.epoch_ns = now;
        }
    }

    /// Begins the next epoch, with a smaller T if few waits were kept.
    #[inline(always)]
    fn end_epoch(&mut self, now: u64) {
        if self.kept < KEPT_PER_EPOCH / 3 && self.period_ns > SHORTEST_PERIOD_NS {
            self.period_ns /= 2;
        }
        self.kept = 0;
        self.epoch_ns = now;
    }

    /// Adds the sums of another CPU. T is the largest.
    pub fn add(&mut self, other: &WaitSampler) {
        self.kept_sum += other.kept_sum;
        self.waits += other.waits;
        self.off_cpu_ns += other.off_cpu_ns;
        self.variance += other.variance;
        self.period_ns = self.period_ns.max(other.period_ns);
        self.longest_period_ns = self.longest_period_ns.max(other.longest_period_ns);
    }

    /// Returns the variance of the sum of the time that kept waits stand for, ns².
    #[cfg(not(target_arch = "bpf"))]
    pub fn variance_ns2(&self) -> u128 {
        u128::from(self.variance) << (2 * VARIANCE_BITS)
    }
}

slotted! {
    /// A kept wait whose thread has not returned from its system call yet: a cache line.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[repr(C)]
    pub struct OpenWait {
        /// Off-CPU time that it stands for, ns; 0 without one.
        pub off_cpu_ns: u64,
        /// Waits that it stands for.
        pub waits: u64,
        /// Hash of the sleeper's stack in the kernel; 0 without.
        pub sleep: u64,
        /// Hash of the waker's stack of user code; 0 without.
        pub waker_stack: u64,
        /// Serial number of the sleeper.
        pub serial: u32,
        /// Serial number of the waker, or one of `WAKER_*`.
        pub waker: u32,
        /// Kept waits.
        pub kept: u32,
        /// System call in which the waker was.
        pub waker_nr: u32,
        /// System call in which the sleeper was, or [`NO_CALL`].
        pub nr: u32,
        /// Padding.
        pub padding: [u32; 3],
    }
}

const _: () = assert!(size_of::<OpenWait>() == 64);

/// A kind of wait: who waited where, and who ended it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub struct WaitKey {
    /// Hash of the sleeper's stack of user code; 0 without.
    pub stack: u64,
    /// Hash of the sleeper's stack in the kernel; 0 without.
    pub sleep: u64,
    /// Hash of the waker's stack of user code; 0 without.
    pub waker_stack: u64,
    /// The object that was waited for: the address of a futex, or the key of a file or peer in the
    /// map of [`crate::WaitObject`]; 0 without.
    pub object: u64,
    /// Serial number of the sleeper.
    pub serial: u32,
    /// Serial number of the waker, or one of `WAKER_*`.
    pub waker: u32,
    /// The system call, or [`NO_CALL`].
    pub nr: u32,
    /// The system call in which the waker was, or [`NO_CALL`].
    pub waker_nr: u32,
}

const _: () = assert!(size_of::<WaitKey>() == 48);

/// Stands for a wait outside of a system call.
pub const NO_CALL: u32 = u32::MAX;

slotted! {
    /// Kept waits of one kind.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[repr(C)]
    pub struct WaitSum {
        /// Off-CPU time that they stand for, ns.
        pub off_cpu_ns: u64,
        /// Waits that they stand for, in units of 2^-[`WAITS_BITS`].
        pub waits: u64,
        /// Kept waits.
        pub kept: u64,
    }
}

const _: () = assert!(size_of::<WaitSum>() == 24);

impl WaitSum {
    /// Adds other waits.
    pub fn merge(&mut self, other: &WaitSum) {
        self.off_cpu_ns += other.off_cpu_ns;
        self.waits += other.waits;
        self.kept += other.kept;
    }
}

/// A stack of user code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct WaitStack {
    /// Frames in `chain`.
    pub chain_len: u32,
    /// Padding.
    pub padding: u32,
    /// Words on top of the stack that are return addresses; 0 for the others.
    pub near: [u64; NEAR_WORDS],
    /// Frames by frame pointers, innermost first. The first is the instruction.
    pub chain: [u64; CHAIN_FRAMES],
}

const _: () = assert!(size_of::<WaitStack>() == 8 + 8 * (NEAR_WORDS + CHAIN_FRAMES));

/// The stack in the kernel of a thread that sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
pub struct SleepStack {
    /// Frames in `frames`.
    pub length: u32,
    /// Padding.
    pub padding: u32,
    /// Return addresses, innermost first.
    pub frames: [u64; SLEEP_FRAMES],
}

const _: () = assert!(size_of::<SleepStack>() == 8 + 8 * SLEEP_FRAMES);

/// Whether the result of a call says that its time limit ended the wait: calls that sleep return 0
/// after it, calls that wait for events return none, and `futex` fails.
#[inline(always)]
pub fn timed_out(nr: u32, result: u64) -> bool {
    const ETIMEDOUT: u64 = 110;
    match nr {
        FUTEX => result.wrapping_neg() == ETIMEDOUT,
        EPOLL_WAIT | EPOLL_PWAIT | EPOLL_PWAIT2 | POLL | PPOLL | SELECT | PSELECT6 | NANOSLEEP
        | CLOCK_NANOSLEEP => result == 0,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
