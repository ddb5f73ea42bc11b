//! What Go's runtime does, as probes on its functions see it in a detail round.

use crate::support::{Guard, alone, recorder, require_privilege};
use recording::Recording;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Waits for a line, does what its constants say, prints `done`, and waits for the end of its input.
const PROGRAM: &str = r#"package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"sync"
)

var sink *[64]byte

func main() {
	input := bufio.NewReader(os.Stdin)
	fmt.Println(os.Getpid())
	input.ReadString('\n')
	var all sync.WaitGroup
	for range 1000 {
		all.Add(1)
		go all.Done()
	}
	all.Wait()
	for range 20000 {
		sink = new([64]byte)
	}
	for range 3 {
		runtime.GC()
	}
	fmt.Println("done")
	input.ReadString('\n')
}
"#;

/// The toolchain of `targets/go`, which is set up where these tests run.
const TOOLCHAIN: &str = "go1.26.4";

fn build(dir: &Path, flags: &[&str]) -> PathBuf {
    let (source, program) = (dir.join("main.go"), dir.join("known-go"));
    std::fs::write(&source, PROGRAM).expect("written");
    let mut go = Command::new("go");
    go.env("GOTOOLCHAIN", TOOLCHAIN).arg("build").args(flags);
    go.arg("-o").arg(&program).arg(&source);
    let built = go.status().expect("go is there: `cargo xtask setup`");
    assert!(built.success());
    program
}

/// Records the program from its start to its end.
fn record(flags: &[&str]) -> Recording {
    require_privilege();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let program = build(dir.path(), flags);
    let _alone = alone();
    let mut go = Guard::start(&mut Command::new(program));
    let pid = go.line();
    let out = dir.path().join("out");
    let help = dir.path().to_str().expect("text");
    let mut recorder = recorder(&pid, &out, &["--detail", help]);
    go.say("go");
    assert_eq!(go.line(), "done");
    assert!(matches!(recorder.end().code(), Some(0 | 3)));
    recording::io::load_recording(&out).expect("a recording")
}

fn assert_counted(recording: &Recording) {
    let detail = recording.detail.as_ref().expect("it was asked for");
    assert_eq!(detail.notes, [""; 0]);
    let counts: BTreeMap<&str, u64> = detail
        .events
        .iter()
        .map(|event| (event.what.as_str(), event.count))
        .collect();
    // The runtime has goroutines of its own, such as those that collect, and allocates for those that are made.
    for (what, least, most) in [
        ("goroutines made", 1_000, 1_020),
        ("goroutines ended", 1_000, 1_020),
        // `runtime.GC` yields again and again until all is swept.
        ("goroutines taken up by a thread", 1_000, u64::MAX),
        ("allocations", 20_000, 25_000),
        ("collections finished", 3, 4),
    ] {
        assert!((least..=most).contains(&counts[what]), "{what}: {counts:?}");
    }
    assert_eq!(counts.len(), 7, "{counts:?}");
}

#[test]
fn goroutines_allocations_and_collections_are_counted() {
    assert_counted(&record(&[]));
}

#[test]
fn a_stripped_program_is_watched_as_well() {
    assert_counted(&record(&["-ldflags=-s -w"]));
}
