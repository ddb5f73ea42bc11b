//! Any other process: the name is all there is. Numbers are cut off, so that the threads of a pool are one role.

use super::{COLLECTOR, MAIN_LOOP, Seen, WAITS};

/// What collectors call their threads: the JVM's, .NET's, Ruby's and Erlang's among them.
const COLLECTORS: [&str; 8] = [
    "GC Thread",
    "G1 ",
    "ZWorker",
    "Shenandoah",
    "HeapHelper",
    ".NET Server GC",
    ".NET BGC",
    "gc-",
];
/// Longest name the kernel keeps.
const LONGEST: usize = 15;

pub(super) fn role(seen: Seen<'_>) -> String {
    if seen.is_main {
        let waits = seen.calls(&WAITS) > 0;
        return if waits { MAIN_LOOP } else { "main thread" }.into();
    }
    if seen.is_named(&COLLECTORS) {
        return COLLECTOR.into();
    }
    let clean: String = seen
        .thread
        .name
        .chars()
        .filter(|letter| letter.is_ascii_graphic() || *letter == ' ')
        .take(LONGEST)
        .collect();
    let pool =
        clean.trim_end_matches(|letter: char| letter.is_ascii_digit() || "-_#:/ ".contains(letter));
    match pool {
        "" => "unnamed".into(),
        pool => pool.into(),
    }
}
