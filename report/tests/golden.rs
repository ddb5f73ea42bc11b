//! Reports of known recordings, compared with files. After an intended change: `UPDATE_GOLDEN=1
//! cargo test -p report --test golden`, then read the difference before committing it.

mod support;

use std::fs;
use std::path::Path;
use support::{Fixture, html};

fn check(name: &str, found: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let path = folder.join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, found).expect("the golden file can be written");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let mut lines = found.lines().zip(expected.lines());
    let differ = lines.position(|(found, expected)| found != expected);
    let at = differ.unwrap_or(found.lines().count().min(expected.lines().count()));
    assert!(
        found == expected,
        "{name} differs from line {} on:\n  expected: {}\n  found:    {}\nif this is intended, set UPDATE_GOLDEN=1",
        at + 1,
        expected.lines().nth(at).unwrap_or("(ends)"),
        found.lines().nth(at).unwrap_or("(ends)"),
    );
}

/// Removes drawings, style and scripts, which have their own tests: the rest of the page can be
/// read as a difference.
fn without(page: &str, start: &str, end: &str) -> String {
    let mut parts = page.split(start);
    let mut kept = parts.next().unwrap_or_default().to_string();
    for part in parts {
        kept.push_str(part.split_once(end).map_or("", |(_, rest)| rest));
    }
    kept
}

fn written(render: impl FnOnce(&mut Vec<u8>) -> Result<(), report::Error>) -> String {
    let mut text = Vec::new();
    render(&mut text).expect("a report");
    String::from_utf8(text).expect("UTF-8")
}

#[test]
fn keeps_the_page() {
    let page = html(&Fixture::first(6).input());
    let page = without(&page, "<svg", "</svg>");
    let page = without(&page, "<style>", "</style>");
    check("report.html", &without(&page, "<script>", "</script>"));
}

#[test]
fn keeps_the_text() {
    let fixture = Fixture::first(6);
    let text = written(|out| report::text(&fixture.input(), false, out));
    check("report.txt", &text);
}

#[test]
fn keeps_the_verdict() {
    let fixture = Fixture::first(6);
    let text = written(|out| report::verdict(&fixture.input(), false, out));
    check("verdict.txt", &text);
}

#[test]
fn keeps_the_verdict_in_markdown() {
    let fixture = Fixture::first(6);
    let text = written(|out| report::markdown(&fixture.input(), out));
    check("verdict.markdown", &text);
}

#[test]
fn keeps_the_summary_of_one_recording() {
    let fixture = Fixture::first(1);
    let text = written(|out| report::summary(&fixture.input(), false, out));
    let (lines, widest) = (
        text.lines().count(),
        text.lines().map(|l| l.chars().count()).max(),
    );
    assert!(lines <= 24, "{lines} lines are more than a screen");
    assert!(widest <= Some(100), "{widest:?} columns");
    check("summary.txt", &text);
}

#[test]
fn keeps_the_text_of_one_recording() {
    let fixture = Fixture::first(1);
    let text = written(|out| report::text(&fixture.input(), false, out));
    check("single.txt", &text);
}

#[test]
fn keeps_the_charts() {
    let fixture = Fixture::first(6);
    let dir = tempfile::tempdir().unwrap();
    let written = report::svg(&fixture.input(), dir.path()).unwrap();
    for name in ["waterfall-cpu-ns-per-token-1-2.svg", "cpu.svg"] {
        let mut paths = written.iter();
        let path = paths.find(|path| path.ends_with(name)).expect(name);
        check(name, &fs::read_to_string(path).unwrap());
    }
}
