//! Rounds in which the runtime helps: marked, in no number, and nothing of the help is left.

use crate::common::{Place, program, stderr};
use std::fs;
use std::process::Output;

/// A recorder that says what the runtime wrote, and marks what it was told to.
const HELPED: &str = r#"detail=; for word; do
        if [ "$previous" = --detail ]; then detail="$word"; fi; previous="$word"; done
    FAIL
    echo recording; cat > /dev/null; write
    if [ -n "$detail" ]; then
        cat "$detail/told" > "$out/seen"
        sed -i 's|"schema": *"kontrast.recording/1",|& "detail": {"notes": ["helped"]},|' "$out/recording.json"
    fi"#;

/// Two rounds of a server that writes a file if it is told where to, and the one in which it is.
fn run(place: &Place) -> Output {
    let server = format!(
        r#"run = 'test -z "$HELP" || echo yes > "$HELP/told"; exec {} --addr 127.0.0.1:{{port}} --tokens 2'
           detail = {{ env = {{ HELP = "{{dir}}" }} }}"#,
        program("stub").display()
    );
    let target = place.target("mine", &server);
    place.run(&[target], &["--load-command", "true # {url}", "--detail"])
}

#[test]
fn a_detail_round_is_marked_and_counts_in_no_number() {
    let place = Place::with_recorder(&HELPED.replace("FAIL", ""));
    let output = run(&place);
    let said = stderr(&output);
    let detail = |round: &str| place.recording(round).detail;
    assert_eq!((detail("mine/1"), detail("mine/2")), (None, None), "{said}");
    assert_eq!(detail("mine/1-detail").unwrap().notes, ["helped"]);
    let seen = fs::read_to_string(place.file("mine/1-detail/seen")).unwrap();
    assert_eq!(seen, "yes\n", "the runtime was told where to write");
    assert!(!place.file("mine/1-detail/from-runtime").exists(), "{said}");
    assert!(
        said.contains("[3/3] mine with the help of its runtime"),
        "after what is measured: {said}"
    );
    let comparison = recording::io::load_comparison(&place.out).unwrap();
    let rounds = &comparison.arms[0].recordings;
    assert_eq!(*rounds, ["mine/1/recording.json", "mine/2/recording.json"]);
    assert_eq!(comparison.detail.len(), 1);
    assert!(
        !comparison
            .validity
            .reasons
            .iter()
            .any(|reason| reason.contains("detail")),
        "{:?}",
        comparison.validity
    );
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("Detail rounds"), "{printed}");
}

#[test]
fn a_detail_round_that_fails_leaves_the_comparison_whole_and_nothing_behind() {
    let fail = r#"if [ -n "$detail" ]; then echo "no help today" >&2; exit 1; fi"#;
    let place = Place::with_recorder(&HELPED.replace("FAIL", fail));
    let output = run(&place);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("no detail of mine: the recorder ended"),
        "{said}"
    );
    assert!(!place.file("mine/1-detail/from-runtime").exists(), "{said}");
    let comparison = recording::io::load_comparison(&place.out).unwrap();
    assert_eq!((comparison.arms[0].rounds, comparison.detail.len()), (2, 0));
    let reasons = &comparison.validity.reasons;
    assert!(
        !reasons.iter().any(|reason| reason.contains("partial")),
        "{reasons:?}"
    );
}
