//! Traced rounds: marked, and in no metric.

use crate::common::{Place, program, stderr};

/// A recorder that notes whether it was asked for single tokens and waits.
const RECORDER: &str = r#"echo recording; cat > /dev/null; write
    case " $* " in *" --off-cpu-stacks on --slow proxy_latency>0s "*) echo > "$out/asked";; esac"#;

#[test]
fn marks_traced_rounds_and_excludes_them_from_metrics() {
    let place = Place::with_recorder(RECORDER);
    let stub = program("stub");
    let run = format!(
        "run = 'exec {} --addr 127.0.0.1:{{port}} --tokens 2'\n",
        stub.display()
    );
    let target = place.target("mine", &run);
    let load = ["--load-command", "true # {url}", "--traced-rounds", "2"];
    let output = place.run(&[target], &load);
    let said = stderr(&output);
    assert!(said.contains("[3/4] mine, traced round"), "{said}");
    assert!(said.contains("[4/4] mine, traced round 2"), "{said}");
    let traced = |round: &str| place.recording(round).traced;
    assert_eq!(
        ["mine/1", "mine/2", "mine/1-traced", "mine/2-traced"].map(traced),
        [false, false, true, true],
        "{said}"
    );
    let asked = |round: &str| place.file(&format!("{round}/asked")).exists();
    assert_eq!(
        ["mine/1", "mine/2", "mine/1-traced", "mine/2-traced"].map(asked),
        [false, false, true, true]
    );
    let comparison = recording::io::load_comparison(&place.out).unwrap();
    let rounds = &comparison.arms[0].recordings;
    assert_eq!(*rounds, ["mine/1/recording.json", "mine/2/recording.json"]);
}
