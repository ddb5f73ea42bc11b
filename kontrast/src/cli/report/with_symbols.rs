//! Names from debug files for a report.

use super::Loaded;
use profiler::record::stacks::later::name_frames;
use profiler::record::symbols::debug_files::DebugFiles;
use recording::{Comparison, Recording};
use std::path::PathBuf;

/// Names frames of recordings by the debug files in some folders; nothing without folders. Says how
/// many got a name.
pub(in crate::cli) fn name_recordings(recordings: &mut [(String, Recording)], folders: &[PathBuf]) {
    if folders.is_empty() {
        return;
    }
    let debug_files = DebugFiles::new(folders);
    for (path, recording) in recordings {
        let (named, all) = name_frames(recording, &debug_files);
        eprintln!("{path}: debug files name {named} of {all} places in code without a name");
    }
}

/// Names frames by debug files, and compares again by these names.
pub(super) fn with_symbols(mut loaded: Loaded, folders: &[PathBuf]) -> Loaded {
    name_recordings(&mut loaded.recordings, folders);
    let old = loaded.comparison;
    let comparison = Comparison {
        // These are of rounds that the comparison does not list, or the user's own.
        instrumented: old.instrumented,
        observer_cost: old.observer_cost,
        claims: old.claims,
        validity: old.validity,
        ..analysis::compare(&loaded.recordings)
    };
    Loaded {
        comparison,
        ..loaded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_again_by_names_from_debug_files() {
        let dir = tempfile::tempdir().unwrap();
        let recordings = vec![("recording.json".to_owned(), Recording::default())];
        let comparison = Comparison {
            validity: recording::comparison::Validity {
                ok: false,
                reasons: vec!["partial".into()],
            },
            ..analysis::compare(&recordings)
        };
        let metrics = comparison.metrics.clone();
        let loaded = Loaded {
            comparison,
            recordings,
        };
        let again = with_symbols(loaded, &[dir.path().into()]);
        assert_eq!(again.comparison.validity.reasons, ["partial"]);
        assert_eq!(again.comparison.metrics, metrics);
    }
}
