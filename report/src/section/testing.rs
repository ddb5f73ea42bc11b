//! The text of a report, for tests of its sections.

use crate::Input;
use recording::Comparison;
use recording::comparison::Arm;

/// Returns the text of the report of a comparison.
pub fn text_of(comparison: &Comparison) -> String {
    let input = Input {
        comparison,
        recordings: &[],
    };
    let mut text = Vec::new();
    crate::text(&input, false, &mut text).expect("text");
    String::from_utf8(text).expect("UTF-8")
}

/// Returns the text of the report of one arm.
pub fn text_of_arm(arm: Arm) -> String {
    text_of(&Comparison {
        arms: vec![arm],
        ..Comparison::default()
    })
}
