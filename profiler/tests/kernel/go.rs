//! Calls of Go's runtime functions, counted by uprobes in an instrumented round.

use crate::support::{Guard, alone, build_go, recorder, require_privilege};
use recording::Recording;
use std::collections::BTreeMap;
use std::process::Command;

/// Waits for a line, works as its constants say, prints `done`, and waits for the end of its input.
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

fn record(flags: &[&str]) -> Recording {
    let (recording, line) = record_program("known-go", PROGRAM, flags);
    assert_eq!(line, "done");
    recording
}

/// Records a program from its start to its end; returns its last line too.
pub fn record_program(name: &str, source: &str, flags: &[&str]) -> (Recording, String) {
    require_privilege();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let program = build_go(dir.path(), name, source, flags);
    let _alone = alone();
    let mut go = Guard::start(&mut Command::new(program));
    let pid = go.line();
    let out = dir.path().join("out");
    let symbols = dir.path().to_str().expect("text");
    let mut recorder = recorder(&pid, &out, &["--runtime-symbols", symbols]);
    go.say("go");
    let line = go.line();
    assert!(matches!(recorder.end().code(), Some(0 | 3)));
    (
        recording::io::load_recording(&out).expect("a recording"),
        line,
    )
}

fn assert_counted(recording: &Recording) {
    let instrumented = recording.instrumented.as_ref().expect("requested");
    assert_eq!(instrumented.notes, [""; 0]);
    let counts: BTreeMap<&str, u64> = instrumented
        .events
        .iter()
        .map(|event| (event.name.as_str(), event.count))
        .collect();
    // The runtime itself creates a few goroutines, and allocates for each goroutine.
    for (name, least, most) in [
        ("goroutines created", 1_000, 1_020),
        ("goroutines ended", 1_000, 1_020),
        // `runtime.GC` yields again and again until all is swept.
        ("goroutines scheduled", 1_000, u64::MAX),
        ("allocations", 20_000, 25_000),
        ("bytes allocated", 20_000 * 64, 4_000_000),
        ("garbage collections", 3, 4),
    ] {
        assert!((least..=most).contains(&counts[name]), "{name}: {counts:?}");
    }
    assert_eq!(counts.len(), 8, "{counts:?}");
}

#[test]
fn counts_goroutines_allocations_and_collections() {
    assert_counted(&record(&[]));
}

#[test]
fn counts_in_stripped_programs() {
    assert_counted(&record(&["-ldflags=-s -w"]));
}
