//! Bytes that are ready to be written, in one write or several.

use bytes::Bytes;
use std::time::{Duration, Instant};

/// The time between writes that must arrive separately: long enough for the reader to wake up for
/// the first.
pub const SEPARATE_WRITE_DELAY: Duration = Duration::from_millis(1);

/// Bytes to be written, split into parts.
#[derive(Default)]
pub struct WriteQueue {
    bytes: Bytes,
    /// The largest number of bytes in one write.
    part: usize,
    not_before: Option<Instant>,
}

impl WriteQueue {
    /// Sets the bytes to be written in `parts` parts of about the same length.
    pub fn put(&mut self, bytes: Bytes, parts: u32) {
        self.part = bytes.len().div_ceil(parts as usize).max(1);
        self.bytes = bytes;
    }

    /// Returns whether everything was taken.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns the earliest time of the next part, if it has to wait.
    pub fn not_before(&self) -> Option<Instant> {
        self.not_before
    }

    /// Takes the next part.
    pub fn take(&mut self) -> Bytes {
        let part = self.bytes.split_to(self.part.min(self.bytes.len()));
        self.not_before = (!self.is_empty()).then(|| Instant::now() + SEPARATE_WRITE_DELAY);
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn splits_into_parts_that_add_up(text in "[a-z]{0,50}", parts in 1u32..9) {
            let mut queue = WriteQueue::default();
            queue.put(text.clone().into(), parts);
            let mut taken = Vec::new();
            while !queue.is_empty() {
                taken.push(queue.take());
                // Only a part with a successor delays it.
                prop_assert_eq!(queue.not_before().is_some(), !queue.is_empty());
            }
            prop_assert!(taken.len() <= parts as usize);
            prop_assert_eq!(taken.concat(), text.as_bytes());
        }
    }
}
