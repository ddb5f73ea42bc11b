//! Names of the frames of call stacks, from symbols wherever they are.

use crate::support::{Guard, alone, assert_sound, build_go, recorder, require_privilege};
use profiler::record::stacks::later::name_frames;
use profiler::record::symbols::debug_files::DebugFiles;
use recording::stacks::{SampleMode, StackFrame};
use recording::vocabulary::{CodePlace, RegionClass};
use recording::{Recording, Stacks};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Waits for a line, works and allocates for the time that its constant says, prints `done`, and
/// waits for the end of its input. Half a million nodes stay reachable, so that the collector marks
/// in a good part of the samples.
const GO: &str = r#"package main

import (
	"bufio"
	"fmt"
	"os"
	"time"
)

type node struct{ next, other *node }

var sink int
var nodes *node
var kept []*node

//go:noinline
func total[T int | float64](numbers []T) T {
	var sum T
	for range 200 {
		for _, number := range numbers {
			sum = sum*3 + number
		}
	}
	return sum
}

//go:noinline
func grow() {
	nodes = nil
	for range 2000 {
		nodes = &node{next: nodes, other: &node{}}
	}
}

func main() {
	input := bufio.NewReader(os.Stdin)
	fmt.Println(os.Getpid())
	input.ReadString('\n')
	numbers := make([]int, 1000)
	for range 500000 {
		kept = append(kept, &node{})
	}
	for end := time.Now().Add(700 * time.Millisecond); time.Now().Before(end); {
		sink += total(numbers)
		grow()
	}
	fmt.Println("done")
	input.ReadString('\n')
}
"#;

/// Beginning and end of programs in C that wait, work and wait as the one in Go.
const C_BEGIN: &str = r#"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
static void announce(void) {
    printf("%d\n", getpid());
    fflush(stdout);
    while (getchar() != '\n') {}
}
static void finish(void) {
    puts("done");
    fflush(stdout);
    while (getchar() != EOF) {}
}
"#;

/// Makes code at run time, and writes its name where perf looks for it.
const COMPILED: &str = r#"
int main(void) {
    /* mov %edi,%ecx; 1: dec %ecx; jnz 1b; ret */
    static const unsigned char code[] = {0x89, 0xf9, 0xff, 0xc9, 0x75, 0xfc, 0xc3};
    int access = PROT_READ | PROT_WRITE | PROT_EXEC;
    unsigned char *page = mmap(NULL, 4096, access, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    void (*known_compiled)(int) = (void (*)(int))(page + 136);
    memcpy(page + 136, code, sizeof code);
    announce();
    char name[64];
    sprintf(name, "/tmp/perf-%d.map", getpid());
    FILE *map = fopen(name, "w");
    fprintf(map, "nonsense\n%lx 8 before\n", (unsigned long)(page + 128));
    fprintf(map, "%lx %zx py::known:/srv/app.py\n", (unsigned long)(page + 136), sizeof code);
    fclose(map);
    for (int i = 0; i < 80; i++) known_compiled(20000000);
    finish();
    unlink(name);
    return 0;
}
"#;

/// Spends its time in functions of the C library, which keep no frame pointers.
const LIBRARY: &str = r#"
static char from[1 << 16], to[1 << 16];
static int numbers[20000];
__attribute__((noinline)) void known_copier(void) {
    volatile size_t length = sizeof from; /* so that the compiler calls the library */
    for (int i = 0; i < 100000; i++) memcpy(to, from, length);
}
__attribute__((noinline)) int known_compare(const void *one, const void *other) {
    return *(const int *)one - *(const int *)other;
}
__attribute__((noinline)) void known_sorter(void) {
    for (int i = 0; i < 500; i++) {
        for (int at = 0; at < 20000; at++) numbers[at] = (at * 7919 + i) % 20011;
        qsort(numbers, 20000, sizeof *numbers, known_compare);
    }
}
int main(void) {
    announce();
    WORK();
    finish();
    return 0;
}
"#;

fn c(dir: &Path, program: &str, flags: &[&str]) -> PathBuf {
    let (source, built) = (dir.join("known.c"), dir.join("known-c"));
    std::fs::write(&source, format!("{C_BEGIN}{program}")).expect("written");
    let mut compiler = Command::new("cc");
    compiler
        .args(["-O1", "-fno-omit-frame-pointer"])
        .args(flags);
    let status = compiler.arg("-o").arg(&built).arg(&source).status();
    assert!(status.expect("Rust links with it").success());
    built
}

/// Records a program that prints its process id, waits for a line, works, and prints `done`.
fn record(command: &mut Command, extra: &[&str]) -> Recording {
    require_privilege();
    let dir = tempfile::tempdir().expect("a temporary directory");
    let _alone = alone();
    let mut program = Guard::start(command);
    let pid = program.line();
    let out = dir.path().join("out");
    let mut recorder = recorder(&pid, &out, extra);
    program.say("go");
    assert_eq!(program.line(), "done");
    assert!(matches!(recorder.end().code(), Some(0 | 3)));
    let recording = recording::io::load_recording(&out).expect("a recording");
    assert_sound(&recording);
    recording
}

/// Returns the samples in user code of a file by function, and the innermost frames.
fn user_code<'a>(recording: &'a Recording, file: &str) -> Vec<(&'a StackFrame, u64)> {
    let stacks = &recording.stacks;
    let counts = stacks.counts.iter();
    let counts = counts.filter(|count| count.mode == SampleMode::User);
    let innermost = counts.filter_map(|count| {
        let frame = stacks.frames_of(count.node).next()?;
        let module = stacks.modules.get(frame.module?)?;
        (module.file == file).then_some((frame, count.samples))
    });
    innermost.collect()
}

