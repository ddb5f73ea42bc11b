//! Outputs to files, devices, pipes and links.

use super::*;
use std::os::unix::fs::symlink;

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    Output::open(path)?.write(|out| Ok(out.write_all(text.as_bytes())?))
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).unwrap();
    let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<String> = entries
        .map(|entry| name(entry).into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn replaces_a_file_and_leaves_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("load.json");
    fs::write(dir.path().join("load.partial"), "mine").unwrap();
    for text in ["one", "two"] {
        write(&path, text).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    assert_eq!(names(dir.path()), ["load.json", "load.partial"]);
    let kept = fs::read_to_string(dir.path().join("load.partial")).unwrap();
    assert_eq!(kept, "mine");
}

#[test]
fn changes_nothing_before_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("load.json");
    fs::write(&path, "old").unwrap();
    drop(Output::open(&path).unwrap());
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(names(dir.path()), ["load.json"]);
}

#[test]
fn keeps_the_mode_of_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("load.json");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
    write(&path, "new").unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o640
    );
}

#[test]
fn writes_through_a_device() {
    let before = fs::metadata("/dev/null").unwrap().permissions().mode();
    write(Path::new("/dev/null"), "text").unwrap();
    let after = fs::metadata("/dev/null").unwrap();
    assert_eq!(after.permissions().mode(), before);
    assert!(!after.is_file());
    let full = write(Path::new("/dev/full"), "text")
        .unwrap_err()
        .to_string();
    assert!(full.contains("/dev/full"), "{full}");
}

#[test]
fn writes_through_a_pipe() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("pipe");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let reader = std::thread::spawn({
        let path = path.clone();
        move || fs::read_to_string(path).unwrap()
    });
    write(&path, "text").unwrap();
    assert_eq!(reader.join().unwrap(), "text");
    assert!(!fs::metadata(&path).unwrap().is_file());
}

#[test]
fn follows_symbolic_links() {
    let dir = tempfile::tempdir().unwrap();
    let (real, link) = (dir.path().join("real.json"), dir.path().join("link.json"));
    symlink("real.json", &link).unwrap();
    for text in ["new", "again"] {
        write(&link, text).unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), text);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }
    symlink("loop", dir.path().join("loop")).unwrap();
    assert!(Output::open(&dir.path().join("loop")).is_err());
}

#[test]
fn recognises_standard_output() {
    for name in STDOUT {
        assert!(Output::open(Path::new(name)).unwrap().is_stdout(), "{name}");
    }
    assert!(!Output::open(Path::new("/dev/null")).unwrap().is_stdout());
}

#[test]
fn rejects_paths_that_cannot_be_written() {
    let usage = |path: &str| Output::open(Path::new(path)).unwrap_err().is_usage();
    assert!(usage("/") && usage("/no/such/directory/load.json"));
    let error = Output::open(Path::new("/proc/load.json")).unwrap_err();
    assert!(error.to_string().contains("/proc/load.json"), "{error}");
}
