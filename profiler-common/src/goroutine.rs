//! The last receive of each goroutine, to be paired with its next send.
//!
//! Goroutines are many, but few have received and not sent yet. A table of two-way sets, as in a
//! processor's cache, keeps nearly all of these at one memory access. A goroutine that finds both
//! ways taken replaces the older receive, whose send then counts as unmatched.

use crate::RecvStamp;
use crate::slot::{Field, Slot, slotted};

/// Sets, a power of two.
pub const SETS: u32 = 1 << SET_BITS;
const SET_BITS: u32 = 14;

/// The last receive of a goroutine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct GoroutineStamp {
    /// The receive; empty once a send has taken it.
    pub stamp: RecvStamp,
    /// Serial number of the thread that received.
    pub thread: u32,
    /// The goroutine, see [`tag`].
    pub tag: u32,
}

slotted! {
    /// The last receives of two goroutines: a cache line.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[repr(C)]
    pub struct Goroutines {
        /// First way.
        pub first: GoroutineStamp,
        /// Second way.
        pub second: GoroutineStamp,
    }
}

const _: () = assert!(size_of::<Goroutines>() == 64);

/// Returns the identity of a goroutine: its address, without bits that all in a process share.
/// Goroutines lie at multiples of 32 bytes. Go's heap would have to span 128 GiB for two to have
/// the same tag.
#[inline(always)]
pub fn tag(goroutine: u64) -> u32 {
    (goroutine >> 5) as u32
}

/// Returns the set of a goroutine by Fibonacci hashing (Knuth, The Art of Computer Programming 3,
/// 6.4), since goroutines lie at multiples of their size.
#[inline(always)]
pub fn set_of(tag: u32) -> u32 {
    tag.wrapping_mul(0x9e37_79b9) >> (u32::BITS - SET_BITS)
}

impl<'a> Slot<'a, Goroutines> {
    /// Stores a receive. Returns the serial number of the thread that the goroutine received on
    /// before, if that is still known.
    #[inline(always)]
    pub fn store_receive(self, new: GoroutineStamp) -> Option<u32> {
        let (first, second) = (self.first().get(), self.second().get());
        if first.tag == new.tag {
            self.first().set(new);
            Some(first.thread)
        } else if second.tag == new.tag {
            self.second().set(new);
            Some(second.thread)
        } else {
            if first.stamp.recv_ns <= second.stamp.recv_ns {
                self.first().set(new);
            } else {
                self.second().set(new);
            }
            None
        }
    }

    /// Takes the goroutine's last receive, if no send has taken it. The thread stays known.
    #[inline(always)]
    pub fn take_receive(self, tag: u32) -> Option<RecvStamp> {
        let take = |way: Field<'a, GoroutineStamp>, known: GoroutineStamp| {
            way.set(GoroutineStamp {
                stamp: RecvStamp::default(),
                ..known
            });
            (known.stamp.recv_ns != 0).then_some(known.stamp)
        };
        let (first, second) = (self.first().get(), self.second().get());
        if first.tag == tag {
            take(self.first(), first)
        } else if second.tag == tag {
            take(self.second(), second)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(tag: u32, recv_ns: u64, thread: u32) -> GoroutineStamp {
        let stamp = RecvStamp {
            recv_ns,
            ..RecvStamp::default()
        };
        GoroutineStamp { stamp, thread, tag }
    }

    fn store(set: &mut Goroutines, new: GoroutineStamp) -> Option<u32> {
        Slot::exclusive(set).store_receive(new)
    }

    fn take(set: &mut Goroutines, tag: u32) -> Option<u64> {
        let stamp = Slot::exclusive(set).take_receive(tag);
        stamp.map(|stamp| stamp.recv_ns)
    }

    #[test]
    fn takes_a_receive_once() {
        let mut set = Goroutines::default();
        assert_eq!(store(&mut set, received(7, 100, 1)), None);
        assert_eq!(take(&mut set, 8), None);
        assert_eq!(take(&mut set, 7), Some(100));
        assert_eq!(take(&mut set, 7), None);
    }

    #[test]
    fn keeps_the_last_receive_only() {
        let mut set = Goroutines::default();
        store(&mut set, received(7, 100, 1));
        assert_eq!(store(&mut set, received(7, 200, 2)), Some(1));
        assert_eq!(take(&mut set, 7), Some(200));
    }

    #[test]
    fn replaces_the_older_of_two() {
        let mut set = Goroutines::default();
        store(&mut set, received(7, 100, 1));
        store(&mut set, received(8, 200, 1));
        store(&mut set, received(9, 300, 1));
        assert_eq!(take(&mut set, 7), None);
        assert_eq!(take(&mut set, 8), Some(200));
        assert_eq!(take(&mut set, 9), Some(300));
    }

    #[test]
    fn replaces_a_receive_that_was_sent_first() {
        let mut set = Goroutines::default();
        store(&mut set, received(7, 100, 1));
        store(&mut set, received(8, 200, 1));
        take(&mut set, 8);
        store(&mut set, received(9, 300, 1));
        assert_eq!(take(&mut set, 7), Some(100));
    }

    /// Go places goroutines made in succession side by side (448 bytes each, in pages of 8 KiB).
    #[test]
    fn keeps_thousands_at_once() {
        let mut kept = [0u8; SETS as usize];
        let tags = (0..4_000u64).map(|n| tag(0xc0_0000_2000 + (n / 18) * 8192 + (n % 18) * 448));
        tags.for_each(|tag| kept[set_of(tag) as usize] += 1);
        let excess = kept.iter().map(|kept| u32::from(kept.saturating_sub(2)));
        assert!(excess.sum::<u32>() < 60);
    }
}
