//! The recordings and the comparison that the tests render.

use recording::{Comparison, Recording};
use report::Input;

/// Recordings with their comparison.
pub struct Fixture {
    pub comparison: Comparison,
    pub recordings: Vec<(String, Recording)>,
}

impl Fixture {
    /// Returns the first of the six recordings of [`recording::testing::three_arms`], and their
    /// comparison.
    pub fn first(count: usize) -> Self {
        let mut recordings = recording::testing::three_arms();
        recordings.truncate(count);
        for (_, recording) in &mut recordings {
            analysis::annotate(recording);
        }
        let comparison = analysis::compare(&recordings);
        Fixture {
            comparison,
            recordings,
        }
    }

    pub fn input(&self) -> Input<'_> {
        Input {
            comparison: &self.comparison,
            recordings: &self.recordings,
        }
    }
}

pub fn html(input: &Input) -> String {
    let mut page = Vec::new();
    report::html(input, &mut page).expect("a page");
    String::from_utf8(page).expect("UTF-8")
}
