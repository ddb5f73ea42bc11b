//! The report of known recordings, held against what was agreed on. After an intended change:
//! `UPDATE_GOLDEN=1 cargo test -p report --test golden`, then read the difference before committing it.

mod support;

use std::fs;
use support::{Fixture, folder, html};

fn check(name: &str, found: &str) {
    let path = folder().join("golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, found).expect("the golden file can be written");
    }
    let agreed = fs::read_to_string(&path).unwrap_or_default();
    let differ = found
        .lines()
        .zip(agreed.lines())
        .position(|(found, agreed)| found != agreed);
    let at = differ.unwrap_or(found.lines().count().min(agreed.lines().count()));
    assert!(
        found == agreed,
        "{name} differs from line {} on:\n  agreed: {}\n  found:  {}\nif this is intended, set UPDATE_GOLDEN=1",
        at + 1,
        agreed.lines().nth(at).unwrap_or("(ends)"),
        found.lines().nth(at).unwrap_or("(ends)"),
    );
}

/// Drawings and style have their own tests; without them the page can be read as a difference.
fn without(page: &str, start: &str, end: &str) -> String {
    let mut parts = page.split(start);
    let mut kept = parts.next().unwrap_or_default().to_string();
    for part in parts {
        kept.push_str(part.split_once(end).map_or("", |(_, rest)| rest));
    }
    kept
}

#[test]
fn page() {
    let page = html(&Fixture::load().input());
    check(
        "report.html",
        &without(&without(&page, "<svg", "</svg>"), "<style>", "</style>"),
    );
}

#[test]
fn text() {
    let mut text = Vec::new();
    report::text(&Fixture::load().input(), false, &mut text).unwrap();
    check("report.txt", &String::from_utf8(text).unwrap());
}

#[test]
fn verdict() {
    let mut text = Vec::new();
    report::verdict(&Fixture::load().input(), false, &mut text).unwrap();
    check("verdict.txt", &String::from_utf8(text).unwrap());
}

#[test]
fn one_recording_alone() {
    let fixture = Fixture::load();
    let input = report::Input {
        comparison: None,
        recordings: &fixture.recordings[..1],
    };
    let mut text = Vec::new();
    report::text(&input, false, &mut text).unwrap();
    check("single.txt", &String::from_utf8(text).unwrap());
}

#[test]
fn charts() {
    let fixture = Fixture::load();
    let dir = tempfile::tempdir().unwrap();
    let written = report::svg(&fixture.input(), dir.path()).unwrap();
    for name in ["bridge-cpu-ns-per-token-1-2.svg", "cpu.svg"] {
        let path = written
            .iter()
            .find(|path| path.ends_with(name))
            .expect(name);
        check(name, &fs::read_to_string(path).unwrap());
    }
}
