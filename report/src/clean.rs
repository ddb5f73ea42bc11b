//! Text that came from an observed process, made safe to show.
//!
//! Thread names, command lines and paths are chosen by the program under observation. Terminal escapes in them could
//! rewrite what a reader sees, so every control and direction-changing character becomes a visible replacement.
//! HTML is not treated here: the templates escape everything they print.

/// Longest text shown from an observed process, in characters.
const LONGEST: usize = 300;

/// `text` without control characters, cut to a length that cannot flood a page.
pub fn clean(text: &str) -> String {
    let mut shown: String = text.chars().take(LONGEST).map(visible).collect();
    if text.chars().nth(LONGEST).is_some() {
        shown.push('…');
    }
    shown
}

/// The same for sentences: they may be longer than a name, but quote names.
pub fn clean_sentence(text: &str) -> String {
    text.split(' ').map(clean).collect::<Vec<_>>().join(" ")
}

fn visible(c: char) -> char {
    if c.is_control() || changes_direction(c) {
        char::REPLACEMENT_CHARACTER
    } else {
        c
    }
}

/// Characters that reorder or hide their neighbours without being control characters by Unicode's definition.
fn changes_direction(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn escapes_lose_their_power() {
        assert_eq!(clean("\x1b[31mred\x07"), "\u{fffd}[31mred\u{fffd}");
        assert_eq!(clean("a\nb\tc\u{9b}d"), "a\u{fffd}b\u{fffd}c\u{fffd}d");
        assert_eq!(clean("evil\u{202e}txt"), "evil\u{fffd}txt");
    }

    #[test]
    fn ordinary_text_stays() {
        assert_eq!(clean("Größe – 汉字 <b>"), "Größe – 汉字 <b>");
    }

    #[test]
    fn a_flood_is_cut() {
        let shown = clean(&"x".repeat(100_000));
        assert_eq!(shown.chars().count(), 301);
        assert!(shown.ends_with('…'));
    }
}
