use super::*;
use crate::record::symbols::functions_in;
use crate::record::symbols::testing::{Built, address_of_symbol, run};
use std::collections::BTreeSet;

/// Names the function `known_work` of a stripped file by its debug files.
fn name_of(
    built: &Built,
    stripped: &Path,
    files: &DebugFiles,
    root: Option<&Root>,
) -> Option<String> {
    let bounded = Bounded::new(File::open(stripped).expect("it is there"));
    let image = Image::parse(&bounded).expect("an ELF file");
    let wanted = Wanted::of(&image, Path::new("/opt/app/known"));
    let pieces = BTreeSet::from([built.known_work + 1]);
    let found = functions_in(&image, files.find(&wanted, root), &pieces, 1);
    let function = found.into_values().next()?;
    assert_eq!(function.start, built.known_work);
    Some(function.name)
}

fn only(given: &Path) -> DebugFiles {
    DebugFiles {
        given: vec![Folder::new(given)],
        caches: Vec::new(),
        host: Root::at(Path::new("/")).ok(),
    }
}

fn nowhere() -> DebugFiles {
    DebugFiles {
        given: Vec::new(),
        caches: Vec::new(),
        host: None,
    }
}

fn known() -> Option<String> {
    Some("known_work".into())
}

#[test]
fn finds_files_in_given_folders_by_build_id() {
    let built = Built::with(&["-Wl,--build-id"]);
    let stripped = built.stripped();
    let (start, rest) = built.build_id.split_at(2);
    for place in [
        format!(".build-id/{start}/{rest}.debug"),
        format!("{start}/{rest}.debug"),
        format!("{start}{rest}/debuginfo"),
        "deep/under/any-name".into(),
    ] {
        let dir = tempfile::tempdir().expect("a folder");
        assert_eq!(name_of(&built, &stripped, &only(dir.path()), None), None);
        let path = dir.path().join(&place);
        std::fs::create_dir_all(path.parent().expect("inside")).expect("made");
        std::fs::copy(built.debug_file(), &path).expect("copied");
        // The stripped file has the same build id, and must not hide the one with symbols.
        std::fs::copy(&stripped, dir.path().join("a-stripped-copy")).expect("copied");
        assert_eq!(
            name_of(&built, &stripped, &only(dir.path()), None),
            known(),
            "{place}"
        );
    }
}

#[test]
fn finds_files_in_the_root_of_the_process_and_in_caches() {
    let built = Built::with(&["-Wl,--build-id"]);
    let stripped = built.stripped();
    let dir = tempfile::tempdir().expect("a folder");
    let (start, rest) = built.build_id.split_at(2);
    let folder = dir.path().join(format!("usr/lib/debug/.build-id/{start}"));
    std::fs::create_dir_all(&folder).expect("made");
    std::fs::copy(built.debug_file(), folder.join(format!("{rest}.debug"))).expect("copied");
    let root = Root::at(dir.path()).expect("a folder");
    assert_eq!(name_of(&built, &stripped, &nowhere(), None), None);
    assert_eq!(name_of(&built, &stripped, &nowhere(), Some(&root)), known());

    let cache = dir.path().join("cache");
    std::fs::create_dir_all(cache.join(&built.build_id)).expect("made");
    std::fs::copy(
        built.debug_file(),
        cache.join(&built.build_id).join("debuginfo"),
    )
    .expect("copied");
    let files = DebugFiles {
        caches: vec![cache],
        host: Root::at(Path::new("/")).ok(),
        ..nowhere()
    };
    assert_eq!(name_of(&built, &stripped, &files, None), known());
}

#[test]
fn follows_debug_links_only_to_the_file_that_they_describe() {
    for flag in ["-Wl,--build-id", "-Wl,--build-id=none"] {
        let built = Built::with(&[flag]);
        let stripped = built.stripped_with_link();
        let dir = tempfile::tempdir().expect("a folder");
        let folder = dir.path().join("opt/app/.debug");
        std::fs::create_dir_all(&folder).expect("made");
        let path = folder.join(built.debug_file().file_name().expect("named"));
        let root = Root::at(dir.path()).expect("a folder");
        std::fs::copy(built.debug_file(), &path).expect("copied");
        let found = name_of(&built, &stripped, &nowhere(), Some(&root));
        assert_eq!(found, known(), "{flag}");
        // The file of another build, with other addresses.
        let other = Built::with(&[flag, "-DOTHER"]);
        std::fs::copy(other.debug_file(), &path).expect("copied");
        let found = name_of(&built, &stripped, &nowhere(), Some(&root));
        assert_eq!(found, None, "{flag}");
    }
}

#[test]
fn rejects_files_of_other_builds_and_damaged_files() {
    let built = Built::with(&["-Wl,--build-id"]);
    let stripped = built.stripped();
    let dir = tempfile::tempdir().expect("a folder");
    let (start, rest) = built.build_id.split_at(2);
    let path = dir.path().join(format!("{start}/{rest}.debug"));
    std::fs::create_dir_all(dir.path().join(start)).expect("made");
    let other = Built::with(&["-Wl,--build-id", "-DOTHER"]);
    let whole = std::fs::read(built.debug_file()).expect("read");
    let of_another_build = std::fs::read(other.debug_file()).expect("read");
    let half = whole[..whole.len() / 2].to_vec();
    for bytes in [of_another_build, half, b"\x7fELF".to_vec(), Vec::new()] {
        std::fs::write(&path, bytes).expect("written");
        assert_eq!(name_of(&built, &stripped, &only(dir.path()), None), None);
    }
    std::fs::write(&path, whole).expect("written");
    assert_eq!(name_of(&built, &stripped, &only(dir.path()), None), known());
}

#[test]
fn rejects_build_ids_that_are_paths() {
    for id in ["", "ab", "../../etc/passwd", "ab/../../x", "äöüß"] {
        assert_eq!(split(id), None, "{id}");
    }
    assert_eq!(split("abcdef"), Some(("ab", "cdef")));
}

#[test]
fn reads_small_symbol_tables_in_the_file_itself() {
    let built = Built::with(&["-Wl,--build-id"]);
    let stripped = built.stripped();
    let small = built.dir.path().join("small");
    run(
        "objcopy",
        &[
            "-S",
            "--remove-section=.comment",
            "--keep-symbol=known_work",
        ],
        &[&built.path, &small],
    );
    run("xz", &["--force"], &[&small]);
    let packed = built.dir.path().join("small.xz");
    let section = format!(".gnu_debugdata={}", packed.display());
    let with_section = built.dir.path().join("with-section");
    run(
        "objcopy",
        &["--add-section", &section],
        &[&stripped, &with_section],
    );
    assert_eq!(name_of(&built, &stripped, &nowhere(), None), None);
    assert_eq!(name_of(&built, &with_section, &nowhere(), None), known());
    assert_eq!(address_of_symbol(&with_section, "known_work"), None);
}
