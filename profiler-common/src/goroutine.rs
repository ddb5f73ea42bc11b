//! The last receive of each goroutine, to be paired with its next send.
//!
//! Goroutines are many, but those that receive and have not sent yet are few: a table of sets of two, as a processor's cache has,
//! keeps nearly all of them, one memory access away. One that finds both places taken takes that of the older receive, whose send
//! then comes out unmatched, which is counted.

use crate::Stamp;

/// Sets, a power of two.
pub const SETS: u32 = 1 << SET_BITS;
const SET_BITS: u32 = 14;

/// The last receive of a goroutine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct GoroutineStamp {
    /// What and when; used up by the send that it caused.
    pub stamp: Stamp,
    /// Serial number of the thread that it received on.
    pub thread: u32,
    /// Whose it is, see [`tag`].
    pub tag: u32,
}

/// The last receives of two goroutines: a cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct Goroutines([GoroutineStamp; 2]);

const _: () = assert!(size_of::<Goroutines>() == 64);

/// What a goroutine is known by: its address, without bits that are the same for all that live in one process. They lie at
/// multiples of 32 bytes, and Go's heap would have to span 128 GiB for two to have the same.
#[inline(always)]
pub fn tag(goroutine: u64) -> u32 {
    (goroutine >> 5) as u32
}

/// The set that a goroutine's receive is kept in: Fibonacci hashing (Knuth, The Art of Computer Programming 3, 6.4), since goroutines
/// lie at multiples of their size.
#[inline(always)]
pub fn set_of(tag: u32) -> u32 {
    tag.wrapping_mul(0x9e37_79b9) >> (u32::BITS - SET_BITS)
}

impl Goroutines {
    /// Keeps a receive. Returns the thread that the goroutine received on before, if that is still known.
    #[inline(always)]
    pub fn keep(&mut self, new: GoroutineStamp) -> Option<u32> {
        let [first, second] = &mut self.0;
        let (place, known) = if first.tag == new.tag {
            (first, true)
        } else if second.tag == new.tag {
            (second, true)
        } else if first.stamp.recv_ns <= second.stamp.recv_ns {
            (first, false)
        } else {
            (second, false)
        };
        let before = core::mem::replace(place, new);
        known.then_some(before.thread)
    }

    /// Takes the goroutine's last receive, if no send has taken it. What is left is who received, and where.
    #[inline(always)]
    pub fn take(&mut self, tag: u32) -> Option<Stamp> {
        let [first, second] = &mut self.0;
        let place = if first.tag == tag {
            first
        } else if second.tag == tag {
            second
        } else {
            return None;
        };
        (place.stamp.recv_ns != 0).then(|| core::mem::take(&mut place.stamp))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(tag: u32, recv_ns: u64, thread: u32) -> GoroutineStamp {
        let stamp = Stamp {
            recv_ns,
            ..Stamp::default()
        };
        GoroutineStamp { stamp, thread, tag }
    }

    fn sent(set: &mut Goroutines, tag: u32) -> Option<u64> {
        set.take(tag).map(|stamp| stamp.recv_ns)
    }

    #[test]
    fn a_receive_is_sent_once() {
        let mut set = Goroutines::default();
        assert_eq!(set.keep(received(7, 100, 1)), None);
        assert_eq!(sent(&mut set, 8), None);
        assert_eq!(sent(&mut set, 7), Some(100));
        assert_eq!(sent(&mut set, 7), None);
    }

    #[test]
    fn only_the_last_receive_counts() {
        let mut set = Goroutines::default();
        set.keep(received(7, 100, 1));
        assert_eq!(set.keep(received(7, 200, 2)), Some(1));
        assert_eq!(sent(&mut set, 7), Some(200));
    }

    #[test]
    fn two_have_room_and_a_third_takes_the_place_of_the_older() {
        let mut set = Goroutines::default();
        set.keep(received(7, 100, 1));
        set.keep(received(8, 200, 1));
        set.keep(received(9, 300, 1));
        assert_eq!(sent(&mut set, 7), None);
        assert_eq!(sent(&mut set, 8), Some(200));
        assert_eq!(sent(&mut set, 9), Some(300));
    }

    #[test]
    fn what_was_sent_makes_room_first() {
        let mut set = Goroutines::default();
        set.keep(received(7, 100, 1));
        set.keep(received(8, 200, 1));
        sent(&mut set, 8);
        set.keep(received(9, 300, 1));
        assert_eq!(sent(&mut set, 7), Some(100));
    }

    /// Go gives goroutines that are made one after another places one after another (of 448 bytes, in pages of 8 KiB).
    #[test]
    fn thousands_at_once_have_room() {
        let mut kept = [0u8; SETS as usize];
        let tags = (0..4_000u64).map(|n| tag(0xc0_0000_2000 + (n / 18) * 8192 + (n % 18) * 448));
        tags.for_each(|tag| kept[set_of(tag) as usize] += 1);
        let lost: u32 = kept
            .iter()
            .map(|kept| u32::from(kept.saturating_sub(2)))
            .sum();
        assert!(lost < 60, "{lost}");
    }
}
