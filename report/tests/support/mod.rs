//! The recordings and the comparison that the tests render.

use recording::{Comparison, Recording, io};
use report::Input;
use std::path::{Path, PathBuf};

/// Three arms, two rounds each; one check of one round failed.
pub struct Fixture {
    pub comparison: Comparison,
    pub recordings: Vec<(String, Recording)>,
}

impl Fixture {
    pub fn load() -> Self {
        let dir = folder().join("fixtures/three-arms");
        let comparison = io::load_comparison(&dir).expect("the fixture's comparison");
        let paths = comparison.arms.iter().flat_map(|arm| &arm.recordings);
        let load = |path: &String| {
            let recording = io::load(&dir.join(path), recording::RECORDING_SCHEMA);
            (path.clone(), recording.expect("the fixture's recording"))
        };
        let recordings = paths.map(load).collect();
        Fixture {
            comparison,
            recordings,
        }
    }

    pub fn input(&self) -> Input<'_> {
        Input {
            comparison: Some(&self.comparison),
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
