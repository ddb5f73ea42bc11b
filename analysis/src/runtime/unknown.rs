//! Any other process: a thread's name is all there is. Numbers are cut off, so that the threads of
//! a pool have one role.

use super::Seen;
use recording::vocabulary::Role;

/// Names of garbage collection threads of runtimes that were not recognised.
const GC_NAMES: [&str; 6] = [
    "GC Thread",
    "ZWorker",
    "HeapHelper",
    ".NET Server GC",
    ".NET BGC",
    "gc-",
];
/// Longest name that the kernel keeps (`TASK_COMM_LEN` without its zero).
const LONGEST: usize = 15;

pub(super) fn role(seen: Seen<'_>) -> Role {
    if seen.is_main {
        return match seen.event_waits() > 0 {
            true => Role::MainLoop,
            false => Role::MainThread,
        };
    }
    if seen.is_named(&GC_NAMES) {
        return Role::Gc;
    }
    let letters = seen.thread.name.chars();
    let clean = letters.filter(|letter| letter.is_ascii_graphic() || *letter == ' ');
    let clean: String = clean.take(LONGEST).collect();
    let is_number = |letter: char| letter.is_ascii_digit() || "-_#:/ ".contains(letter);
    match clean.trim_end_matches(is_number) {
        "" => Role::Unnamed,
        pool => Role::Named(pool.into()),
    }
}
