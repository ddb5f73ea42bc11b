//! Instrumented rounds: marked, in no metric, and without leftovers.

use crate::common::{Place, program, stderr};
use std::fs;
use std::process::Output;

/// A recorder that keeps the file of the runtime, and marks the recording of an instrumented round.
const RECORDER: &str = r#"symbols=; for word; do
        if [ "$previous" = --runtime-symbols ]; then symbols="$word"; fi; previous="$word"; done
    FAIL
    echo recording; cat > /dev/null; write
    if [ -n "$symbols" ]; then
        cat "$symbols/written" > "$out/seen"
        sed -i 's|"schema": *"kontrast.recording/2",|& "instrumented": {"notes": ["marked"]},|' "$out/recording.json"
    fi"#;

/// Runs two rounds and an instrumented one of a server that writes a file to the folder in `DIR`.
fn run(place: &Place) -> Output {
    let server = format!(
        r#"run = 'test -z "$DIR" || echo yes > "$DIR/written"; exec {} --addr 127.0.0.1:{{port}} --tokens 2'
           detail = {{ env = {{ DIR = "{{dir}}" }} }}"#,
        program("stub").display()
    );
    let target = place.target("mine", &server);
    place.run(
        &[target],
        &["--load-command", "true # {url}", "--runtime-symbols"],
    )
}

#[test]
fn marks_an_instrumented_round_and_excludes_it_from_metrics() {
    let place = Place::with_recorder(&RECORDER.replace("FAIL", ""));
    let output = run(&place);
    let said = stderr(&output);
    let instrumented = |round: &str| place.recording(round).instrumented;
    for round in ["mine/1", "mine/2"] {
        assert_eq!(instrumented(round), None, "{said}");
    }
    let marked = instrumented("mine/1-instrumented").unwrap();
    assert_eq!(marked.notes, ["marked"]);
    let seen = fs::read_to_string(place.file("mine/1-instrumented/seen")).unwrap();
    assert_eq!(seen, "yes\n", "the runtime knew where to write");
    assert!(
        !place.file("mine/1-instrumented/from-runtime").exists(),
        "{said}"
    );
    assert!(
        said.contains("[3/3] mine, instrumented round"),
        "after the measured rounds: {said}"
    );
    let comparison = recording::io::load_comparison(&place.out).unwrap();
    let rounds = &comparison.arms[0].recordings;
    assert_eq!(*rounds, ["mine/1/recording.json", "mine/2/recording.json"]);
    assert_eq!(comparison.instrumented.len(), 1);
    assert!(
        !comparison
            .validity
            .reasons
            .iter()
            .any(|reason| reason.contains("instrumented")),
        "{:?}",
        comparison.validity
    );
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("Instrumented rounds"), "{printed}");
}

#[test]
fn keeps_the_comparison_where_an_instrumented_round_fails() {
    let fail = r#"if [ -n "$symbols" ]; then echo "no symbols today" >&2; exit 1; fi"#;
    let place = Place::with_recorder(&RECORDER.replace("FAIL", fail));
    let output = run(&place);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("mine, instrumented round, failed: the recorder ended"),
        "{said}"
    );
    assert!(
        !place.file("mine/1-instrumented/from-runtime").exists(),
        "{said}"
    );
    let comparison = recording::io::load_comparison(&place.out).unwrap();
    assert_eq!(
        (comparison.arms[0].rounds, comparison.instrumented.len()),
        (2, 0)
    );
    let reasons = &comparison.validity.reasons;
    assert!(
        !reasons.iter().any(|reason| reason.contains("partial")),
        "{reasons:?}"
    );
}
