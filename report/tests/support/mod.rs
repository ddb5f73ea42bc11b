//! The recordings and the comparison that the tests render.

mod three_arms;

use recording::{Comparison, Recording};
use report::Input;
use std::path::{Path, PathBuf};

/// Recordings with their comparison.
pub struct Fixture {
    pub comparison: Comparison,
    pub recordings: Vec<(String, Recording)>,
}

impl Fixture {
    /// Returns three arms, two rounds each; one check of one round failed.
    pub fn three_arms() -> Self {
        Self::of(three_arms::three_arms())
    }

    /// Returns one recording alone.
    pub fn one_recording() -> Self {
        let mut recordings = three_arms::three_arms();
        recordings.truncate(1);
        Self::of(recordings)
    }

    fn of(mut recordings: Vec<(String, Recording)>) -> Self {
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

/// The folder of the tests.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

pub fn html(input: &Input) -> String {
    let mut page = Vec::new();
    report::html(input, &mut page).expect("a page");
    String::from_utf8(page).expect("UTF-8")
}
