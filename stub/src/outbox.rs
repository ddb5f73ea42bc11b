//! What is ready to be written, whole or in parts.

use bytes::Bytes;
use std::time::{Duration, Instant};

/// Between writes that must arrive apart: long enough for a reader to have been woken by the first.
pub const APART: Duration = Duration::from_millis(1);

/// Bytes on their way to hyper, which writes what it is given at once.
#[derive(Default)]
pub struct Outbox {
    bytes: Bytes,
    /// The most that leaves at once.
    part: usize,
    not_before: Option<Instant>,
}

impl Outbox {
    /// Puts in what leaves next, in so many parts of about the same length.
    pub fn put(&mut self, bytes: Bytes, parts: u32) {
        self.part = bytes.len().div_ceil(parts as usize).max(1);
        self.bytes = bytes;
    }

    /// Whether everything left.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// When the next part may leave, if not at once.
    pub fn not_before(&self) -> Option<Instant> {
        self.not_before
    }

    /// The next part.
    pub fn take(&mut self) -> Bytes {
        let part = self.bytes.split_to(self.part.min(self.bytes.len()));
        self.not_before = (!self.is_empty()).then(|| Instant::now() + APART);
        part
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn parts_add_up(text in "[a-z]{0,50}", parts in 1u32..9) {
            let mut outbox = Outbox::default();
            outbox.put(text.clone().into(), parts);
            let mut taken = Vec::new();
            while !outbox.is_empty() {
                taken.push(outbox.take());
                // Only what is followed by another part makes that one wait.
                prop_assert_eq!(outbox.not_before().is_some(), !outbox.is_empty());
            }
            prop_assert!(taken.len() <= parts as usize);
            prop_assert_eq!(taken.concat(), text.as_bytes());
        }
    }
}
