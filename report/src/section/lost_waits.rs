//! Kept waits of which a part is missing, since a map was full.

use recording::Recording;
use recording::format;

/// Returns the kept waits of one recording that are in no row or lack a part, in one line; nothing
/// where all are whole.
pub fn line(recording: &Recording) -> Option<String> {
    let waits = &recording.waits;
    let parts = [
        (waits.lost, "kept waits in no row"),
        (waits.lost_stacks, "without a stack"),
        (waits.lost_objects, "without their file or peer"),
    ];
    let parts = parts.into_iter().filter(|(lost, _)| *lost > 0);
    let parts = parts.map(|(lost, part)| format!("{} {part}", format::count(lost)));
    let parts: Vec<String> = parts.collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_each_part_that_is_missing() {
        let mut recording = Recording::default();
        assert_eq!(line(&recording), None);
        recording.waits.lost_stacks = 1_200;
        recording.waits.lost_objects = 3;
        let text = line(&recording).expect("two parts");
        assert_eq!(text, "1,200 without a stack, 3 without their file or peer");
    }
}