/// Returns the samples with a name, and all.
fn named(frames: &[(&StackFrame, u64)]) -> (u64, u64) {
    frames
        .iter()
        .fold((0, 0), |(named, all), (frame, samples)| {
            let has_name = !frame.function.is_empty();
            (named + u64::from(has_name) * samples, all + samples)
        })
}

#[test]
fn names_stripped_go_code_as_unstripped() {
    let functions = |flags: &[&str]| {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let recording = record(
            &mut Command::new(build_go(dir.path(), "known-go", GO, flags)),
            &[],
        );
        let frames = user_code(&recording, "known-go");
        let (named, all) = named(&frames);
        assert!(all > 50 && named == all, "{flags:?}: {named} of {all}");
        // An inlined function has the start of the function around it, of which there are many.
        let frames = recording.stacks.frames.iter();
        let frames = frames.filter(|frame| frame.module.is_some() && !frame.inlined);
        let frames = frames.filter(|frame| !frame.function.is_empty());
        let functions: BTreeMap<String, u64> = frames
            .map(|frame| (frame.function.clone(), frame.address))
            .collect();
        for function in ["main.main", "main.total[...]", "runtime.gcDrain"] {
            assert!(functions.contains_key(function), "{flags:?}: {functions:?}");
        }
        functions
    };
    let whole = functions(&[]);
    let stripped = functions(&["-ldflags=-s -w"]);
    let same = stripped
        .iter()
        .filter(|(name, _)| whole.contains_key(*name));
    for (name, start) in same {
        assert_eq!(whole[name], *start, "{name}");
    }
    functions(&["-ldflags=-s -w", "-buildmode=pie"]);
}

#[test]
fn names_compiled_code_by_the_perf_map_of_its_process() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let recording = record(&mut Command::new(c(dir.path(), COMPILED, &[])), &[]);
    let stacks = &recording.stacks;
    let compiled = CodePlace::Region(RegionClass::JitCode);
    let counts = stacks.counts.iter();
    let (named, all) = counts.fold((0, 0), |(named, all), count| {
        match stacks.frames_of(count.node).next() {
            Some(frame) if frame.place == compiled => {
                let is_named = frame.function == "py::known:app.py";
                (
                    named + u64::from(is_named) * count.samples,
                    all + count.samples,
                )
            }
            _ => (named, all),
        }
    });
    assert!(all > 50 && named == all, "{named} of {all}");
}

#[test]
fn names_code_by_debug_files_in_given_folders_and_later() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let program = c(
        dir.path(),
        LIBRARY,
        &["-DWORK=known_sorter", "-Wl,--build-id", "-g"],
    );
    let debug = dir.path().join("debug");
    std::fs::create_dir(&debug).expect("made");
    let strip = |arguments: &[&str], files: &[&Path]| {
        let status = Command::new("objcopy").args(arguments).args(files).status();
        assert!(status.expect("the linker comes with it").success());
    };
    strip(&["--only-keep-debug"], &[&program, &debug.join("any-name")]);
    strip(&["--strip-all"], &[&program, &program]);
    let sorter = |recording: &Recording| {
        let frames = user_code(recording, "known-c");
        frames
            .iter()
            .any(|(frame, _)| frame.function == "known_compare")
    };
    let folder = debug.to_str().expect("text");
    assert!(sorter(&record(
        &mut Command::new(&program),
        &["--symbols", folder]
    )));
    let mut recording = record(&mut Command::new(&program), &[]);
    assert!(!sorter(&recording));
    let samples = recording.stacks.samples;
    let (named, _) = name_frames(&mut recording, &DebugFiles::new(&[debug]));
    assert!(named > 0 && sorter(&recording));
    assert_eq!(recording.stacks.samples, samples);
}

/// Returns whether a frame lies in the C library.
fn in_library(stacks: &Stacks, frame: &StackFrame) -> bool {
    let module = frame.module.and_then(|module| stacks.modules.get(module));
    module.is_some_and(|module| module.file.starts_with("libc.so"))
}

#[test]
fn finds_callers_of_library_code_without_frame_pointers() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let program = c(dir.path(), LIBRARY, &["-DWORK=known_copier"]);
    let recording = record(&mut Command::new(program), &[]);
    let stacks = &recording.stacks;
    let user = stacks.counts.iter();
    let user = user.filter(|count| count.mode == SampleMode::User);
    let (copied, all) = user.fold((0, 0), |(copied, all), count| {
        let mut frames = stacks.frames_of(count.node);
        match frames.next() {
            Some(innermost) if in_library(stacks, innermost) => {
                let caller = frames.next().map_or("", |frame| frame.function.as_str());
                let is_right = caller == "known_copier";
                (
                    copied + u64::from(is_right) * count.samples,
                    all + count.samples,
                )
            }
            _ => (copied, all),
        }
    });
    assert!(all > 20 && 10 * copied > 9 * all, "{copied} of {all}");
}

#[test]
fn counts_chains_that_break_in_a_library_without_frame_pointers() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let program = c(dir.path(), LIBRARY, &["-DWORK=known_sorter"]);
    let recording = record(&mut Command::new(program), &[]);
    let stacks = &recording.stacks;
    let is_start = |frame: &StackFrame| {
        frame.function.starts_with("__libc_start") || frame.function == "_start"
    };
    let ends = stacks.counts.iter().filter(|count| {
        let outermost = stacks.frames_of(count.node).last();
        outermost.is_some_and(|frame| in_library(stacks, frame) && !is_start(frame))
    });
    let ends: u64 = ends.map(|count| count.samples).sum();
    let modules = stacks.modules.iter();
    let library = modules.filter(|module| module.file.starts_with("libc.so"));
    let broken: u64 = library.map(|module| module.broken).sum();
    assert!(ends > 20 && broken == ends, "{broken} of {ends}");
}
