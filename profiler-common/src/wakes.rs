//! Who woke whom, counted in places that are cheaper to find than an entry of a hash.

/// Places of one CPU: most servers have fewer pairs of threads that wake each other.
pub const NEAR_WAKES: usize = 256;

/// Wake-ups of one thread by one waker, on one CPU.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Wakes {
    /// Who woke whom, see [`key`]; 0 while nobody has the place.
    pub key: u64,
    /// How often.
    pub count: u64,
}

const _: () = assert!(size_of::<Wakes>() == 16);

impl Wakes {
    /// Counts a wake-up, if the place is that pair's or nobody's.
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

/// Serial number (or `WAKER_*`) of the waker, and serial number of the woken thread, which is never 0.
#[inline(always)]
pub fn key(waker: u32, woken: u32) -> u64 {
    (u64::from(waker) << 32) | u64::from(woken)
}

/// Waker and woken thread of a key.
pub fn split_key(key: u64) -> (u32, u32) {
    ((key >> 32) as u32, key as u32)
}

/// The place of a pair: multiplicative hashing (Knuth, The Art of Computer Programming, volume 3, 6.4).
#[inline(always)]
pub fn place_of(key: u64) -> usize {
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    const BITS: u32 = NEAR_WAKES.trailing_zeros();
    (key.wrapping_mul(GOLDEN) >> (64 - BITS)) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{WAKER_IDLE, WAKER_OTHER};

    #[test]
    fn a_place_belongs_to_the_first_that_comes() {
        let mut place = Wakes::default();
        let (first, other) = (key(WAKER_IDLE, 4096), key(WAKER_OTHER, 4096));
        assert_eq!(
            [first, other, first].map(|key| place.count(key)),
            [true, false, true]
        );
        assert_eq!((place.key, place.count), (first, 2));
        assert_eq!(split_key(other), (WAKER_OTHER, 4096));
    }

    #[test]
    fn few_threads_that_wake_each_other_hardly_meet() {
        let serials = (1..=8).map(|begun| begun * 4096 + begun % 2);
        let mut taken = [0u32; NEAR_WAKES];
        for waker in serials.clone().chain([WAKER_IDLE, WAKER_OTHER]) {
            for woken in serials.clone() {
                taken[place_of(key(waker, woken))] += 1;
            }
        }
        let shared: u32 = taken.iter().filter(|count| **count > 1).sum();
        assert!(shared < 40, "{shared} of 80 share a place");
    }
}
