//! Events of Go's runtime that uprobes count.

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
