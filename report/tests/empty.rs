//! Nothing, or next to nothing, to render: every renderer says so and none fails.

mod support;

use recording::{COMPARISON_SCHEMA, Comparison, Recording};
use report::Input;
use support::{Fixture, html};

fn text(input: &Input) -> String {
    let mut text = Vec::new();
    report::text(input, false, &mut text).expect("text");
    report::verdict(input, false, &mut text).expect("a verdict");
    String::from_utf8(text).expect("UTF-8")
}

fn empty_comparison() -> Comparison {
    Comparison {
        schema: COMPARISON_SCHEMA.into(),
        ..Comparison::default()
    }
}

#[test]
fn no_recording_at_all() {
    let comparison = empty_comparison();
    for comparison in [None, Some(&comparison)] {
        let input = Input {
            comparison,
            recordings: &[],
        };
        assert!(html(&input).contains("Nothing recorded"));
        assert!(text(&input).contains("Nothing recorded"));
    }
    assert!(
        text(&Input {
            comparison: None,
            recordings: &[]
        })
        .contains("no recording was given")
    );
}

#[test]
fn files_of_nothing() {
    let input = Input {
        comparison: None,
        recordings: &[],
    };
    let dir = tempfile::tempdir().unwrap();
    assert!(report::svg(&input, dir.path()).unwrap().is_empty());
    assert!(report::png(&input, dir.path()).unwrap().is_empty());
    let mut json = Vec::new();
    report::json(&input, &mut json).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["comparison"], serde_json::Value::Null);
    assert_eq!(json["recordings"], serde_json::json!([]));
}

#[test]
fn a_recording_without_anything_in_it() {
    let recordings = [("a".to_string(), Recording::default())];
    let input = Input {
        comparison: None,
        recordings: &recordings,
    };
    let page = html(&input);
    assert!(page.contains("No check was made"));
    for shown in [page, text(&input)] {
        let number = |line: &&str| line.contains("NaN") || line.contains(" inf");
        assert_eq!(
            shown.lines().find(number),
            None,
            "no number is shown as one"
        );
    }
}

#[test]
fn a_comparison_without_its_recordings() {
    let fixture = Fixture::load();
    let input = Input {
        comparison: Some(&fixture.comparison),
        recordings: &[],
    };
    assert!(html(&input).contains("go against bun, bun-1.4"));
    assert!(text(&input).contains("bun needs"));
}

#[test]
fn one_arm_has_nothing_to_be_compared_with() {
    let comparison = empty_comparison();
    let recordings = &Fixture::load().recordings[..2];
    let input = Input {
        comparison: Some(&comparison),
        recordings,
    };
    assert!(text(&input).contains("Nothing to compare"));
}

#[test]
fn everything_in_json_can_be_read_back() {
    let fixture = Fixture::load();
    let mut json = Vec::new();
    report::json(&fixture.input(), &mut json).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let comparison: Comparison = serde_json::from_value(json["comparison"].clone()).unwrap();
    assert_eq!(comparison, fixture.comparison);
    assert_eq!(
        json["recordings"].as_array().unwrap().len(),
        fixture.recordings.len()
    );
}

#[test]
fn pictures_are_pictures() {
    let fixture = Fixture::load();
    let dir = tempfile::tempdir().unwrap();
    let input = Input {
        comparison: None,
        recordings: &fixture.recordings[..1],
    };
    let written = report::png(&input, dir.path()).unwrap();
    assert!(written.len() > 6, "{written:?}");
    for path in written {
        assert!(
            std::fs::read(&path).unwrap().starts_with(b"\x89PNG"),
            "{}",
            path.display()
        );
    }
}

#[test]
fn a_full_disk_is_an_error() {
    let fixture = Fixture::load();
    let mut full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let end = report::html(&fixture.input(), &mut std::io::BufWriter::new(&mut full));
    let text = report::text(&fixture.input(), false, &mut full);
    assert!(end.is_err() && text.is_err());
}
