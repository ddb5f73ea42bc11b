use super::*;
use nix::sys::stat::Mode;
use std::os::unix::fs::{chown, symlink};

fn found(dir: &Path) -> Names {
    let wanted = Wanted {
        length: 64,
        addresses: vec![0x1000],
    };
    names(dir, std::process::id(), &wanted)
}

fn map_file() -> String {
    format!("perf-{}.map", std::process::id())
}

#[test]
fn reads_the_map_of_the_process() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(found(dir.path()).compiled, None);
    fs::write(dir.path().join("perf-1.map"), "1000 40 another's\n").unwrap();
    fs::write(dir.path().join(map_file()), "1000 40 mine\n").unwrap();
    let names = found(dir.path());
    assert_eq!(names.functions, BTreeMap::from([(0x1000, "mine".into())]));
    let compiled = names.compiled.unwrap();
    assert_eq!((&*compiled.source, compiled.pieces), ("perf map", 1));
    assert_eq!(names.notes, [""; 0]);
}

#[test]
fn adds_source_files_of_functions() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join(map_file()), "1000 40 JSC-FTL: a#EqY6qN\n").unwrap();
    let sources = dir.path().join(sources::file_name(std::process::id()));
    fs::write(&sources, "EqY6qN /srv/node_modules/zod/a.js\n").unwrap();
    let names = found(dir.path());
    let expected = "JSC-FTL: a#EqY6qN node_modules/zod/a.js";
    assert_eq!(names.functions, BTreeMap::from([(0x1000, expected.into())]));
    fs::remove_file(&sources).unwrap();
    symlink("/etc/passwd", &sources).unwrap();
    let names = found(dir.path());
    assert_eq!(names.functions[&0x1000], "JSC-FTL: a#EqY6qN");
    assert!(names.notes.len() == 1, "{:?}", names.notes);
}

#[test]
fn rejects_links_pipes_and_folders() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(map_file());
    let refused = |why: &str| {
        let names = found(dir.path());
        assert!(names.functions.is_empty() && names.compiled.is_none());
        assert!(
            names.notes.len() == 1 && names.notes[0].contains(why),
            "{:?}",
            names.notes
        );
        fs::remove_file(&path)
            .or_else(|_| fs::remove_dir(&path))
            .unwrap();
    };
    let secret = dir.path().join("secret");
    fs::write(&secret, "1000 40 secret\n").unwrap();
    symlink(&secret, &path).unwrap();
    refused("symbolic link");
    nix::unistd::mkfifo(&path, Mode::S_IRWXU).unwrap();
    refused("no regular file");
    fs::create_dir(&path).unwrap();
    refused("no regular file");
    let dump = format!("jit-7-{}.dump", std::process::id());
    fs::write(dir.path().join(&dump), "nonsense").unwrap();
    let notes = found(dir.path()).notes;
    assert!(
        notes[0].starts_with(&dump) && notes[0].contains("does not begin as"),
        "{notes:?}"
    );
}

#[test]
fn rejects_files_of_another_user() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(map_file());
    fs::write(&path, "1000 40 another's\n").unwrap();
    chown(&path, Some(65_534), None).unwrap();
    let names = found(dir.path());
    assert!(names.functions.is_empty() && names.notes[0].contains("belongs to user 65534"));
    chown(dir.path(), Some(65_534), None).unwrap();
    assert!(found(dir.path()).notes[0].contains("belongs to user 65534"));
}

#[test]
fn rejects_a_link_to_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (real, link) = (dir.path().join("real"), dir.path().join("link"));
    fs::create_dir(&real).unwrap();
    symlink(&real, &link).unwrap();
    assert_eq!(found(&link).notes.len(), 1);
    assert_eq!(found(&real).notes.len(), 0);
}
