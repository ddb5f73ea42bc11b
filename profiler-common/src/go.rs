//! Events of Go's runtime that uprobes count.

use crate::slot::slotted;

/// An event of Go's runtime. Its number is its index in the map of counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum GoEvent {
    /// A goroutine was created.
    Made = 0,
    /// A goroutine ended.
    Ended = 1,
    /// A goroutine parked: it gave up its thread to wait.
    Parked = 2,
    /// A parked goroutine was made ready.
    Readied = 3,
    /// A thread began to execute another goroutine.
    Executed = 4,
    /// Memory was allocated.
    Allocated = 5,
    /// A garbage collection finished.
    Collected = 6,
    /// A byte was allocated: the sizes that allocations ask for, added up.
    AllocatedByte = 7,
}

impl GoEvent {
    /// Every event, in the order of their numbers.
    pub const EVERY: [GoEvent; 8] = [
        GoEvent::Made,
        GoEvent::Ended,
        GoEvent::Parked,
        GoEvent::Readied,
        GoEvent::Executed,
        GoEvent::Allocated,
        GoEvent::Collected,
        GoEvent::AllocatedByte,
    ];
}

/// Goroutines that wait at one time.
pub const MAX_PARKED: u32 = 65_536;
/// Kinds of wait by reason and stacks.
pub const MAX_GOROUTINE_WAITS: u32 = 8_192;
/// Stacks of goroutines.
pub const MAX_GOROUTINE_STACKS: u32 = 8_192;
/// Value of [`ParkedAt::stack`] and [`ParkedBy::by`] without a stack.
pub const NO_STACK: u32 = u32::MAX;

/// A goroutine that waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(C)]
pub struct ParkedAt {
    /// Monotonic ns.
    pub since_ns: u64,
    /// Its wait reason: a number of the runtime's version.
    pub reason: u32,
    /// Its stack.
    pub stack: u32,
}

/// Waits of goroutines that have the same cause and end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[repr(C)]
pub struct ParkedBy {
    /// The wait reason.
    pub reason: u32,
    /// Stack of the goroutine that waited.
    pub stack: u32,
    /// Stack of the one that made it ready.
    pub by: u32,
}

slotted! {
    /// The sum of such waits.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    #[repr(C)]
    pub struct ParkedSum {
        /// Waits.
        pub count: u64,
        /// Their length, ns.
        pub wait_ns: u64,
    }
}

const _: () = assert!(size_of::<ParkedAt>() == 16 && size_of::<ParkedSum>() == 16);
const _: () = assert!(size_of::<ParkedBy>() == 12);

#[cfg(test)]
mod tests {
    use super::GoEvent;

    #[test]
    fn lists_every_event_at_its_number() {
        for (index, event) in GoEvent::EVERY.into_iter().enumerate() {
            assert_eq!(event as usize, index);
        }
    }
}
