//! Wake-ups by waker and wakee, counted in a small cache per CPU before a hash.

/// Entries of one CPU's cache. Most servers have fewer pairs of threads that wake each other.
pub const WAKE_CACHE_LEN: usize = 256;
/// The pairs of one CPU.
pub type WakeCache = [Wakes; WAKE_CACHE_LEN];

/// Wake-ups of one thread by one waker, on one CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Wakes {
    /// The pair, see [`key`]; 0 while the entry is free.
    pub key: u64,
    /// Wake-ups.
    pub count: u64,
}

const _: () = assert!(size_of::<Wakes>() == 16);

impl Wakes {
    /// Counts a wake-up, if the entry is free or the pair's; returns whether it is.
    #[inline(always)]
    pub fn count(&mut self, key: u64) -> bool {
        if self.key == 0 {
            self.key = key;
        }
        let own = self.key == key;
        if own {
            self.count += 1;
        }
        own
    }
}

/// Returns the key of a pair: serial number (or `WAKER_*`) of the waker, and serial number of the
/// wakee, which is never 0.
#[inline(always)]
pub fn key(waker: u32, wakee: u32) -> u64 {
    (u64::from(waker) << 32) | u64::from(wakee)
}

/// Splits a key into waker and wakee.
pub fn split_key(key: u64) -> (u32, u32) {
    ((key >> 32) as u32, key as u32)
}

/// Returns a pair's index in the cache, by multiplicative hashing (Knuth, The Art of Computer
/// Programming 3, 6.4).
#[inline(always)]
pub fn index_of(key: u64) -> usize {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    const BITS: u32 = WAKE_CACHE_LEN.trailing_zeros();
    (key.wrapping_mul(GOLDEN) >> (64 - BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{WAKER_IDLE, WAKER_OTHER};

    #[test]
    fn keeps_an_entry_for_its_first_pair() {
        let mut entry = Wakes::default();
        let (first, other) = (key(WAKER_IDLE, 4096), key(WAKER_OTHER, 4096));
        assert_eq!(
            [first, other, first].map(|key| entry.count(key)),
            [true, false, true]
        );
        assert_eq!((entry.key, entry.count), (first, 2));
        assert_eq!(split_key(other), (WAKER_OTHER, 4096));
    }

    #[test]
    fn gives_few_threads_separate_entries() {
        let serials = (1..=8).map(|begun| begun * 4096 + begun % 2);
        let mut taken = [0u32; WAKE_CACHE_LEN];
        for waker in serials.clone().chain([WAKER_IDLE, WAKER_OTHER]) {
            for woken in serials.clone() {
                taken[index_of(key(waker, woken))] += 1;
            }
        }
        let shared: u32 = taken.iter().filter(|count| **count > 1).sum();
        assert!(shared < 40, "{shared} of 80 share an entry");
    }
}
