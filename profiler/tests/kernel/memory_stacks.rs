//! Call sites that take memory and return it.

use crate::support::{calls, record};
use recording::Recording;
use recording::memory::MemoryStack;
use recording::vocabulary::{CodePlace, MemoryEvent};

const PAGES: u64 = 3000;
const TIMES: u64 = 250;

fn recorded() -> Recording {
    record(&["sites", "3000", "250"])
}

/// Finds the call site whose stack begins with these functions.
fn site<'a>(recording: &'a Recording, kind: MemoryEvent, functions: &[&str]) -> &'a MemoryStack {
    let sites = &recording.memory_stacks;
    let found = sites.iter().find(|site| {
        let names = site.stack.iter().map(|frame| frame.function.as_str());
        site.kind == kind && names.take(functions.len()).eq(functions.iter().copied())
    });
    found.unwrap_or_else(|| panic!("no {kind} by {functions:?}: {sites:#?}"))
}

#[test]
fn finds_the_code_of_faults_and_calls() {
    let recording = recorded();
    let touched = site(&recording, MemoryEvent::PageFault, &["known_touch"]);
    let file = &*touched.stack[0].file;
    assert_eq!((touched.count, file), (PAGES, "kontrast-known"));
    let thread = touched.thread.expect("a thread of the recording");
    assert!(recording.threads[thread].faults >= PAGES);
    let free = ["known_give_back", "known_caller"];
    let freed = site(&recording, MemoryEvent::DontNeed, &free);
    let bytes = -(TIMES as i64) * 4096;
    assert_eq!((freed.count, freed.bytes), (TIMES, bytes));

    // The walk ends where frame pointers lead to memory that is not mapped, and causes no fault of
    // the program.
    let stray = site(&recording, MemoryEvent::DontNeed, &["known_stray"]);
    assert_eq!((stray.count, stray.stack.len()), (TIMES, 1), "{stray:#?}");
    assert!(recording.faults.kernel < TIMES, "{:?}", recording.faults);
}

#[test]
fn finds_the_caller_of_a_wrapper_without_a_frame() {
    let recording = recorded();
    let sites = recording.memory_stacks.iter();
    let unmapped: Vec<_> = sites
        .filter(|site| site.bytes == -(PAGES as i64) * 4096)
        .collect();
    assert_eq!(unmapped.len(), 1, "{unmapped:#?}");
    let frames = unmapped[0].stack.iter();
    let files: Vec<&str> = frames.map(|frame| frame.file.as_str()).collect();
    assert_eq!(unmapped[0].kind, MemoryEvent::Unmap);
    assert_eq!(files[..2], ["libc.so.6", "kontrast-known"], "{files:?}");
}

#[test]
fn counts_each_fault_and_call_once() {
    let recording = recorded();
    let sum = |kinds: &[MemoryEvent]| -> u64 {
        let sites = recording.memory_stacks.iter();
        let of_kinds = sites.filter(|site| kinds.contains(&site.kind));
        of_kinds.map(|site| site.count).sum()
    };
    use MemoryEvent::*;
    let faults = &recording.faults;
    assert_eq!(sum(&[PageFault]), faults.user + faults.kernel);
    for (call, kinds) in [
        ("mmap", &[Map, Reserve][..]),
        ("munmap", &[Unmap]),
        ("madvise", &[DontNeed, Free, Advice]),
        ("brk", &[Brk]),
        ("mremap", &[Remap]),
    ] {
        assert_eq!(sum(kinds), calls(&recording, call), "{call}");
    }
    let in_calls = recording.memory_stacks.iter().filter(|site| {
        let mut frames = site.stack.iter();
        frames.any(|frame| frame.class == CodePlace::Syscall)
    });
    let in_kernel: u64 = in_calls.map(|site| site.count).sum();
    assert_eq!(in_kernel, faults.kernel);
}
