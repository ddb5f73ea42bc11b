//! Nothing, or next to nothing, to render: every renderer says so and none fails.

mod support;

use recording::{COMPARISON_SCHEMA, Comparison, Recording};
use report::Input;
use support::{Fixture, html};

fn text(input: &Input) -> String {
    let mut text = Vec::new();
    report::text(input, false, &mut text).expect("text");
    report::verdict(input, false, &mut text).expect("a verdict");
    report::markdown(input, &mut text).expect("Markdown");
    String::from_utf8(text).expect("UTF-8")
}

fn empty_comparison() -> Comparison {
    Comparison {
        schema: COMPARISON_SCHEMA.into(),
        ..Comparison::default()
    }
}

#[test]
fn reports_missing_recordings() {
    let input = Input {
        comparison: &empty_comparison(),
        recordings: &[],
    };
    assert!(html(&input).contains("Nothing recorded"));
    let text = text(&input);
    assert!(text.contains("Nothing recorded") && text.contains("No recording was given"));
}

#[test]
fn writes_no_charts_without_recordings() {
    let input = Input {
        comparison: &empty_comparison(),
        recordings: &[],
    };
    let dir = tempfile::tempdir().unwrap();
    assert!(report::svg(&input, dir.path()).unwrap().is_empty());
    assert!(report::png(&input, dir.path()).unwrap().is_empty());
    let mut json = Vec::new();
    report::json(&input, &mut json).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    assert_eq!(json["recordings"], serde_json::json!([]));
    assert_eq!(json["verdicts"], serde_json::json!([]));
}

#[test]
fn shows_no_number_of_an_empty_recording() {
    let recordings = [("a".to_string(), Recording::default())];
    let comparison = analysis::compare(&recordings);
    let input = Input {
        comparison: &comparison,
        recordings: &recordings,
    };
    let page = html(&input);
    assert!(page.contains("No check was made"));
    for shown in [page, text(&input)] {
        let number = |line: &&str| line.contains("NaN") || line.contains(" inf");
        assert_eq!(shown.lines().find(number), None, "a number without data");
    }
}

#[test]
fn renders_a_comparison_without_its_recordings() {
    let fixture = Fixture::first(6);
    let input = Input {
        comparison: &fixture.comparison,
        recordings: &[],
    };
    assert!(html(&input).contains("go against bun, bun-1.4"));
    assert!(text(&input).contains("bun uses"));
}

#[test]
fn splits_the_cost_of_an_arm_alone() {
    let fixture = Fixture::first(1);
    let text = text(&fixture.input());
    for expected in ["go uses ", "where the CPU goes", "not accounted for"] {
        assert!(text.contains(expected), "{expected} is missing in:\n{text}");
    }
    assert!(
        !text.contains("not valid"),
        "one recording is no comparison"
    );
}

#[test]
fn writes_json_that_reads_back() {
    let fixture = Fixture::first(6);
    let mut json = Vec::new();
    report::json(&fixture.input(), &mut json).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let comparison: Comparison = serde_json::from_value(json["comparison"].clone()).unwrap();
    assert_eq!(comparison, fixture.comparison);
    let recordings = json["recordings"].as_array().unwrap();
    assert_eq!(recordings.len(), fixture.recordings.len());
}

#[test]
fn uses_the_same_words_in_every_form() {
    let fixture = Fixture::first(6);
    let mut json = Vec::new();
    report::json(&fixture.input(), &mut json).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let (page, text) = (html(&fixture.input()), text(&fixture.input()));
    let verdicts = json["verdicts"].as_array().unwrap();
    assert_eq!(verdicts.len(), 2);
    for verdict in verdicts {
        let rows = verdict["parts"]["rows"].as_array().unwrap();
        let labels = rows.iter().map(|row| &row["label"]);
        for words in labels.chain([&verdict["headline"], &verdict["detail"]]) {
            let words = words.as_str().unwrap();
            assert!(page.contains(words) && text.contains(words), "{words}");
        }
    }
}

#[test]
fn writes_pictures() {
    let fixture = Fixture::first(1);
    let dir = tempfile::tempdir().unwrap();
    let written = report::png(&fixture.input(), dir.path()).unwrap();
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
fn reports_a_full_disk() {
    let fixture = Fixture::first(6);
    let mut full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .unwrap();
    let page = report::html(&fixture.input(), &mut std::io::BufWriter::new(&mut full));
    let text = report::text(&fixture.input(), false, &mut full);
    assert!(page.is_err() && text.is_err());
}
