//! Why goroutines wait, in an instrumented round, against what the program itself measured.

use crate::go::record_program;
use crate::support::{alone, build_go, kontrast, require_privilege};
use recording::Recording;
use recording::instrumented::GoroutineWait;
use std::process::Stdio;

/// Goroutines that wait for a lock and for a channel, whose lengths the program adds up; the last
/// line says both, in ns.
const PROGRAM: &str = r#"package main

import (
	"bufio"
	"fmt"
	"os"
	"sync"
	"time"
)

const rounds = 20
const held = 20 * time.Millisecond

var lock sync.Mutex
var begun, taken = make(chan bool), make(chan bool)
var results = make(chan int)

//go:noinline
func holdLock() {
	for range rounds {
		lock.Lock()
		begun <- true
		time.Sleep(held)
		lock.Unlock()
		<-taken
	}
}

//go:noinline
func takeLock() (waited time.Duration) {
	for range rounds {
		<-begun
		start := time.Now()
		lock.Lock()
		waited += time.Since(start)
		lock.Unlock()
		taken <- true
	}
	return waited
}

//go:noinline
func produce() {
	for item := range rounds {
		time.Sleep(held)
		results <- item
	}
	close(results)
}

//go:noinline
func consume() time.Duration {
	start := time.Now()
	for range results {
	}
	return time.Since(start)
}

func main() {
	input := bufio.NewReader(os.Stdin)
	fmt.Println(os.Getpid())
	input.ReadString('\n')
	go holdLock()
	locked := takeLock()
	go produce()
	received := consume()
	fmt.Println(locked.Nanoseconds(), received.Nanoseconds())
	input.ReadString('\n')
}
"#;

/// Returns the waits for a reason in a function of the program.
fn waits(recording: &Recording, reason: &str, function: &str) -> Vec<GoroutineWait> {
    let instrumented = recording.instrumented.as_ref().expect("requested");
    let waits = instrumented.goroutine_waits.iter();
    let found = waits.filter(|wait| {
        let mut stack = wait.stack.iter();
        wait.reason == reason && stack.any(|name| name == function)
    });
    found.cloned().collect()
}

/// Asserts that waits are as long as the program says, whose clock also runs while its goroutine
/// is ready and waits for a thread, or spins before it waits.
fn assert_length(found: &[GoroutineWait], measured_ns: u64, ended_by: &str) {
    let wait_ns: u64 = found.iter().map(|wait| wait.wait_ns).sum();
    assert!(wait_ns <= measured_ns, "{wait_ns} of {measured_ns}");
    assert!(wait_ns >= measured_ns / 2, "{wait_ns} of {measured_ns}");
    for wait in found {
        let mut by = wait.by.iter();
        assert!(by.any(|name| name == ended_by), "{wait:?}");
    }
}

fn assert_waits(flags: &[&str]) {
    let (recording, line) = record_program("waits-go", PROGRAM, flags);
    let measured: Vec<u64> = line.split(' ').map(|ns| ns.parse().expect("ns")).collect();
    let locks = waits(&recording, "sync.Mutex.Lock", "main.takeLock");
    assert_length(&locks, measured[0], "main.holdLock");
    let receives = waits(&recording, "chan receive", "main.consume");
    assert_length(&receives, measured[1], "main.produce");
    let notes = recording.instrumented.map(|data| data.notes);
    assert_eq!(notes.unwrap_or_default(), [""; 0]);
}

#[test]
fn says_for_what_goroutines_wait_and_who_ended_that() {
    assert_waits(&[]);
}

/// The names are read when the program has ended.
#[test]
fn names_waits_of_a_command() {
    require_privilege();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let program = build_go(dir.path(), "waits-go", PROGRAM, &[]);
    let _alone = alone();
    let mut recorder = kontrast();
    recorder.args(["record", "--out", "out", "--runtime-symbols", ".", "--"]);
    recorder.arg(program).current_dir(dir.path());
    let output = recorder.stdin(Stdio::null()).output().expect("it runs");
    assert!(matches!(output.status.code(), Some(0 | 3)), "{output:?}");
    let recording = recording::io::load_recording(&dir.path().join("out")).expect("a recording");
    let printed = String::from_utf8_lossy(&output.stdout);
    let measured = printed
        .lines()
        .nth(1)
        .and_then(|line| line.split(' ').next());
    let measured = measured.and_then(|ns| ns.parse().ok()).expect("ns");
    let locks = waits(&recording, "sync.Mutex.Lock", "main.takeLock");
    assert_length(&locks, measured, "main.holdLock");
}

#[test]
fn names_waits_in_stripped_programs() {
    assert_waits(&["-ldflags=-s -w"]);
}
