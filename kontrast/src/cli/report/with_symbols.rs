//! Names from debug files for a report.

use super::{Loaded, rounds};
use profiler::record::stacks::later::name_frames;
use profiler::record::symbols::debug_files::DebugFiles;
use recording::{Comparison, Recording};
use std::path::{Path, PathBuf};

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
///
/// # Errors
/// An instrumented round of the comparison in `dir` is missing.
pub(super) fn with_symbols(
    loaded: Loaded,
    dir: &Path,
    folders: &[PathBuf],
) -> anyhow::Result<Loaded> {
    let old = loaded.comparison;
    let mut recordings = loaded.recordings;
    let measured = recordings.len();
    // They alone know packages of compiled code.
    let instrumented = instrumented(dir, &old, &recordings)?;
    recordings.extend(instrumented);
    name_recordings(&mut recordings, folders);
    let comparison = Comparison {
        // These are of rounds that the comparison does not cite, or the user's own.
        observer_cost: old.observer_cost,
        claims: old.claims,
        validity: old.validity,
        ..analysis::compare(&recordings)
    };
    recordings.truncate(measured);
    Ok(Loaded {
        comparison,
        recordings,
    })
}

/// Loads the instrumented rounds of a comparison that are not loaded yet.
fn instrumented(
    dir: &Path,
    comparison: &Comparison,
    loaded: &[(String, Recording)],
) -> anyhow::Result<Vec<(String, Recording)>> {
    let cited = comparison.instrumented.iter();
    let cited = cited.filter_map(|found| Some((&found.arm, found.evidence.first()?.document())));
    let new = cited.filter(|(_, path)| loaded.iter().all(|(known, _)| known != path));
    rounds(dir, new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use recording::Instrumented;
    use recording::stacks::{SampleMode, StackFrame, StacksBuilder};
    use recording::testing::{Build, MAIN};
    use recording::vocabulary::{CodePlace, RegionClass};

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
        let again = with_symbols(loaded, dir.path(), &[dir.path().into()]).unwrap();
        assert_eq!(again.comparison.validity.reasons, ["partial"]);
        assert_eq!(again.comparison.metrics, metrics);
    }

    /// A round whose user code is one compiled function, of a package or of none.
    fn compiled(package: &str) -> Recording {
        let mut stacks = StacksBuilder::default();
        let frame = StackFrame {
            package: package.into(),
            place: CodePlace::Region(RegionClass::JitCode),
            ..StackFrame::default()
        };
        stacks.add((0, SampleMode::User, false), [frame], 9);
        let build = Build::arm("bun").thread(1, MAIN, |thread| thread.user(1_000, 5));
        let build = build.load(100, 10).with(|recording| {
            recording.threads[0].samples.user = 9;
            recording.stacks = stacks.done();
        });
        build.done()
    }

    #[test]
    fn keeps_packages_of_an_instrumented_round() {
        let dir = tempfile::tempdir().unwrap();
        let mut instrumented = compiled("zod");
        instrumented.instrumented = Some(Instrumented::default());
        let rounds = [("bun/1", compiled("")), ("bun/instrumented", instrumented)];
        let named = rounds.map(|(folder, recording)| {
            let folder = dir.path().join(folder);
            std::fs::create_dir_all(&folder).unwrap();
            recording::io::save_recording(&folder, &recording).unwrap();
            let path = folder.join(recording::io::RECORDING_FILE);
            let path = path.strip_prefix(dir.path()).unwrap();
            (path.to_str().unwrap().to_owned(), recording)
        });
        let comparison = analysis::compare(&named);
        recording::io::save_comparison(dir.path(), &comparison).unwrap();
        let before = comparison.arms[0].packages.clone().expect("zod");
        assert_eq!(before.instrumented_samples, 9);
        let loaded = crate::cli::report::load(dir.path()).unwrap();
        let again = with_symbols(loaded, dir.path(), &[dir.path().into()]).unwrap();
        assert_eq!(again.comparison.arms[0].packages, Some(before));
        assert_eq!(again.comparison.instrumented, comparison.instrumented);
        assert_eq!(again.recordings.len(), 1);
    }
}
