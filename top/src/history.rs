//! Five minutes of frames.

use crate::Frame;
use std::collections::VecDeque;

/// Time that the history covers.
pub const LENGTH_NS: u64 = 300_000_000_000;

/// The last frames of one target: short ones that make up what is shown now, and five minutes of
/// those that were shown.
#[derive(Debug)]
pub struct History {
    /// Short frames that are shown as one.
    per_frame: usize,
    recent: VecDeque<Frame>,
    /// Short frames since the last one that was kept.
    unkept: usize,
    kept: VecDeque<Frame>,
}

impl History {
    /// Begins without frames. So many short ones are shown as one.
    pub fn new(per_frame: usize) -> Self {
        History {
            per_frame: per_frame.max(1),
            recent: VecDeque::new(),
            unkept: 0,
            kept: VecDeque::new(),
        }
    }

    /// Adds a short frame.
    pub fn push(&mut self, frame: Frame) {
        let end_ns = frame.end_ns;
        self.recent.push_back(frame);
        if self.recent.len() > self.per_frame {
            self.recent.pop_front();
        }
        self.unkept += 1;
        if self.unkept == self.per_frame {
            self.unkept = 0;
            self.kept.extend(self.latest());
        }
        let is_old = |frame: &Frame| frame.end_ns + LENGTH_NS < end_ns;
        while self.kept.front().is_some_and(is_old) {
            self.kept.pop_front();
        }
    }

    /// Returns what the target did until now.
    pub fn latest(&self) -> Option<Frame> {
        Frame::merged(&self.recent)
    }

    /// Returns the frame that ended at an instant or before, otherwise the oldest.
    pub fn at(&self, t_ns: u64) -> Option<&Frame> {
        let after = self.kept.partition_point(|frame| frame.end_ns <= t_ns);
        self.kept.get(after.saturating_sub(1))
    }

    /// Returns the frames, oldest first.
    pub fn frames(&self) -> impl DoubleEndedIterator<Item = &Frame> + ExactSizeIterator {
        self.kept.iter()
    }

    /// Returns the ends of the oldest and the newest frame.
    pub fn span_ns(&self) -> Option<(u64, u64)> {
        Some((self.kept.front()?.end_ns, self.kept.back()?.end_ns))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(second: u64, switches: u64) -> Frame {
        let mut frame = Frame {
            end_ns: second * 1_000_000_000,
            length_ns: 1_000_000_000,
            ..Frame::default()
        };
        frame.total.switches = switches;
        frame
    }

    #[test]
    fn shows_the_sum_of_recent_frames() {
        let mut history = History::new(2);
        for second in 1..=5 {
            history.push(frame(second, second));
        }
        let latest = history.latest().expect("frames");
        assert_eq!(
            (latest.total.switches, latest.length_ns),
            (9, 2_000_000_000)
        );
        let kept: Vec<u64> = history.frames().map(|frame| frame.total.switches).collect();
        assert_eq!(kept, [3, 7]);
    }

    #[test]
    fn keeps_five_minutes() {
        let mut history = History::new(1);
        for second in 1..=1_000 {
            history.push(frame(second, second));
        }
        assert_eq!(history.frames().len(), 301);
        assert_eq!(
            history.span_ns(),
            Some((700_000_000_000, 1_000_000_000_000))
        );
    }

    #[test]
    fn finds_the_frame_of_an_instant() {
        let mut history = History::new(1);
        (1..=3).for_each(|second| history.push(frame(second, second)));
        let at = |t_ns| history.at(t_ns).map(|frame| frame.total.switches);
        let found = [0, 1_900_000_000, 2_000_000_000, u64::MAX].map(at);
        assert_eq!(found, [Some(1), Some(1), Some(2), Some(3)]);
        assert_eq!(History::new(1).at(5), None);
    }
}
