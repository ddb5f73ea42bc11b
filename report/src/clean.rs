//! Text that came from an observed process, made safe to show.
//!
//! The observed program chooses thread names, command lines and paths. Terminal escapes in them
//! could rewrite the screen, so every control and direction-changing character becomes a visible
//! replacement. HTML is not treated here: the templates escape everything they print.

use recording::Evidence;

/// Longest text shown from an observed process, in characters.
const LONGEST: usize = 300;

/// Returns `text` without control characters, cut to a length that cannot flood a page.
pub fn clean(text: &str) -> String {
    let mut shown: String = text.chars().take(LONGEST).map(visible).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// Returns a sentence without control characters. A sentence may be longer than a name, but quotes
/// names.
pub fn clean_sentence(text: &str) -> String {
    text.split(' ').map(clean).collect::<Vec<_>>().join(" ")
}

/// Returns references to the numbers behind a statement as text, without control characters.
pub fn places(evidence: &[Evidence]) -> Vec<String> {
    let text = evidence.iter().map(|place| place.to_string());
    text.map(|place| clean(&place)).collect()
}

fn visible(letter: char) -> char {
    if letter.is_control() || changes_direction(letter) {
        char::REPLACEMENT_CHARACTER
    } else {
        letter
    }
}

/// Returns whether the character reorders or hides its neighbours, without being a control
/// character in Unicode.
fn changes_direction(letter: char) -> bool {
    matches!(letter, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn replaces_control_characters() {
        assert_eq!(clean("\x1b[31mred\x07"), "\u{fffd}[31mred\u{fffd}");
        assert_eq!(clean("a\nb\tc\u{9b}d"), "a\u{fffd}b\u{fffd}c\u{fffd}d");
        assert_eq!(clean("evil\u{202e}txt"), "evil\u{fffd}txt");
    }

    #[test]
    fn keeps_ordinary_text() {
        assert_eq!(clean("Größe – 汉字 <b>"), "Größe – 汉字 <b>");
    }

    #[test]
    fn cuts_long_text() {
        let shown = clean(&"x".repeat(100_000));
        assert_eq!(shown.chars().count(), 301);
        assert!(shown.ends_with('…'));
    }
}
