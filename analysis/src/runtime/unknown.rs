//! Any other process: the name is all there is. Numbers are cut off, so that the threads of a pool are one role.

use super::Seen;

/// Longest name the kernel keeps.
const LONGEST: usize = 15;

pub(super) fn role(seen: Seen<'_>) -> String {
    if seen.is_main {
        return "main thread".into();
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
