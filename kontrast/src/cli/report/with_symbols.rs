//! Names from debug files for a report.

use super::Loaded;
use profiler::record::stacks::later::name_frames;
use profiler::record::symbols::debug_files::DebugFiles;
use recording::Comparison;

/// Names frames by debug files, and compares again by these names.
pub(super) fn with_symbols(mut loaded: Loaded, debug_files: &DebugFiles) -> Loaded {
    for (path, recording) in &mut loaded.recordings {
        let (named, all) = name_frames(recording, debug_files);
        eprintln!("{path}: debug files name {named} of {all} places in code without a name");
    }
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
    use recording::Recording;

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
        let debug_files = DebugFiles::new(&[dir.path().into()]);
        let again = with_symbols(loaded, &debug_files);
        assert_eq!(again.comparison.validity.reasons, ["partial"]);
        assert_eq!(again.comparison.metrics, metrics);
    }
}
