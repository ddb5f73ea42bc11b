//! What Go's runtime is watched doing.

/// An event of Go's runtime; its number is its place in the map of counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum GoEvent {
    /// A goroutine was made.
    Made = 0,
    /// A goroutine ended.
    Ended = 1,
    /// A goroutine gave up its thread to wait.
    Parked = 2,
    /// A goroutine that waited was made ready.
    Readied = 3,
    /// A thread took up another goroutine.
    Executed = 4,
    /// Memory was allocated.
    Allocated = 5,
    /// A collection of garbage was finished.
    Collected = 6,
}

impl GoEvent {
    /// Every event, in the order of their numbers.
    pub const EVERY: [GoEvent; 7] = [
        GoEvent::Made,
        GoEvent::Ended,
        GoEvent::Parked,
        GoEvent::Readied,
        GoEvent::Executed,
        GoEvent::Allocated,
        GoEvent::Collected,
    ];
}

#[cfg(test)]
mod tests {
    use super::GoEvent;

    #[test]
    fn every_event_is_at_its_number() {
        for (place, event) in GoEvent::EVERY.into_iter().enumerate() {
            assert_eq!(event as usize, place);
        }
    }
}
