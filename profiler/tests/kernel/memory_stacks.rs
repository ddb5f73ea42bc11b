//! Which code takes memory and gives it back.

use crate::support::{calls, record};
use recording::Recording;
use recording::sites::{MemorySite, PAGE_FAULT, SYSTEM_CALL};

const PAGES: u64 = 3000;
const TIMES: u64 = 250;

fn recorded() -> Recording {
    record(&["sites", "3000", "250"])
}

/// The site whose stack begins with these functions.
fn site<'a>(recording: &'a Recording, kind: &str, functions: &[&str]) -> &'a MemorySite {
    let found = recording.memory_sites.iter().find(|site| {
        let names = site.stack.iter().map(|frame| frame.function.as_str());
        site.kind == kind && names.take(functions.len()).eq(functions.iter().copied())
    });
    found.unwrap_or_else(|| panic!("no {kind} by {functions:?}: {:#?}", recording.memory_sites))
}

#[test]
fn every_fault_and_call_has_its_place() {
    let recording = recorded();
    let touched = site(&recording, PAGE_FAULT, &["known_touch"]);
    assert_eq!(
        (touched.count, &*touched.stack[0].file),
        (PAGES, "kontrast-known")
    );
    let given = site(
        &recording,
        "madvise DONTNEED",
        &["known_give_back", "known_caller"],
    );
    assert_eq!((given.count, given.bytes), (TIMES, -(TIMES as i64) * 4096));

    // Where it leads to memory that is not there, the walk ends, and the fault that it takes is not the program's.
    let astray = site(&recording, "madvise DONTNEED", &["known_stray"]);
    assert_eq!(
        (astray.count, astray.stack.len()),
        (TIMES, 1),
        "{astray:#?}"
    );
    assert!(recording.faults.kernel < TIMES, "{:?}", recording.faults);

    // The wrapper keeps no frame of its own, and its caller is known all the same.
    let mapped = recording.memory_sites.iter();
    let unmapped: Vec<_> = mapped
        .filter(|site| site.bytes == -(PAGES as i64) * 4096)
        .collect();
    assert_eq!(unmapped.len(), 1, "{unmapped:#?}");
    let files: Vec<&str> = unmapped[0]
        .stack
        .iter()
        .map(|frame| frame.file.as_str())
        .collect();
    assert_eq!((&*unmapped[0].kind, files[0]), ("munmap", "libc.so.6"));
    assert_eq!(files.get(1), Some(&"kontrast-known"), "{files:?}");
}

#[test]
fn sites_add_up_to_what_is_counted() {
    let recording = recorded();
    let sum = |kind: &str| -> u64 {
        let sites = recording.memory_sites.iter();
        let of_kind = sites.filter(|site| site.kind.starts_with(kind));
        of_kind.map(|site| site.count).sum()
    };
    assert_eq!(
        sum(PAGE_FAULT),
        recording.faults.user + recording.faults.kernel
    );
    for call in ["mmap", "munmap", "madvise", "brk", "mremap"] {
        assert_eq!(sum(call), calls(&recording, call), "{call}");
    }
    let in_calls = recording.memory_sites.iter().filter(|site| {
        let places = site.stack.iter();
        places.clone().any(|frame| frame.class == SYSTEM_CALL)
    });
    let in_kernel: u64 = in_calls.map(|site| site.count).sum();
    assert_eq!(in_kernel, recording.faults.kernel);
}
