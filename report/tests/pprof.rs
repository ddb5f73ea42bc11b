//! pprof reads the exported stacks.

#[path = "support/stacks.rs"]
mod stacks;

use report::export::{Format, export};
use std::process::Command;

#[test]
fn lists_the_costliest_functions_in_pprof() {
    let mut recordings = recording::testing::three_arms();
    recordings.truncate(1);
    stacks::add(&mut recordings);
    let hostile = ";\u{1b}[2J\n</script>".repeat(1 << 16);
    recordings[0].1.stacks.frames[0].function = hostile;
    let flame = analysis::flame::whole(&recordings).expect("stacks");
    let total = flame.arms[0].total();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let file = dir.path().join("go.pb.gz");
    let mut bytes = Vec::new();
    export(&flame, Format::Pprof, &mut bytes).expect("written");
    std::fs::write(&file, bytes).expect("written");
    let mut go = Command::new("go");
    go.args(["tool", "pprof", "-top", "-unit=ns"]).arg(&file);
    go.env("PPROF_TMPDIR", dir.path());
    let output = go.output().expect("go is there: `cargo xtask setup`");
    let (text, errors) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{errors}");
    assert!(text.contains("Type: cpu_per_token"), "{text}");
    let shown = format!("of {:.0}ns total", total);
    assert!(text.contains(&shown), "{shown} is not in {text}");
    let top = text.lines().find(|line| line.contains("main.relay"));
    assert!(top.is_some(), "{text}");
}
