//! Evidence of code that no symbol names.

use super::support::{Guard, alone, recorder, require_privilege};
use recording::stacks::StackFrame;
use recording::{CodeHint, Recording};
use std::path::Path;
use std::process::Command;

/// A program that computes in a function with an assertion, and clears memory. It prints its
/// process id, begins on a line of input, and says `done`.
const PROGRAM: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
static volatile unsigned long sink = 2;
static char memory[1 << 20];
static double now(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return at.tv_sec + at.tv_nsec / 1e9;
}
static void compute(void) {
    for (unsigned long i = 0; i < 100000; i++) sink = sink * 3 + 1;
    if (sink == 0) { fputs(__FILE__ " failed", stderr); fputs(__FILE__, stderr); abort(); }
}
static void clear(void *place, unsigned long size) {
    __asm__ volatile("rep stosb" : "+D"(place), "+c"(size) : "a"(0) : "memory");
}
int main(void) {
    printf("%d\n", getpid());
    fflush(stdout);
    getchar();
    for (double end = now() + 0.3; now() < end;) compute();
    for (double end = now() + 0.3; now() < end;) clear(memory, sizeof memory);
    puts("done");
    fflush(stdout);
    while (getchar() != EOF) {}
    return 0;
}
"#;

/// Builds the program without symbols, and records it.
fn record_stripped() -> Recording {
    require_privilege();
    let _alone = alone();
    let dir = tempfile::tempdir().expect("a temporary directory");
    build(dir.path());
    let mut program = Guard::start(&mut Command::new(dir.path().join("program")));
    let pid = program.line();
    let out = dir.path().join("out");
    let mut recorder = recorder(&pid, &out, &[]);
    program.say("go");
    assert_eq!(program.line(), "done");
    let status = recorder.end();
    assert!(matches!(status.code(), Some(0 | 3)), "{status}");
    recording::io::load_recording(&out).expect("a recording")
}

fn build(dir: &Path) {
    std::fs::write(dir.join("json_parser.c"), PROGRAM).expect("written");
    let mut compiler = Command::new("cc");
    let flags = [
        "-O0",
        "-fno-omit-frame-pointer",
        "-fcf-protection=none",
        "-s",
    ];
    compiler
        .args(flags)
        .args(["-o", "program", "json_parser.c"]);
    let status = compiler.current_dir(dir).status();
    assert!(status.is_ok_and(|status| status.success()), "cc builds it");
}

fn hint_with(recording: &Recording, fits: impl Fn(&CodeHint) -> bool) -> (&CodeHint, &StackFrame) {
    let hints = &recording.stacks.hints;
    let hint = hints.iter().find(|hint| fits(hint));
    let hint = hint.unwrap_or_else(|| panic!("no such hint: {hints:#?}"));
    (hint, &recording.stacks.frames[hint.frame])
}

#[test]
fn finds_source_files_and_bulk_instructions_of_a_stripped_program() {
    let recording = record_stripped();
    let (computing, frame) = hint_with(&recording, |hint| hint.source == "json_parser.c");
    assert!(frame.function.is_empty());
    assert_eq!(computing.neighbours, None);
    let text = "json_parser.c failed".to_owned();
    assert!(computing.texts.contains(&text), "{computing:?}");
    let (clearing, frame) = hint_with(&recording, |hint| hint.clearing > 0);
    assert!(frame.function.is_empty());
    assert!(
        10 * clearing.clearing >= 9 * clearing.innermost,
        "{clearing:?}"
    );
}
